//! Kernels about time itself: readings of two GPUs' clocks (`clock.cu`), moments on a stream (`mark.cu`).

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::cuda::{
    driver::{CudaError, DevicePtr, Shape},
    stamps::OpRecording,
};

/// One warp, of which one thread works.
const SHAPE: Shape = Shape::line(1, 32);

arguments! {
    ClockArguments of "clock.cu": "weft_clock";
    mine: Pointer,
    theirs: Pointer,
    out: Pointer,
    rounds: u32,
    first: u32,
    leads: u32,
    op: u32,
    error: Pointer,
}

arguments! {
    MarkArguments of "mark.cu": "weft_mark";
    item: u32,
    op: u32,
    ring: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<ClockArguments>(), List::of::<MarkArguments>()];

/// `clock.cu`: one side of a reading of two GPUs' clocks against one another.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Clock(Entry<ClockArguments>);

/// One side's rounds. Both sides must be launched, and the leader's ends when the follower has answered.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct ClockCall<'a> {
    /// This GPU's flag, one u32 that only grows.
    pub(in crate::cuda) mine: DevicePtr<'a>,
    /// The other GPU's.
    pub(in crate::cuda) theirs: DevicePtr<'a>,
    /// `[rounds, 2]` u64 of the leader: sent, echo seen; `[rounds]` of the follower: flag seen.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) rounds: u32,
    /// Number of the first round, above every earlier one.
    pub(in crate::cuda) first: u32,
    pub(in crate::cuda) leads: bool,
    pub(in crate::cuda) op: u32,
    /// The error record.
    pub(in crate::cuda) error: DevicePtr<'a>,
}

impl Clock {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("clock.cu", "weft_clock")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &ClockCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = ClockArguments {
            mine: call.mine.into(),
            theirs: call.theirs.into(),
            out: call.out.into(),
            rounds: call.rounds,
            first: call.first,
            leads: u32::from(call.leads),
            op: call.op,
            error: call.error.into(),
        };
        self.0.launch(stream, SHAPE, arguments)
    }
}

/// Where a mark stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(in crate::cuda) enum Moment {
    /// Before kernels that write no stamps.
    Before = 0,
    /// After them.
    After = 1,
}

/// `mark.cu`: stamps a moment on a stream.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Mark(Entry<MarkArguments>);

/// One mark.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct MarkCall<'a> {
    pub(in crate::cuda) moment: Moment,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Mark {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("mark.cu", "weft_mark")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &MarkCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = MarkArguments {
            item: call.moment as u32,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, SHAPE, arguments)
    }
}
