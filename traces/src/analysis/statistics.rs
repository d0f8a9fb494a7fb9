use serde::Serialize;

use super::{ExposedReport, GapReport, KernelReport, Ops, exposed, gaps, kernel_stats};

/// What the ops of a recording are, one by one and kernel by kernel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// How long each kernel takes.
    pub kernels: KernelReport,
    /// Which communication is exposed.
    pub exposed: ExposedReport,
    /// When a rank runs nothing.
    pub gaps: GapReport,
}

impl Statistics {
    /// Asks all three.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self { kernels: kernel_stats(ops), exposed: exposed(ops), gaps: gaps(ops) }
    }
}
