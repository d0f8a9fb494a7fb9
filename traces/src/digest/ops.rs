//! The rows of one rank of a recording.

use super::blocks::{SmTimes, sm_times};
use super::collective::{Before, Known, Reader};
use super::iterations::{iteration_numbers_after, rows};
use super::row::{IterationRow, OpRow};
use super::tally::Tally;
use crate::analysis::{GpuOp, Ops, RankOps, RankOverlap, exposed_ns};
use crate::model::Trace;

/// What one rank did, as rows.
pub struct RankDigest<'a> {
    trace: &'a Trace,
    rank: &'a RankOps<'a>,
    /// Added to times of the trace.
    base_ns: i64,
    sm: Option<SmTimes>,
    /// By op.
    iterations: Vec<Option<i64>>,
    /// By op; `None` of what does not communicate.
    collectives: Vec<Option<Known>>,
    /// The rows of its iterations.
    pub iteration_rows: Vec<IterationRow>,
}

/// The digest of a rank whose overlap is known; nothing of it is computed twice.
pub fn of_rank<'a>(
    ops: &'a Ops<'a>,
    rank: &'a RankOps<'a>,
    overlap: &RankOverlap,
) -> RankDigest<'a> {
    of_rank_after(ops, rank, overlap, &mut Before::default())
}

/// The same of a stretch behind others of the same rank, which goes on with their numbers.
pub fn of_rank_after<'a>(
    ops: &'a Ops<'a>,
    rank: &'a RankOps<'a>,
    overlap: &RankOverlap,
    before: &mut Before,
) -> RankDigest<'a> {
    let trace = ops.trace;
    let base_ns = trace.meta.base_time_unix_ns;
    let numbers = iteration_numbers_after(&rank.iterations, before);
    let sm = sm_times(trace, rank);
    let iteration_rows = rows(rank, overlap, &numbers, (sm.as_ref(), base_ns));
    let number = |at: usize| numbers.get(at).copied();
    let iteration = |op: &GpuOp| number(op.iteration? as usize);
    let iterations: Vec<Option<i64>> = rank.ops.iter().map(iteration).collect();
    let mut reader = Reader::new(trace, rank.rank, base_ns, before);
    let of_op = |(op, &iteration): (&GpuOp, &Option<i64>)| {
        op.kind.is_comm().then(|| reader.of(op, iteration))
    };
    let collectives = rank.ops.iter().zip(&iterations).map(of_op).collect();
    reader.note(before);
    RankDigest { trace, rank, base_ns, sm, iterations, collectives, iteration_rows }
}

impl RankDigest<'_> {
    /// A row an op, in order of start.
    pub fn op_rows(&self) -> impl Iterator<Item = OpRow<'_>> {
        (0..self.rank.ops.len()).map(|at| self.op_row(at))
    }

    fn op_row(&self, at: usize) -> OpRow<'_> {
        let op = &self.rank.ops[at];
        let label = self.trace.label(op.label);
        let is_comm = op.kind.is_comm();
        let exposed_ns = is_comm.then(|| exposed_ns(self.rank, op));
        let is_known = self.rank.wait_method.why_unknown().is_none();
        let wait_ns = op.wait_ns.filter(|_| is_comm && is_known);
        OpRow {
            iteration: self.iterations[at],
            name: &label.name,
            kind: op.kind,
            layer: op.place.layer,
            phase: op.place.phase,
            split: op.place.split,
            stream: op.stream,
            start_ns: op.span.start_ns.saturating_add(self.base_ns),
            end_ns: op.span.end_ns.saturating_add(self.base_ns),
            sm_ns: self.sm.as_ref().and_then(|sm| sm.by_op_ns[at]),
            hidden_ns: exposed_ns.map(|exposed_ns| op.span.len_ns() - exposed_ns),
            exposed_ns,
            wait_ns: wait_ns.map(|wait_ns| wait_ns.min(op.span.len_ns())),
            collective: self.collectives[at].as_ref().map(Known::row),
        }
    }

    /// What the rows hold, and what they could not say.
    pub fn tally(&self) -> Tally {
        let count = |is: bool| u64::from(is);
        let mut tally = Tally {
            ops: self.rank.ops.len() as u64,
            iterations: self.iteration_rows.len() as u64,
            blocks: self.sm.as_ref().map_or(0, |sm| sm.blocks),
            blocks_outside: self.sm.as_ref().map_or(0, |sm| sm.outside),
            ..Tally::default()
        };
        for (at, known) in self.collectives.iter().enumerate() {
            let is_marked = self.iterations[at].is_some() || self.rank.iterations.is_empty();
            tally.ops_outside += count(!is_marked);
            if let Some(known) = known {
                tally.without_group += count(!known.has_group());
                tally.unknown_waits += count(self.op_row(at).wait_ns.is_none());
            }
        }
        tally
    }
}
