use super::{
    capacity::Capacity,
    cost::OpCost,
    time::{Ticks, ticks},
};
use crate::{
    machine::{GpuSpec, HostSpec},
    plan::Op,
};

/// What stays the same during an iteration.
pub(super) struct Ctx<'a> {
    /// In issue order.
    pub(super) ops: &'a [Op],
    /// Costs of the distinct ops.
    pub(super) costs: &'a [OpCost],
    /// Index into `costs` of each op.
    pub(super) cost_of: &'a [u32],
    pub(super) capacity: Capacity,
    pub(super) gaps: Gaps,
    pub(super) seed: u64,
    /// Jitter of a block's work, as a share of it.
    pub(super) jitter: f64,
    pub(super) sms: u32,
    pub(super) gpu: &'a GpuSpec,
}

/// Times between ops.
#[derive(Clone, Copy)]
pub(super) struct Gaps {
    /// See [`HostSpec::issue_ns`].
    pub(super) issue: Ticks,
    /// See [`HostSpec::kernel_gap_ns`].
    pub(super) kernel: Ticks,
    /// See [`HostSpec::join_gap_ns`].
    pub(super) join: Ticks,
}

impl Gaps {
    pub(super) fn of(host: &HostSpec) -> Self {
        Self {
            issue: ticks(host.issue_ns),
            kernel: ticks(host.kernel_gap_ns),
            join: ticks(host.join_gap_ns),
        }
    }
}
