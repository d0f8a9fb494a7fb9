use std::fmt;

use cudarc::driver::CudaGraph;

use crate::{
    plan::{Op, OpWork, Plan},
    spec::Transport,
};

/// How an iteration gets onto the GPUs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Launching {
    /// One CUDA graph a rank, captured when a plan first runs. Plans with NCCL in them are launched op by op, since its
    /// calls span ranks.
    #[default]
    Graphs,
    /// Op by op.
    Direct,
}

/// A rank's iteration, instantiated.
pub(super) struct Graph {
    pub(super) instance: CudaGraph,
    /// A watch was notified of each op that was captured.
    pub(super) is_watched: bool,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Graph").field(&self.instance.cu_graph_exec()).finish()
    }
}

/// Whether an op is NCCL's to run.
pub(super) fn is_nccl(op: &Op) -> bool {
    matches!(&op.work, OpWork::Collective(shape) if shape.transport == Transport::Nccl)
}

/// Whether any op of a plan is NCCL's.
pub(super) fn uses_nccl(plan: &Plan) -> bool {
    plan.ops.iter().any(is_nccl)
}
