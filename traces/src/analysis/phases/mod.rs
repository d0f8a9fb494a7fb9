//! Which phase of the weave is the tight one?

mod slack;
mod summary;

use std::{collections::BTreeMap, iter::Sum};

use serde::{Deserialize, Serialize};

pub use self::slack::Slack;
use self::summary::summaries;
pub use self::summary::{LayerSlack, PhaseSummary};
use super::intervals::IntervalSet;
use super::{GpuOp, Ops, Place, RankOps, StructureBasis};
use crate::model::{Kind, Phase, Span, Trace};

/// Phases of the schedule, as labels of runs of the engine say them; of other recordings as far as
/// [`structure`](super::structure()) tells them: attention and feed-forward of each half of the tokens (A to D), or of all
/// of them (A and C).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseReport {
    /// Every phase of every layer, rank and iteration, by rank and time.
    pub instances: Vec<PhaseInstance>,
    /// Per phase over all ranks, layers and iterations, in schedule order.
    pub summary: Vec<PhaseSummary>,
    /// The phase with the least median slack; `None` when no phase has any.
    pub tightest: Option<Phase>,
}

/// One phase of one layer on one rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhaseInstance {
    /// The rank.
    pub rank: u32,
    /// Iteration by position; 0 without marks.
    pub iteration: usize,
    /// Pass of the rank through its layers, from 0, where the order of kernels tells them apart; else 0.
    pub pass: u32,
    /// The layer.
    pub layer: Option<u32>,
    /// The phase.
    pub phase: Phase,
    /// First start to last end of its ops.
    pub span: Span,
    /// Its slack; `None` without computation or without communication, and in head and tail, where nothing is woven.
    pub slack: Option<Slack>,
    /// Its figures.
    #[serde(flatten)]
    pub figures: PhaseFigures,
    /// From its last end to the first start of the phase that follows: what both joins cost. 0 for the last.
    pub join_gap_ns: i64,
}

impl PhaseInstance {
    /// [`Slack::ns`], where there is any.
    pub fn slack_ns(&self) -> Option<i64> {
        self.slack.map(Slack::ns)
    }
}

/// Figures of a phase, or sums of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseFigures {
    /// Union of the phase's computation.
    pub compute_ns: i64,
    /// Union of the phase's communication.
    pub comm_ns: i64,
    /// The phase's communication with computation of the rank beside it.
    pub hidden_ns: i64,
    /// The phase's communication with none.
    pub exposed_ns: i64,
    /// Part of communication spent waiting for a late rank; `None` when that is not known.
    pub wait_ns: Option<i64>,
    /// Sum of durations ÷ sum of isolated durations, over computation whose label says the latter.
    pub compute_slowdown: Option<f64>,
    /// The same over communication.
    pub comm_slowdown: Option<f64>,
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
    // Where nothing is woven, slack says what communication sticks out, and no phase is to be made longer.
    let is_woven = |rank: &RankOps<'_>| !is_ordered(rank) || rank.structure.halves;
    let judged = summary.iter().filter_map(|row| Some((row.phase, row.median_slack_ns?)));
    let judged = judged.filter(|_| ops.ranks.iter().all(is_woven));
    let tightest = judged.min_by_key(|(_, slack_ns)| *slack_ns).map(|(phase, _)| phase);
    let instances = parts.into_iter().map(|part| part.instance).collect();
    PhaseReport { instances, summary, tightest }
}

/// What tells the phase instances of a rank apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    iteration: usize,
    pass: u32,
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
        let Place { layer, phase, pass, .. } = op.place;
        if phase == Phase::None {
            continue;
        }
        // A mark of the host may end in the middle of a pass.
        let iteration = if is_ordered(rank) { 0 } else { rank.iteration_of(&op) };
        let key = Key { iteration, pass, layer, phase };
        let alone_ns = trace.label(op.label).facts.as_ref().and_then(|facts| facts.alone_ns);
        groups.entry(key).or_default().push(PhaseOp { op, alone_ns });
    }
    groups
}

/// Phases are told by the order of kernels, pass by pass.
fn is_ordered(rank: &RankOps<'_>) -> bool {
    rank.structure.basis == StructureBasis::Order
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
            hidden_ns,
            exposed_ns: comm_ns - hidden_ns,
            wait_ns: rank.wait_method.sum_ns(side(Kind::is_comm).map(|one| one.op.wait_ns)),
            compute_slowdown: slow[0].ratio(),
            comm_slowdown: slow[1].ratio(),
        };
        let start_ns = ops.iter().map(|one| one.op.span.start_ns).min().unwrap_or_default();
        let end_ns = ops.iter().map(|one| one.op.span.end_ns).max().unwrap_or_default();
        let Key { iteration, pass, layer, phase } = key;
        let last_end = |set: &IntervalSet| set.spans().last().map(|span| span.end_ns);
        let slack = last_end(&comm).zip(last_end(&compute)).filter(|_| is_woven(phase));
        let slack =
            slack.map(|(comm_end_ns, compute_end_ns)| Slack { comm_end_ns, compute_end_ns });
        let span = Span::new(start_ns, end_ns);
        let first = ops.iter().min_by_key(|one| one.op.span.start_ns).filter(|_| is_ordered(rank));
        let iteration = first.map_or(iteration, |first| rank.iteration_of(&first.op));
        let rank = rank.rank;
        let instance = PhaseInstance {
            rank,
            iteration,
            pass,
            layer,
            phase,
            span,
            slack,
            figures,
            join_gap_ns: 0,
        };
        let [compute, comm] = slow;
        Self { instance, compute, comm }
    }
}

/// The phase belongs to the weave, in which the communication of one split runs beside the computation of the other.
fn is_woven(phase: Phase) -> bool {
    !matches!(phase, Phase::None | Phase::Head | Phase::Tail)
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
            in_place_ns: sum.in_place_ns.saturating_add(part.in_place_ns),
            alone_ns: sum.alone_ns.saturating_add(part.alone_ns),
        })
    }
}

/// Sorts the phases of a rank by time and measures from each end to the next start.
fn with_join_gaps(mut parts: Vec<Part>) -> Vec<Part> {
    parts.sort_by_key(|part| (part.instance.span.start_ns, part.instance.span.end_ns));
    for at in 1..parts.len() {
        let next = &parts[at].instance;
        let (next_start_ns, next_pass) = (next.span.start_ns, (next.iteration, next.pass));
        let part = &mut parts[at - 1].instance;
        if (part.iteration, part.pass) == next_pass {
            part.join_gap_ns = (next_start_ns - part.span.end_ns).max(0);
        }
    }
    parts
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
                hidden_ns: 70,
                exposed_ns: 5,
                wait_ns: None,
                compute_slowdown: Some(1.0),
                comm_slowdown: Some(1.25),
            }
        );
        let slack: Vec<_> = report.instances.iter().map(PhaseInstance::slack_ns).collect();
        assert_eq!(slack, [None, Some(40), Some(-5), Some(30), None], "end to end, signed");
    }

    #[test]
    fn summary_by_phase_and_the_tightest() {
        let report = report(TWO_LAYERS);
        let a = &report.summary[1];
        assert_eq!((a.phase, a.count, a.judged, a.median_slack_ns), (Phase::A, 2, 2, Some(35)));
        let worst = LayerSlack { layer: 1, median_slack_ns: 30 };
        assert_eq!(a.worst_layer, Some(worst));
        assert_eq!(a.sum.compute_slowdown, Some(180.0 / 160.0));
        assert_eq!(report.tightest, Some(Phase::B));
    }

    /// Layer 0's A runs alone: nothing to hide, so it says nothing of slack, however many layers there are.
    #[test]
    fn instances_without_anything_to_hide_are_not_judged() {
        let mut text = "rank 0
            stream 0: gemm 0..100 qkv L0 pA; gemm 200..300 qkv L0 pB"
            .to_owned();
        let mut comm = "stream 1: comm 200..220 ar L0 pB".to_owned();
        for layer in 1..5 {
            let at = 1000 * layer;
            text += &format!("; gemm {at}..{} qkv L{layer} pA", at + 100);
            text += &format!("; gemm {}..{} qkv L{layer} pB", at + 200, at + 300);
            comm += &format!("; comm {at}..{} ar L{layer} pA", at + 70);
            comm += &format!("; comm {}..{} ar L{layer} pB", at + 200, at + 220);
            let report = report(&format!("{text}\n{comm}"));
            let a = &report.summary[0];
            assert_eq!((report.tightest, a.median_slack_ns), (Some(Phase::A), Some(30)));
            assert_eq!((a.count, a.judged, a.median_comm_ns), (layer + 1, layer, 70));
        }
    }

    #[test]
    fn head_and_tail_have_no_slack_though_they_have_both() {
        let report = report(
            "rank 0
             stream 0: gemm 0..10 e phead; comm 10..50 ar phead; gemm 60..90 up L0 pC; gemm 120..130 h ptail
             stream 1: comm 60..80 ar L0 pC; comm 130..170 ar ptail",
        );
        let rows: Vec<_> =
            report.summary.iter().map(|row| (row.median_comm_ns, row.median_slack_ns)).collect();
        assert_eq!(rows, [(40, None), (20, Some(10)), (40, None)]);
        assert_eq!(report.tightest, Some(Phase::C));
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
