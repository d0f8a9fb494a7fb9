use serde::Serialize;

use super::{
    BreakdownReport, IterationLengths, Ops, OverlapReport, PhaseReport, SkewReport, WaveReport,
    breakdown, iteration_lengths, overlap, phases, skew, waves,
};

/// The answers of all questions that are asked of every trace that is opened.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reports {
    /// Where each rank's time goes.
    pub breakdown: BreakdownReport,
    /// How long an iteration takes.
    pub iteration_lengths: IterationLengths,
    /// How much communication is hidden, by rank.
    pub overlap: OverlapReport,
    /// Computation, communication and slack by phase.
    pub phases: PhaseReport,
    /// Who is late.
    pub skew: SkewReport,
    /// Waves by GEMM.
    pub waves: WaveReport,
}

impl Reports {
    /// Asks them all.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self {
            breakdown: breakdown(ops),
            iteration_lengths: iteration_lengths(ops),
            overlap: overlap(ops),
            phases: phases(ops),
            skew: skew(ops),
            waves: waves(ops),
        }
    }
}
