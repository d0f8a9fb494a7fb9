//! Which phase of the weave is the tight one?

use std::{collections::BTreeMap, iter::Sum};

use serde::Serialize;

use super::intervals::IntervalSet;
use super::stats::median;
use super::{GpuOp, Iteration, Ops, RankOps};
use crate::model::{Kind, Phase, Span, Trace};

/// Phases of the schedule, for traces whose labels say them (runs of the engine).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PhaseReport {
    /// Every phase of every layer, rank and iteration, by rank and time.
    pub instances: Vec<PhaseInstance>,
    /// Per phase over all ranks, layers and iterations, in schedule order.
    pub summary: Vec<PhaseSummary>,
    /// The phase of `A`…`D` with the least median slack; `None` when no phase has both computation and communication.
    pub tightest: Option<Phase>,
}

/// One phase of one layer on one rank.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseInstance {
    /// The rank.
    pub rank: u32,
    /// Iteration by position; 0 without marks.
    pub iteration: usize,
    /// The layer.
    pub layer: Option<u32>,
    /// The phase.
    pub phase: Phase,
    /// First start to last end of its ops.
    pub span: Span,
    /// Its figures.
    #[serde(flatten)]
    pub figures: PhaseFigures,
    /// From its last end to the first start of the phase that follows: what both joins cost. 0 for the last.
    pub join_gap_ns: i64,
}

/// Figures of a phase, or sums of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct PhaseFigures {
    /// Union of the phase's computation.
    pub compute_ns: i64,
    /// Union of the phase's communication.
    pub comm_ns: i64,
    /// `compute − comm`: how much longer communication could run unseen; negative when it sticks out.
    pub slack_ns: i64,
    /// The phase's communication with computation of the rank beside it.
    pub hidden_ns: i64,
    /// The phase's communication with none.
    pub exposed_ns: i64,
    /// Part of communication spent waiting for a late rank.
    pub wait_ns: i64,
    /// Sum of durations ÷ sum of isolated durations, over computation whose label says the latter.
    pub compute_slowdown: Option<f64>,
    /// The same over communication.
    pub comm_slowdown: Option<f64>,
}

/// A phase over all its instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseSummary {
    /// The phase.
    pub phase: Phase,
    /// Instances.
    pub count: usize,
    /// Sums over instances; slow-downs are of the summed durations.
    pub sum: PhaseFigures,
    /// Sum of join gaps.
    pub join_gap_ns: i64,
    /// Median computation of an instance.
    pub median_compute_ns: i64,
    /// Median communication of an instance.
    pub median_comm_ns: i64,
    /// Median slack of an instance.
    pub median_slack_ns: i64,
}

/// Phases of every rank.
pub fn phases(ops: &Ops<'_>) -> PhaseReport {
    let mut parts = Vec::new();
    for rank in &ops.ranks {
        let grouped = grouped(ops.trace, rank).into_iter();
        let of_rank = grouped.map(|(key, ops)| Part::new(rank, key, &ops)).collect();
        parts.extend(with_join_gaps(of_rank));
    }
    let summary = summaries(&parts);
    let woven = summary.iter().filter(|row| row.median_compute_ns > 0 && row.median_comm_ns > 0);
    let woven = woven.filter(|row| !matches!(row.phase, Phase::Head | Phase::Tail));
    let tightest = woven.min_by_key(|row| row.median_slack_ns).map(|row| row.phase);
    let instances = parts.into_iter().map(|part| part.instance).collect();
    PhaseReport { instances, summary, tightest }
}

/// What tells the phase instances of a rank apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    iteration: usize,
    layer: Option<u32>,
    phase: Phase,
}

/// An op of a phase and how long it takes isolated, where its label says.
#[derive(Clone, Copy)]
struct PhaseOp {
    op: GpuOp,
    alone_ns: Option<i64>,
}

fn grouped(trace: &Trace, rank: &RankOps<'_>) -> BTreeMap<Key, Vec<PhaseOp>> {
    let mut groups: BTreeMap<Key, Vec<PhaseOp>> = BTreeMap::new();
    for &op in &rank.ops {
        let label = trace.label(op.label);
        if label.phase == Phase::None {
            continue;
        }
        let started = |mark: &Iteration| mark.span.start_ns <= op.span.start_ns;
        let iteration = rank.iterations.partition_point(started).saturating_sub(1);
        let key = Key { iteration, layer: label.layer, phase: label.phase };
        let alone_ns = label.facts.as_ref().and_then(|facts| facts.alone_ns);
        groups.entry(key).or_default().push(PhaseOp { op, alone_ns });
    }
    groups
}

/// A phase instance and the sums that its slow-downs came from.
struct Part {
    instance: PhaseInstance,
    compute: Slowdown,
    comm: Slowdown,
}

impl Part {
    fn new(rank: &RankOps<'_>, key: Key, ops: &[PhaseOp]) -> Self {
        let side = |keep: fn(Kind) -> bool| ops.iter().filter(move |one| keep(one.op.kind));
        let union = |keep| -> IntervalSet { side(keep).map(|one| one.op.span).collect() };
        let [compute, comm] = [union(Kind::is_compute), union(Kind::is_comm)];
        let slow = [Slowdown::of(side(Kind::is_compute)), Slowdown::of(side(Kind::is_comm))];
        let (compute_ns, comm_ns) = (compute.len_ns(), comm.len_ns());
        let hidden_ns = comm.intersect_len_ns(&rank.compute);
        let figures = PhaseFigures {
            compute_ns,
            comm_ns,
            slack_ns: compute_ns - comm_ns,
            hidden_ns,
            exposed_ns: comm_ns - hidden_ns,
            wait_ns: ops.iter().map(|one| one.op.wait_ns).sum(),
            compute_slowdown: slow[0].ratio(),
            comm_slowdown: slow[1].ratio(),
        };
        let start_ns = ops.iter().map(|one| one.op.span.start_ns).min().unwrap_or_default();
        let end_ns = ops.iter().map(|one| one.op.span.end_ns).max().unwrap_or_default();
        let Key { iteration, layer, phase } = key;
        let span = Span::new(start_ns, end_ns);
        let rank = rank.rank;
        let instance =
            PhaseInstance { rank, iteration, layer, phase, span, figures, join_gap_ns: 0 };
        let [compute, comm] = slow;
        Self { instance, compute, comm }
    }
}

/// Durations of the ops whose isolated duration is known, in place and isolated, summed.
#[derive(Clone, Copy, Default)]
struct Slowdown {
    in_place_ns: i64,
    alone_ns: i64,
}

impl Slowdown {
    fn of<'a>(ops: impl Iterator<Item = &'a PhaseOp>) -> Self {
        let known = ops.filter_map(|one| {
            one.alone_ns.map(|alone_ns| Self { in_place_ns: one.op.span.len_ns(), alone_ns })
        });
        known.sum()
    }

    fn ratio(self) -> Option<f64> {
        (self.alone_ns > 0).then(|| self.in_place_ns as f64 / self.alone_ns as f64)
    }
}

impl Sum for Slowdown {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            in_place_ns: sum.in_place_ns + part.in_place_ns,
            alone_ns: sum.alone_ns + part.alone_ns,
        })
    }
}

/// Sorts the phases of a rank by time and measures from each end to the next start.
fn with_join_gaps(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by_key(|part| (part.instance.span.start_ns, part.instance.span.end_ns));
    for at in 1..parts.len() {
        let next = &parts[at].instance;
        let (next_start_ns, next_iteration) = (next.span.start_ns, next.iteration);
        let part = &mut parts[at - 1].instance;
        if part.iteration == next_iteration {
            part.join_gap_ns = (next_start_ns - part.span.end_ns).max(0);
        }
    }
    parts
}

fn summaries(parts: &[Part]) -> Vec<PhaseSummary> {
    let summary = |phase| {
        let of_phase: Vec<&Part> =
            parts.iter().filter(|part| part.instance.phase == phase).collect();
        if of_phase.is_empty() {
            return None;
        }
        let of = |field: fn(&PhaseFigures) -> i64| -> Vec<i64> {
            of_phase.iter().map(|part| field(&part.instance.figures)).collect()
        };
        let total = |field| -> i64 { of(field).iter().sum() };
        let middle = |field| median(of(field)).unwrap_or_default();
        let slow = |side: fn(&Part) -> Slowdown| {
            of_phase.iter().map(|part| side(part)).sum::<Slowdown>().ratio()
        };
        let sum = PhaseFigures {
            compute_ns: total(|f| f.compute_ns),
            comm_ns: total(|f| f.comm_ns),
            slack_ns: total(|f| f.slack_ns),
            hidden_ns: total(|f| f.hidden_ns),
            exposed_ns: total(|f| f.exposed_ns),
            wait_ns: total(|f| f.wait_ns),
            compute_slowdown: slow(|part| part.compute),
            comm_slowdown: slow(|part| part.comm),
        };
        Some(PhaseSummary {
            phase,
            count: of_phase.len(),
            sum,
            join_gap_ns: of_phase.iter().map(|part| part.instance.join_gap_ns).sum(),
            median_compute_ns: middle(|f| f.compute_ns),
            median_comm_ns: middle(|f| f.comm_ns),
            median_slack_ns: middle(|f| f.slack_ns),
        })
    };
    Phase::ALL.into_iter().filter_map(summary).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, overlap, testing::trace};

    const TWO_LAYERS: &str = "rank 0
        stream 0: elementwise 0..10 embed phead; gemm 20..120 qkv L0 pA op=1 alone=80; gemm 130..200 qkv L0 pB op=2 alone=70; gemm 210..290 qkv L1 pA op=1 alone=80
        stream 1: comm 20..80 ar L0 pA op=3 alone=30; comm 130..205 ar L0 pB op=4 alone=60; comm 210..260 ar L1 pA op=3 alone=30; comm 300..350 tail ptail";

    fn report(text: &str) -> PhaseReport {
        phases(&Ops::of(&trace(text), &Config::default()))
    }

    #[test]
    fn slack_gap_and_slowdown_of_one_instance() {
        let report = report(TWO_LAYERS);
        let phases: Vec<_> =
            report.instances.iter().map(|one| (one.layer, one.phase, one.join_gap_ns)).collect();
        let expected = [
            (None, Phase::Head, 10),
            (Some(0), Phase::A, 10),
            (Some(0), Phase::B, 5),
            (Some(1), Phase::A, 10),
            (None, Phase::Tail, 0),
        ];
        assert_eq!(phases, expected);
        assert_eq!(
            report.instances[2].figures,
            PhaseFigures {
                compute_ns: 70,
                comm_ns: 75,
                slack_ns: -5,
                hidden_ns: 70,
                exposed_ns: 5,
                wait_ns: 0,
                compute_slowdown: Some(1.0),
                comm_slowdown: Some(1.25),
            }
        );
    }

    #[test]
    fn summary_by_phase_and_the_tightest() {
        let report = report(TWO_LAYERS);
        let a = &report.summary[1];
        assert_eq!((a.phase, a.count, a.sum.slack_ns, a.median_slack_ns), (Phase::A, 2, 70, 35));
        assert_eq!(a.sum.compute_slowdown, Some(180.0 / 160.0));
        assert_eq!(report.tightest, Some(Phase::B));
    }

    #[test]
    fn imports_have_no_phases() {
        assert_eq!(report("rank 0\n stream 0: gemm 0..10 g"), PhaseReport::default());
    }

    #[test]
    fn exposed_communication_of_all_phases_is_that_of_the_rank() {
        let trace = trace(TWO_LAYERS);
        let ops = Ops::of(&trace, &Config::default());
        let of_phases: i64 = phases(&ops).summary.iter().map(|row| row.sum.exposed_ns).sum();
        let of_rank = overlap(&ops).ranks[0].total;
        assert_eq!(of_phases, of_rank.exposed_comm_ns);
    }
}
