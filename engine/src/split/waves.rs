use crate::{machine::GpuSpec, plan::Resources};

/// 32-bit registers of an SM, the same on every generation since Kepler (CUDA programming guide, table of
/// compute capabilities).
pub const REGISTERS_PER_SM: u32 = 65_536;

/// How a grid fills the SMs it may use.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occupancy {
    /// SMs the arithmetic used: those of the GPU less those that communication holds.
    pub sms: u32,
    /// Blocks resident at once: `sms` × blocks an SM.
    pub slots: u32,
    /// ⌈grid ÷ slots⌉.
    pub waves: u32,
    /// Blocks of the last wave.
    pub tail_blocks: u32,
    /// Share of the slots that the last wave fills, 0–1.
    pub tail_fill: f64,
}

/// Blocks of this kind that an SM holds at once: the least of what threads, shared memory, registers and the
/// hardware's block limit allow. 0 when not even one fits.
pub fn blocks_per_sm(resources: &Resources, gpu: &GpuSpec) -> u32 {
    let fit = |have: u32, need: u32| have.checked_div(need).unwrap_or(u32::MAX);
    fit(gpu.threads_per_sm, resources.threads)
        .min(fit(gpu.smem_per_sm_bytes, resources.smem_bytes))
        .min(fit(REGISTERS_PER_SM, resources.registers * resources.threads))
        .min(gpu.blocks_per_sm)
}

/// Waves and tail of `grid` blocks on `sms` SMs that hold `blocks_per_sm` of them each.
///
/// 300 blocks on 132 SMs are 132 + 132 + 36: three waves with a tail of 27 %.
pub fn occupancy(grid: u32, sms: u32, blocks_per_sm: u32) -> Occupancy {
    let slots = sms * blocks_per_sm;
    let waves = if slots == 0 { 0 } else { grid.div_ceil(slots) };
    let tail_blocks = if waves == 0 { 0 } else { grid - (waves - 1) * slots };
    let tail_fill = if slots == 0 { 0.0 } else { f64::from(tail_blocks) / f64::from(slots) };
    Occupancy { sms, slots, waves, tail_blocks, tail_fill }
}
