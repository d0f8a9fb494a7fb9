//! Questions about a trace, one a file: a function from [`&Ops`](Ops) to a report that serialises.
//!
//! [`Ops::of`] gathers once what the questions share; [`Reports::of`] asks those that are asked of every trace that is
//! opened, and [`verdict`] puts them into a sentence. [`compare`], [`critical_path`],
//! [`kernel_stats`], [`exposed`], [`gaps`], [`selection`] and [`Search`] are asked on demand; the last two look at slices
//! of any row, so they take the trace itself.
//!
//! Figures are integer nanoseconds taken from the slices themselves by interval arithmetic ([`intervals`]); nothing
//! is sampled. Each question is tested on traces written as text and against counting every nanosecond.

mod account_spans;
mod accounts;
mod all_layers;
mod arrival;
mod bandwidth;
mod breakdown;
mod caveats;
mod collectives;
mod compare;
mod critical_path;
mod explain;
mod exposed;
mod exposed_by;
mod gaps;
mod gpu_ops;
mod idle;
pub mod intervals;
mod iteration_lengths;
mod iterations;
mod kernel_stats;
mod launch_bound;
mod op_of_block;
mod op_places;
mod ops;
mod overlap;
mod phases;
mod plausible;
mod products;
mod rank_rows;
mod reports;
mod runs;
mod search;
mod selection;
mod skew;
mod statistics;
mod stats;
mod structure;
mod structures;
mod verdict;
mod waits;
mod waves;

pub use account_spans::{AccountClass, AccountSpan, account_spans};
pub use accounts::{
    Account, AccountReport, IterationAccount, LongestIdle, Outside, RankAccount, accounts,
};
pub use all_layers::{AllLayers, all_layers};
pub use arrival::{ArrivalReport, CommVerdict, arrival};
pub use bandwidth::{BandwidthReport, BandwidthRow, bandwidth};
pub use breakdown::{BreakdownReport, KindRow, LayerRow, OpRow, RankBreakdown, breakdown};
pub use collectives::rank_ranges;
pub use collectives::{Collective, Collectives, MatchMethod, Member, RankClock, RankMatch};
pub(crate) use collectives::{Identity, Line, Reading, link_bytes};
pub use compare::{
    Cause, CauseKind, CompareConfig, CompareReport, CompareVerdict, ComparedOp, ComparedRank,
    IterationTerms, Noise, OneSidedOp, OpChange, OpKey, compare,
};
pub use critical_path::{
    CriticalPath, PathBasis, PathKind, PathOp, PathSegment, PathShare, WaitedFor, critical_path,
    waited_for,
};
pub use explain::{explain_op, explain_range};
pub(crate) use exposed::exposed_ns;
pub use exposed::{ExposedOp, ExposedReport, RankExposed, exposed, exposed_spans};
pub use exposed_by::{ExposedByLayer, ExposedByOp, ExposedByReport, exposed_by};
pub use gaps::{Gap, GapLaunch, GapOp, GapReport, RankGaps, gap_spans, gaps};
pub use gpu_ops::{GpuOp, Place};
pub(crate) use idle::{Host, LATENCY_NS};
pub use idle::{IdleCause, IdleCauses};
pub use iteration_lengths::{IterationLengths, iteration_lengths, lengths_ns};
pub use iterations::Iteration;
pub use kernel_stats::{
    GroupDurations, Histogram, KernelKey, KernelReport, KernelStats, Outlier, Outliers,
    kernel_stats,
};
pub use launch_bound::{LaunchBound, LaunchBoundStretch};
pub use op_of_block::op_of_block;
pub use op_places::OpPlaces;
pub use ops::{Ops, RankOps};
pub use overlap::{
    ComputingSms, IterationOverlap, OverlapFigures, OverlapReport, RankOverlap, overlap,
};
pub use phases::{
    LayerSlack, PhaseFigures, PhaseInstance, PhaseReport, PhaseSummary, Slack, phases,
};
pub(crate) use products::product_amounts;
pub use products::{Bound, GpuRates, ProductReport, ProductRow, products};
pub use reports::Reports;
pub use search::{Hits, Length, Query, Search, UnknownKey, WrongWord};
pub use selection::{
    Counted, SelectedComm, SelectedOp, SelectedTrack, Selection, SelectionReport, selection,
};
pub use skew::{CollectiveArrival, RankSkew, SkewReport, skew};
pub use statistics::Statistics;
pub use stats::DurationStats;
pub(crate) use stats::{median, quantile_ns};
pub use structure::{Pass, RankStructure, Stage, StructureBasis};
pub use structures::{StructureReport, structure};
pub use verdict::{Baseline, Limit, Verdict, verdict};
pub use waits::WaitMethod;
pub use waves::{CutLaunch, CutRow, GemmName, GemmRow, WaveReport, waves};

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
pub(crate) mod testing;
#[cfg(test)]
mod tests;
