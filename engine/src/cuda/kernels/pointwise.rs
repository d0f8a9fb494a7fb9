//! Kernels that touch every element once: embedding, SiLU·mul, random numbers.

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

const THREADS: u32 = 256;

arguments! {
    EmbedArguments of "embedding.cu": "weft_embedding";
    ids: Pointer,
    weight: Pointer,
    out: Pointer,
    tokens: u32,
    n8: u32,
    first: u32,
    count: u32,
    op: u32,
    ring: Pointer,
}

arguments! {
    SiluMulArguments of "silu_mul.cu": "weft_silu_mul";
    x: Pointer,
    out: Pointer,
    rows: u32,
    n8: u32,
    pitch8: u32,
    op: u32,
    ring: Pointer,
}

arguments! {
    RandomArguments of "random.cu": "weft_random";
    out: Pointer,
    count8: u64,
    seed: u64,
    scale: f32,
}

#[cfg(test)]
pub(super) const LISTS: &[List] =
    &[List::of::<EmbedArguments>(), List::of::<SiluMulArguments>(), List::of::<RandomArguments>()];

/// `embedding.cu`: rows of a matrix by index.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Embedding(Entry<EmbedArguments>);

/// One gather of rows: `out[token] = weight[ids[token] − first]`, zeros for ids outside `[first, first + count)`.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct EmbedCall<'a> {
    /// `[tokens]` u32.
    pub(in crate::cuda) ids: DevicePtr<'a>,
    /// `[count, hidden]` bf16.
    pub(in crate::cuda) weight: DevicePtr<'a>,
    /// `[tokens, hidden]` bf16.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) tokens: u32,
    /// A multiple of 8.
    pub(in crate::cuda) hidden: u32,
    /// Id of the first row of `weight`.
    pub(in crate::cuda) first: u32,
    pub(in crate::cuda) count: u32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Embedding {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("embedding.cu", "weft_embedding")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &EmbedCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = EmbedArguments {
            ids: call.ids.into(),
            weight: call.weight.into(),
            out: call.out.into(),
            tokens: call.tokens,
            n8: call.hidden / 8,
            first: call.first,
            count: call.count,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}

/// `silu_mul.cu`: SiLU of gate times up, where no GEMM's epilogue did it.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct SiluMul(Entry<SiluMulArguments>);

/// One launch: `out = silu(x[:, :width]) · x[:, width:]`.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct SiluMulCall<'a> {
    /// `[rows, 2 · width]` bf16.
    pub(in crate::cuda) x: DevicePtr<'a>,
    /// `[rows, width]` bf16, rows `pitch` elements apart.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) rows: u32,
    /// A multiple of 8.
    pub(in crate::cuda) width: u32,
    /// A multiple of 8.
    pub(in crate::cuda) pitch: u32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl SiluMul {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("silu_mul.cu", "weft_silu_mul")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &SiluMulCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = SiluMulArguments {
            x: call.x.into(),
            out: call.out.into(),
            rows: call.rows,
            n8: call.width / 8,
            pitch8: call.pitch / 8,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}

/// `random.cu`: bf16 numbers from their index and a seed, the same on every run and every GPU.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Random(Entry<RandomArguments>);

/// One launch: uniform numbers in −scale…scale.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct RandomCall<'a> {
    /// `[8 · vectors]` bf16.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) vectors: u64,
    pub(in crate::cuda) seed: u64,
    pub(in crate::cuda) scale: f32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
}

impl Random {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("random.cu", "weft_random")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &RandomCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = RandomArguments {
            out: call.out.into(),
            count8: call.vectors,
            seed: call.seed,
            scale: call.scale,
        };
        self.0.launch(stream, Shape::line(call.blocks, THREADS), arguments)
    }
}
