//! What a trace is.
//!
//! Pure data: no GPU, no window, no thread, no clock, and no file access beyond [`std::io::Read`] and
//! [`std::io::Write`] handed in by the caller. Everything else in Weftscope either produces a [`Trace`]
//! or shows one.
//!
//! Reading order: [`model`] (the data), [`lod`] (asking for pixels instead of events), [`analysis`]
//! (one question a file), [`open()`] (any file in), [`container`] (our own file format), [`interchange`]
//! (formats of other tools), [`replay`] (a recording run again, changed), [`tables`] (rows and columns), [`digest`] (rows for
//! questions over thousands of ranks), [`edit`] (whole traces out of whole traces), [`excerpt`] (what of a
//! trace a view shows, to be sent), [`words`] (figures as every view writes
//! them).

pub mod align;
pub mod analysis;
pub mod classify;
pub mod container;
pub mod digest;
pub mod edit;
pub mod excerpt;
mod format;
mod gallop;
pub mod interchange;
mod known;
mod launchers;
pub mod lod;
pub mod model;
mod open;
mod rank_runs;
pub mod replay;
mod source;
pub mod stream;
pub mod tables;
mod unpack;
pub mod words;

pub use classify::{Classifier, ClassifyError};
pub use format::{Format, OpenOptions, Preview, ReadError, ReadFn};
pub use known::is_nsys_report;
pub use launchers::RANK_VARIABLES;
pub use model::{
    ArgStore, ArgValue, Args, ArgsId, BatchFacts, BuildError, ClockAgreement, CommCtas,
    CounterSeries, DeviceInfo, Diagnostics, Doubt, ExpectedError, Flow, FlowKind, Kind, Label,
    LabelId, Labelled, Lane, LaneId, LayerFacts, Meta, OpFacts, Origin, Overhead, Phase,
    ProcessLabel, Provenance, RankInfo, RankProvenance, RunFacts, RunLine, SliceRef, SliceTable,
    Slowdown, Span, Split, SplitAsked, SplitFacts, StrategyFacts, Trace, TraceBuilder, TraceParts,
    Track, TrackId, TrackKind, UnsplitFacts, numbers_an_iteration,
};
pub use open::{FORMATS, OpenError, open, sniff};
