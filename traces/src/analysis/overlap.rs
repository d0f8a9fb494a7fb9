//! How much communication is hidden?

use serde::{Deserialize, Serialize};

use super::accounts::copies;
use super::intervals::IntervalSet;
use super::{Account, GpuOp, Iteration, Ops, RankOps, WaitMethod};
use crate::model::{SliceTable, Span, Trace};

/// Overlap of every rank of a trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverlapReport {
    /// By rank.
    pub ranks: Vec<RankOverlap>,
}

/// Overlap of one rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankOverlap {
    /// The rank.
    pub rank: u32,
    /// Over all of its ops.
    #[serde(flatten)]
    pub total: OverlapFigures,
    /// How [`OverlapFigures::wait_ns`] was obtained.
    pub wait_method: WaitMethod,
    /// Communication ops of which waiting is not known, because no other rank has the same collective; of the whole
    /// trace, whatever the window.
    pub unmatched: usize,
    /// Per iteration; empty where none are known.
    pub iterations: Vec<IterationOverlap>,
    /// What [`OverlapFigures::sm_weighted_pct`] of all of its ops is made of; `None` without SM rows.
    #[serde(skip)]
    pub computing_sms: Option<ComputingSms>,
}

/// How much SMs compute while a rank communicates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputingSms {
    /// Sum over SMs of the time they compute during communication, ns.
    pub sm_ns: i64,
    /// SMs of the rank.
    pub sms: usize,
}

/// Overlap of one iteration of one rank, over its ops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IterationOverlap {
    /// Which.
    #[serde(flatten)]
    pub iteration: Iteration,
    /// Its figures.
    #[serde(flatten)]
    pub figures: OverlapFigures,
}

/// Interval unions over the ops of a rank's streams: computation against communication, copies in neither.
///
/// The definition of Holistic Trace Analysis, on whole nanoseconds: `comm = overlap + exposed_comm`; and the four terms of
/// [`Account`]: `span = compute + exposed_comm + exposed_memcpy + idle`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OverlapFigures {
    /// First start to last end of kernels and copies.
    pub span_ns: i64,
    /// Union of computation.
    pub compute_ns: i64,
    /// Union of communication.
    pub comm_ns: i64,
    /// Time in both.
    pub overlap_ns: i64,
    /// Communication with no computation beside it.
    pub exposed_comm_ns: i64,
    /// Copies with no computation or communication beside them.
    pub exposed_memcpy_ns: i64,
    /// Time of the span in which nothing runs.
    pub idle_ns: i64,
    /// Part of communication spent waiting for a late rank, see [`WaitMethod`]; of the ops of which it is known, `None`
    /// where it is known of none.
    pub wait_ns: Option<i64>,
    /// `100 · overlap / comm`; `None` without communication, of which there is no share.
    pub overlap_pct: Option<f64>,
    /// `100 · ∫ (SMs with a computing block / all SMs) dt over communication / comm`: a kernel that computes on ten
    /// SMs hides little. `None` without SM rows or communication.
    pub sm_weighted_pct: Option<f64>,
}

/// Overlap of every rank.
pub fn overlap(ops: &Ops<'_>) -> OverlapReport {
    OverlapReport { ranks: ops.ranks.iter().map(|rank| of_rank(ops.trace, rank)).collect() }
}

fn of_rank(trace: &Trace, rank: &RankOps<'_>) -> RankOverlap {
    let method = rank.wait_method;
    let mut parts = vec![Part::new(&rank.ops, method)];
    parts.extend(rank.by_iteration().iter().map(|ops| Part::new(ops, method)));
    weigh_by_sms(trace, rank, &mut parts);
    let computing_sms = parts[0].computing_sms.map(|(sm_ns, sms)| ComputingSms { sm_ns, sms });
    let mut figures = parts.iter().map(Part::figures);
    let total = figures.next().unwrap_or_default();
    let iterations = rank
        .iterations
        .iter()
        .zip(figures)
        .map(|(iteration, figures)| IterationOverlap { iteration: iteration.clone(), figures })
        .collect();
    RankOverlap {
        rank: rank.rank,
        total,
        wait_method: method,
        unmatched: rank.unmatched,
        iterations,
        computing_sms,
    }
}

/// Some ops of a rank on the way to their figures.
struct Part {
    account: Account,
    comm: IntervalSet,
    wait_ns: Option<i64>,
    /// Sum over SMs of the time they compute during communication, and the number of SMs.
    computing_sms: Option<(i64, usize)>,
}

impl Part {
    fn new(ops: &[GpuOp], method: WaitMethod) -> Self {
        let of = |keep: fn(&GpuOp) -> bool| ops.iter().filter(move |op| keep(op));
        let compute: IntervalSet = of(|op| op.kind.is_compute()).map(|op| op.span).collect();
        let comm: IntervalSet = of(|op| op.kind.is_comm()).map(|op| op.span).collect();
        let account = Account::of(&compute, &comm, &copies(ops));
        let waits = of(|op| op.kind.is_comm());
        let waits = waits.map(|op| op.wait_ns.map(|wait_ns| wait_ns.min(op.span.len_ns())));
        Self { account, comm, wait_ns: method.sum_ns(waits), computing_sms: None }
    }

    fn figures(&self) -> OverlapFigures {
        let comm_ns = self.comm.len_ns();
        let account = self.account;
        let overlap_ns = comm_ns - account.exposed_comm_ns;
        let percent = |part: f64| (comm_ns > 0).then(|| 100.0 * part / comm_ns as f64);
        OverlapFigures {
            span_ns: account.span.len_ns(),
            compute_ns: account.compute_ns,
            comm_ns,
            overlap_ns,
            exposed_comm_ns: account.exposed_comm_ns,
            exposed_memcpy_ns: account.exposed_memcpy_ns,
            idle_ns: account.idle_ns,
            wait_ns: self.wait_ns,
            overlap_pct: percent(overlap_ns as f64),
            sm_weighted_pct: self
                .computing_sms
                .and_then(|(sm_ns, sms)| percent(sm_ns as f64 / sms.max(1) as f64)),
        }
    }
}

/// Adds to every part how long each SM computes during its communication; nothing without SM rows.
fn weigh_by_sms(trace: &Trace, rank: &RankOps<'_>, parts: &mut [Part]) {
    if rank.sms.iter().all(|lanes| lanes.iter().all(|&lane| trace.lane(lane).slices.is_empty())) {
        return;
    }
    let count = rank.num_sms(trace);
    let computes: Vec<bool> = trace.labels.iter().map(|label| label.kind.is_compute()).collect();
    for part in parts.iter_mut() {
        part.computing_sms = Some((0, count));
    }
    for lanes in &rank.sms {
        let slices = lanes.iter().map(|&lane| &trace.lane(lane).slices);
        let computing: IntervalSet =
            slices.flat_map(|slices| compute_spans(slices, &computes)).collect();
        for part in parts.iter_mut() {
            if let Some((sm_ns, _)) = &mut part.computing_sms {
                *sm_ns += computing.intersect_len_ns(&part.comm);
            }
        }
    }
}

fn compute_spans<'a>(
    slices: &'a SliceTable,
    computes: &'a [bool],
) -> impl Iterator<Item = Span> + 'a {
    let rows = (0..slices.len()).filter(|&row| computes[slices.label[row].0 as usize]);
    rows.map(|row| slices.span(row))
}

#[cfg(test)]
mod tests;
