//! The likeliest token of each row of logits: `likeliest.cu`.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::cuda::driver::{CudaError, DevicePtr, Shape};

const THREADS: u32 = 256;

arguments! {
    LikeliestArguments of "likeliest.cu": "weft_likeliest";
    logits: Pointer,
    keys: Pointer,
    n8: u32,
    columns: u32,
    first: u32,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<LikeliestArguments>()];

/// The likeliest token of each row, as a key that can be compared with those of other shards.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Likeliest(Entry<LikeliestArguments>);

/// One launch.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct LikeliestCall<'a> {
    /// `[rows, pitch]` bf16.
    pub(in crate::cuda) logits: DevicePtr<'a>,
    /// `[rows]` u64: what [`token_of`] reads.
    pub(in crate::cuda) keys: DevicePtr<'a>,
    pub(in crate::cuda) rows: u32,
    /// A multiple of 8.
    pub(in crate::cuda) pitch: u32,
    /// Of a row, those that count.
    pub(in crate::cuda) columns: u32,
    /// Token of the first column.
    pub(in crate::cuda) first: u32,
}

impl Likeliest {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("likeliest.cu", "weft_likeliest")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &LikeliestCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = LikeliestArguments {
            logits: call.logits.into(),
            keys: call.keys.into(),
            n8: call.pitch / 8,
            columns: call.columns,
            first: call.first,
        };
        self.0.launch(stream, Shape::line(call.rows, THREADS), arguments)
    }
}

/// The token that a key names; `None`: no logit was a number.
pub(in crate::cuda) fn token_of(key: u64) -> Option<u32> {
    (key > 0).then_some(!(key as u32))
}
