//! Questions about a trace, one a file: a function from `(&Trace, &Config)` to a report that serialises.
//!
//! Figures are integer nanoseconds taken from the slices themselves by interval arithmetic ([`intervals`]); nothing
//! is sampled. Each question is tested on traces written as text and against counting every nanosecond.

mod breakdown;
mod collectives;
mod compare;
mod critical_path;
mod gpu_ops;
pub mod intervals;
mod iterations;
mod overlap;
mod phases;
mod runs;
mod search;
mod selection;
mod skew;
mod stats;
mod verdict;
mod waits;
mod waves;
pub mod words;

pub use breakdown::{BreakdownReport, KindRow, LayerRow, OpRow, RankBreakdown, breakdown};
pub use collectives::{Collective, Collectives, MatchMethod, Member, match_collectives};
pub use compare::{CompareConfig, CompareReport, ComparedOp, OneSidedOp, OpKey, compare};
pub use critical_path::{CriticalPath, PathBasis, PathStep, critical_path};
pub use gpu_ops::{GpuOp, gpu_ops, ranks};
pub use iterations::{Iteration, iterations, median_iteration_ns};
pub use overlap::{
    IterationOverlap, OverlapFigures, OverlapReport, RankOverlap, overlap, overlap_together,
};
pub use phases::{PhaseFigures, PhaseInstance, PhaseReport, PhaseSummary, phases};
pub use runs::{RunMember, runs};
pub use search::{Query, Search};
pub use selection::{SelectedOp, SelectedTrack, Selection, SelectionReport, selection};
pub use skew::{CollectiveArrival, RankSkew, SkewReport, skew};
pub use stats::DurationStats;
pub use verdict::{Baseline, Limit, Verdict, VerdictConfig, verdict};
pub use waits::WaitMethod;
pub use waves::{CutRow, GemmRow, WaveReport, waves};

use crate::model::Span;

/// What every question can be narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// Only this time; ops across its edge count with the part inside. `None`: the whole trace.
    pub window: Option<Span>,
    /// Only these ranks; empty: all.
    pub ranks: Vec<u32>,
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
