//! What the panels say about a trace, worked out once, off the UI thread.

use weftscope_traces::{
    Trace,
    analysis::{
        BreakdownReport, Config, OverlapReport, PhaseReport, SkewReport, Verdict, VerdictConfig,
        WaveReport, breakdown, overlap, phases, skew, verdict, waves,
    },
};

/// The answers of the analyses that the window shows.
pub struct Explanation {
    /// What limits the run, in a sentence, without a look at other strategies.
    pub verdict: Verdict,
    /// Where each rank's time goes.
    pub breakdown: BreakdownReport,
    /// How much communication is hidden, by rank.
    pub overlap: OverlapReport,
    /// Computation, communication and slack by phase.
    pub phases: PhaseReport,
    /// Waves by GEMM.
    pub waves: WaveReport,
    /// Who is late.
    pub skew: SkewReport,
}

impl Explanation {
    /// Asks a trace.
    pub fn of(trace: &Trace) -> Self {
        let config = Config::default();
        Self {
            verdict: verdict(trace, &VerdictConfig::default()),
            breakdown: breakdown(trace, &config),
            overlap: overlap(trace, &config),
            phases: phases(trace, &config),
            waves: waves(trace, &config),
            skew: skew(&[trace], &config),
        }
    }
}
