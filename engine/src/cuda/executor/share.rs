//! Which of a plan's ranks this process holds, where others hold the rest.

use std::time::Duration;

use super::graph::is_nccl;
use crate::{
    cuda::driver::{Joining, NcclId},
    executor::ExecError,
    plan::{Collective, OpWork, Plan},
};

/// Some ranks of a plan, in a row, a GPU of this process each; the others are other processes'.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The first of them.
    pub first: u32,
    /// How many.
    pub ranks: u32,
    /// Ranks of the plan.
    pub world: u32,
    /// The first of its GPUs, as they are numbered in this process; the others follow.
    pub first_gpu: u32,
    /// What NCCL joins by, the same in all processes.
    pub id: NcclId,
    /// How long the others are waited for, at the beginning and on the GPUs.
    pub limit: Duration,
}

impl Share {
    /// How NCCL joins.
    pub(super) fn joining(&self) -> Joining {
        Joining { first: self.first, world: self.world, id: self.id, limit: self.limit }
    }

    /// All ranks are this process' own.
    fn is_whole(&self) -> bool {
        self.ranks == self.world
    }

    /// Refuses plans that need the memory of ranks that other processes hold.
    pub(super) fn check(&self, plan: &Plan) -> Result<(), ExecError> {
        let Self { first, ranks, world, .. } = *self;
        let refuse = |why: String| Err(ExecError::Unsupported(why));
        if plan.ranks != world || u64::from(first) + u64::from(ranks) > u64::from(world) {
            let of_plan = plan.ranks;
            return refuse(format!(
                "the plan has {of_plan} ranks; {ranks} of {world}, from rank {first} on, are here"
            ));
        }
        if self.is_whole() {
            return Ok(());
        }
        for op in &plan.ops {
            let OpWork::Collective(shape) = &op.work else { continue };
            if !is_nccl(op) {
                let (role, transport) = (&op.role, shape.transport.name());
                return refuse(format!(
                    "{role} over {transport} reads and writes the memory of all ranks, and {} of {world} are other processes': over several processes \
                     collectives run through NCCL (--strategy default)",
                    world - ranks
                ));
            }
            if shape.collective != Collective::AllReduce {
                let role = &op.role;
                return refuse(format!(
                    "{role}: through NCCL all-reduces run here, and nothing else"
                ));
            }
        }
        Ok(())
    }
}

/// Why a plan does not run with some of its ranks in this process; `None` when nothing is known to stand in its way. Opens nothing.
pub fn share_refusal(plan: &Plan, share: &Share) -> Option<String> {
    share.check(plan).err().map(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        machine, model,
        plan::plan,
        spec::{Knobs, RunSpec, StrategyKind, Transport},
    };

    fn refused(strategy: StrategyKind, (first, ranks): (u32, u32)) -> Option<String> {
        let knobs = Knobs {
            tp: 4,
            layers: Some(2),
            strategy,
            transport: Transport::P2p,
            ..Knobs::default()
        };
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h100x8").unwrap(),
            batch: Batch::prefill(1024, 1024),
            knobs,
        };
        let limit = Duration::from_secs(1);
        let share = Share { first, ranks, world: 4, first_gpu: 0, id: [0; 128], limit };
        share_refusal(&plan(&spec).unwrap(), &share)
    }

    #[test]
    fn over_processes_collectives_run_through_nccl_alone() {
        for part in [(0, 1), (3, 1), (1, 2)] {
            assert_eq!(refused(StrategyKind::Default, part), None, "{part:?}");
        }
        // Nothing is communicated there.
        assert_eq!(refused(StrategyKind::NoComm, (0, 1)), None);
        for strategy in [StrategyKind::TokenWeave, StrategyKind::FuseOnly] {
            let text = refused(strategy, (0, 2)).unwrap();
            assert!(text.contains("p2p") && text.contains("2 of 4 are other processes'"), "{text}");
            assert_eq!(refused(strategy, (0, 4)), None, "all ranks are here");
        }
        let text = refused(StrategyKind::Default, (3, 2)).unwrap();
        assert!(text.contains("from rank 3 on"), "{text}");
    }
}
