//! The data model: tracks hold lanes, lanes hold slices, slices name labels.

mod args;
mod builder;
mod diagnostics;
mod flow;
mod kind;
mod label;
mod meta;
mod slice;
mod span;
mod trace;
mod track;

pub use args::{ArgStore, ArgValue, Args, ArgsId};
pub(crate) use args::{BorrowedValue, PackedValue};
pub use builder::{BuildError, TraceBuilder};
pub use diagnostics::Diagnostics;
pub use flow::{Flow, FlowKind};
pub use kind::{Kind, Phase, Split};
pub use label::{Label, LabelId, OpFacts};
pub use meta::{ClockAgreement, DeviceInfo, Meta, Overhead, Provenance, RankInfo, Slowdown};
pub use slice::{LaneId, SliceRef, SliceTable};
pub use span::Span;
pub use trace::{CounterSeries, Lane, Trace};
pub use track::{Track, TrackId, TrackKind};
