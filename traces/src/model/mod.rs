//! The data model: tracks hold lanes, lanes hold slices, slices name labels.

mod args;
mod builder;
mod check;
mod diagnostics;
mod doubt;
mod first_free;
mod flow;
mod iteration_name;
mod kind;
mod label;
mod meta;
mod parts;
mod provenance;
mod run_facts;
mod run_lines_v1;
mod slice;
mod span;
mod texts;
mod trace;
mod track;

pub(crate) use args::{ArgReader, BorrowedValue, PackedValue};
pub use args::{ArgStore, ArgValue, Args, ArgsId};
pub use builder::TraceBuilder;
pub use check::BuildError;
pub use diagnostics::Diagnostics;
pub use doubt::{Doubt, ExpectedError};
pub(crate) use first_free::FirstFree;
pub use flow::{Flow, FlowKind};
pub use iteration_name::numbers_an_iteration;
pub use kind::{Kind, Phase, Split};
pub(crate) use label::LabelKey;
pub use label::{Label, LabelId, OpFacts, UnsplitFacts};
pub use meta::{
    ClockAgreement, DeviceInfo, Labelled, Meta, Overhead, ProcessLabel, RankInfo, Slowdown,
};
pub use parts::{CounterSeries, Lane, TraceParts};
pub use provenance::{Origin, Provenance, RankProvenance};
pub use run_facts::{
    BatchFacts, CommCtas, LayerFacts, RunFacts, RunLine, SplitAsked, SplitFacts, StrategyFacts,
};
pub use slice::{LaneId, SliceRef, SliceTable};
pub use span::Span;
pub(crate) use span::{MAX_TIME_NS, is_time};
pub(crate) use texts::Texts;
pub use trace::Trace;
pub use track::{Track, TrackId, TrackKind};
