use serde::{Deserialize, Serialize};

/// Costs of launching, of ordering, and of serving between iterations.
///
/// What a machine file from before serving does not have is what [`HostSpec::default`] has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSpec {
    /// Time the host takes to issue one op on all ranks, ns: ops start no earlier than they are issued, in plan order.
    pub issue_ns: f64,
    /// From one kernel's last block to the first block of the next on the same stream, ns.
    pub kernel_gap_ns: f64,
    /// From an event recorded on one stream to the first block that waited for it on another, ns.
    pub join_gap_ns: f64,
    /// Fixed time of a block before its first useful instruction, ns.
    pub block_start_ns: f64,
    /// What a serving engine does between two iterations while the GPUs wait: it schedules, prepares inputs, takes the
    /// tokens, ns.
    #[serde(default = "defaults::iteration_ns")]
    pub iteration_ns: f64,
    /// The part of that which grows with the sequences of the batch, ns for each.
    #[serde(default = "defaults::sequence_ns")]
    pub sequence_ns: f64,
    /// Launch of an iteration that is one CUDA graph, ns.
    #[serde(default = "defaults::graph_launch_ns")]
    pub graph_launch_ns: f64,
    /// [`issue_ns`](Self::issue_ns) of an op in a graph.
    #[serde(default = "defaults::graph_issue_ns")]
    pub graph_issue_ns: f64,
    /// [`kernel_gap_ns`](Self::kernel_gap_ns) in a graph.
    #[serde(default = "defaults::graph_gap_ns")]
    pub graph_gap_ns: f64,
    /// [`join_gap_ns`](Self::join_gap_ns) in a graph.
    #[serde(default = "defaults::graph_join_gap_ns")]
    pub graph_join_gap_ns: f64,
}

impl HostSpec {
    /// The same host where an iteration is one CUDA graph. A graph is never slower op by op than its launches.
    pub fn in_graph(&self) -> Self {
        Self {
            issue_ns: self.issue_ns.min(self.graph_issue_ns),
            kernel_gap_ns: self.kernel_gap_ns.min(self.graph_gap_ns),
            join_gap_ns: self.join_gap_ns.min(self.graph_join_gap_ns),
            ..self.clone()
        }
    }
}

/// No time for launches, and for serving what the files that ship have on Hopper GPUs.
impl Default for HostSpec {
    fn default() -> Self {
        Self {
            issue_ns: 0.0,
            kernel_gap_ns: 0.0,
            join_gap_ns: 0.0,
            block_start_ns: 0.0,
            iteration_ns: defaults::iteration_ns(),
            sequence_ns: defaults::sequence_ns(),
            graph_launch_ns: defaults::graph_launch_ns(),
            graph_issue_ns: defaults::graph_issue_ns(),
            graph_gap_ns: defaults::graph_gap_ns(),
            graph_join_gap_ns: defaults::graph_join_gap_ns(),
        }
    }
}

/// As the machine files that ship; their sources are there.
mod defaults {
    pub(super) fn iteration_ns() -> f64 {
        2e6
    }
    pub(super) fn sequence_ns() -> f64 {
        1e4
    }
    pub(super) fn graph_launch_ns() -> f64 {
        1e4
    }
    pub(super) fn graph_issue_ns() -> f64 {
        100.0
    }
    pub(super) fn graph_gap_ns() -> f64 {
        1200.0
    }
    pub(super) fn graph_join_gap_ns() -> f64 {
        1700.0
    }
}
