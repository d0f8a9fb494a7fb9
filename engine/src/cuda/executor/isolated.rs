//! How long each op takes with the GPUs to itself: what its time beside others is compared with.

use crate::{
    observer::{Observer, OpRecord},
    plan::Plan,
};

/// Passes over the plan's ops; the median of them counts.
pub(super) const PASSES: usize = 3;

/// Durations of a plan's ops, each running alone, by pass.
#[derive(Debug)]
pub(super) struct IsolatedTimes {
    /// Of the pass under way, by op: every rank's.
    ranks: Vec<Vec<i64>>,
    /// By op: a duration a pass.
    passes: Vec<Vec<i64>>,
}

impl IsolatedTimes {
    pub(super) fn of(plan: &Plan) -> Self {
        let (ranks, passes) = (vec![Vec::new(); plan.ops.len()], vec![Vec::new(); plan.ops.len()]);
        Self { ranks, passes }
    }

    /// Ends a pass. Of a collective the rank that was launched last counts, which waits for nobody: the shortest. Of
    /// computation the middle one.
    pub(super) fn end_pass(&mut self, plan: &Plan) {
        for ((op, ranks), passes) in plan.ops.iter().zip(&mut self.ranks).zip(&mut self.passes) {
            let one = if op.is_collective() {
                ranks.iter().min().copied()
            } else {
                median(std::mem::take(ranks))
            };
            ranks.clear();
            passes.extend(one);
        }
    }

    /// By op, ns; `None` of ops that left no stamp.
    pub(super) fn medians(self) -> Vec<Option<i64>> {
        self.passes.into_iter().map(median).collect()
    }
}

impl Observer for IsolatedTimes {
    fn op(&mut self, record: OpRecord) {
        self.ranks[record.op.0 as usize].push(record.end_ns - record.start_ns);
    }
}

fn median(mut times: Vec<i64>) -> Option<i64> {
    times.sort_unstable();
    times.get(times.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        machine, model,
        plan::{OpId, plan},
        spec::{Knobs, RunSpec, Transport},
    };

    #[test]
    fn waiting_ranks_and_stumbling_passes_do_not_count() {
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h200x2").unwrap(),
            batch: Batch::prefill(1024, 1024),
            knobs: Knobs { tp: 2, layers: Some(1), transport: Transport::P2p, ..Knobs::default() },
        };
        let plan = plan(&spec).unwrap();
        let collective = plan.ops.iter().position(crate::plan::Op::is_collective).unwrap();
        let compute = plan.ops.iter().position(|op| !op.is_collective()).unwrap();
        let mut times = IsolatedTimes::of(&plan);
        let op = |times: &mut IsolatedTimes, op: usize, rank, len_ns: i64| {
            times.op(OpRecord { op: OpId(op as u32), rank, start_ns: 7, end_ns: 7 + len_ns });
        };
        for (waited_ns, stumble_ns) in [(5, 0), (900, 0), (3, 400)] {
            op(&mut times, collective, 0, 100 + waited_ns);
            op(&mut times, collective, 1, 100);
            op(&mut times, compute, 0, 50 + stumble_ns);
            op(&mut times, compute, 1, 50 + stumble_ns);
            times.end_pass(&plan);
        }
        let medians = times.medians();
        assert_eq!((medians[collective], medians[compute]), (Some(100), Some(50)));
        assert_eq!(medians.iter().flatten().count(), 2, "the others left no stamp");
    }
}
