//! What stands around the GEMMs of experts: `experts.cu`.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::{
    cuda::{
        driver::{CudaError, DevicePtr, Shape},
        stamps::OpRecording,
    },
    plan::{chunks, permute_blocks},
};

const SCORES_THREADS: u32 = 256;
const TOP_K_THREADS: u32 = 1024;
/// Each block adds up what all have counted, which many threads do sooner; rows are copied by several blocks an SM.
const PERMUTE_THREADS: u32 = 1024;
const COPY_THREADS: u32 = 512;
const COMBINE_THREADS: u32 = 512;

arguments! {
    ScoresArguments of "experts.cu": "weft_scores";
    x: Pointer,
    w: Pointer,
    scores: Pointer,
    rows: u32,
    k8: u32,
    columns: u32,
    op: u32,
    ring: Pointer,
}

arguments! {
    TopKArguments of "experts.cu": "weft_top_k";
    scores: Pointer,
    ids: Pointer,
    weights: Pointer,
    ranks: Pointer,
    counts: Pointer,
    rows: u32,
    pitch: u32,
    experts: u32,
    k: u32,
    chunk: u32,
    renormalise: u32,
    op: u32,
    ring: Pointer,
}

arguments! {
    PermuteArguments of "experts.cu": "weft_permute";
    x: Pointer,
    out: Pointer,
    ids: Pointer,
    ranks: Pointer,
    places: Pointer,
    tokens: Pointer,
    counts: Pointer,
    first_rows: Pointer,
    rows: u32,
    n8: u32,
    experts: u32,
    k: u32,
    chunk: u32,
    chunks: u32,
    op: u32,
    ring: Pointer,
}

arguments! {
    CombineArguments of "experts.cu": "weft_combine";
    routed: Pointer,
    weights: Pointer,
    places: Pointer,
    shared: Pointer,
    scores: Pointer,
    out: Pointer,
    rows: u32,
    n8: u32,
    k: u32,
    pitch: u32,
    gate: u32,
    op: u32,
    ring: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[
    List::of::<ScoresArguments>(),
    List::of::<TopKArguments>(),
    List::of::<PermuteArguments>(),
    List::of::<CombineArguments>(),
];

/// Scores of a token at most that there is a kernel of their own for: a portable GEMM's tiles would be nearly empty.
pub(in crate::cuda) const FEW_SCORES: u32 = 16;
/// Rows of a block of that kernel.
const SCORED_ROWS: u32 = 16;

/// Experts at most: what the kernels have room for.
pub(in crate::cuda) const MAX_EXPERTS: u32 = 512;
/// Experts of a token at most: a lane of a warp each.
pub(in crate::cuda) const MAX_TOP_K: u32 = 32;

/// Tokens of a launch, and the experts that they choose from.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct Choice {
    pub(in crate::cuda) rows: u32,
    /// At most [`MAX_EXPERTS`].
    pub(in crate::cuda) experts: u32,
    /// Experts of a token, at most [`MAX_TOP_K`].
    pub(in crate::cuda) top_k: u32,
    /// SMs of the GPU: the same in both launches, since they share tokens out by it.
    pub(in crate::cuda) sms: u32,
}

/// Words behind [first rows](Routes::first_rows): tiles that the products have taken, of the first matrices of experts and of the second.
pub(in crate::cuda) const TAKEN: u32 = 2;

/// What a choice of experts leaves behind, and where entries (a token with one of its experts) lie.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct Routes<'a> {
    /// `[rows · top_k]` u32: the expert.
    pub(in crate::cuda) ids: DevicePtr<'a>,
    /// `[rows · top_k]` f32: the weight in the token's sum.
    pub(in crate::cuda) weights: DevicePtr<'a>,
    /// `[rows · top_k]` u32: the entry's number among those of its expert and block.
    pub(in crate::cuda) ranks: DevicePtr<'a>,
    /// `[rows · top_k]` u32: its row in the order of experts.
    pub(in crate::cuda) places: DevicePtr<'a>,
    /// `[rows · top_k]` u32, in the order of experts: whose entry each is.
    pub(in crate::cuda) tokens: DevicePtr<'a>,
    /// `[blocks that choose, experts]` u32.
    pub(in crate::cuda) counts: DevicePtr<'a>,
    /// `[experts + 1]` u32: where the rows of each expert begin. Behind them [`TAKEN`] zeros, for what the products of experts that
    /// follow [count](super::Groups::taken).
    pub(in crate::cuda) first_rows: DevicePtr<'a>,
}

/// Scores of few experts.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Scores(Entry<ScoresArguments>);

/// One launch of [`Scores`]: `scores [rows, columns] = x [rows, hidden] · w [columns, hidden]ᵀ`.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct ScoresCall<'a> {
    /// bf16.
    pub(in crate::cuda) x: DevicePtr<'a>,
    /// bf16.
    pub(in crate::cuda) w: DevicePtr<'a>,
    /// f32.
    pub(in crate::cuda) scores: DevicePtr<'a>,
    pub(in crate::cuda) rows: u32,
    /// A multiple of 8.
    pub(in crate::cuda) hidden: u32,
    /// 8 or 16.
    pub(in crate::cuda) columns: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Scores {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("experts.cu", "weft_scores")).map(Self)
    }

    /// # Panics
    /// With more columns than [`FEW_SCORES`].
    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &ScoresCall<'_>,
    ) -> Result<(), CudaError> {
        assert!(matches!(call.columns, 8 | FEW_SCORES), "{} columns", call.columns);
        let arguments = ScoresArguments {
            x: call.x.into(),
            w: call.w.into(),
            scores: call.scores.into(),
            rows: call.rows,
            k8: call.hidden / 8,
            columns: call.columns,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        let blocks = call.rows.div_ceil(SCORED_ROWS);
        self.0.launch(stream, Shape::line(blocks, SCORES_THREADS), arguments)
    }
}

/// Each token's experts.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct TopK(Entry<TopKArguments>);

/// One launch of [`TopK`]: fills ids, weights, ranks and counts.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct TopKCall<'a> {
    /// `[rows, pitch]` f32, of which the first `experts` columns are scores.
    pub(in crate::cuda) scores: DevicePtr<'a>,
    pub(in crate::cuda) pitch: u32,
    pub(in crate::cuda) routes: Routes<'a>,
    pub(in crate::cuda) choice: Choice,
    /// Weights of a token are made to sum to 1.
    pub(in crate::cuda) renormalise: bool,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl TopK {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("experts.cu", "weft_top_k")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &TopKCall<'_>,
    ) -> Result<(), CudaError> {
        let Choice { rows, experts, top_k, sms } = call.choice;
        let (chunk, blocks) = chunks(rows, sms);
        let arguments = TopKArguments {
            scores: call.scores.into(),
            ids: call.routes.ids.into(),
            weights: call.routes.weights.into(),
            ranks: call.routes.ranks.into(),
            counts: call.routes.counts.into(),
            rows,
            pitch: call.pitch,
            experts,
            k: top_k,
            chunk,
            renormalise: call.renormalise.into(),
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, Shape::line(blocks, TOP_K_THREADS), arguments)
    }
}

/// Entries in the order of their experts.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Permute(Entry<PermuteArguments>);

/// Rows that come to their places.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct Copied<'a> {
    /// `[rows, hidden]` bf16.
    pub(in crate::cuda) x: DevicePtr<'a>,
    /// `[rows · top_k, hidden]` bf16.
    pub(in crate::cuda) out: DevicePtr<'a>,
    /// A multiple of 8.
    pub(in crate::cuda) hidden: u32,
}

/// One launch of [`Permute`]: reads what [`TopK`] left, fills places, tokens and first rows.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct PermuteCall<'a> {
    pub(in crate::cuda) copies: Option<Copied<'a>>,
    pub(in crate::cuda) routes: Routes<'a>,
    pub(in crate::cuda) choice: Choice,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

impl Permute {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("experts.cu", "weft_permute")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &PermuteCall<'_>,
    ) -> Result<(), CudaError> {
        let Choice { rows, experts, top_k, sms } = call.choice;
        let (chunk, chunks) = chunks(rows, sms);
        let arguments = PermuteArguments {
            x: call.copies.map(|rows| rows.x).into(),
            out: call.copies.map(|rows| rows.out).into(),
            ids: call.routes.ids.into(),
            ranks: call.routes.ranks.into(),
            places: call.routes.places.into(),
            tokens: call.routes.tokens.into(),
            counts: call.routes.counts.into(),
            first_rows: call.routes.first_rows.into(),
            rows,
            n8: call.copies.map_or(0, |rows| rows.hidden / 8),
            experts,
            k: top_k,
            chunk,
            chunks,
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        let blocks = permute_blocks(chunks, call.copies.is_some());
        let threads = if call.copies.is_some() { COPY_THREADS } else { PERMUTE_THREADS };
        self.0.launch(stream, Shape::line(blocks, threads), arguments)
    }
}

/// The weighted sum of what a token's experts gave.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Combine(Entry<CombineArguments>);

/// One launch of [`Combine`].
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct CombineCall<'a> {
    /// `[rows · top_k, hidden]` bf16, in the order of experts.
    pub(in crate::cuda) routed: DevicePtr<'a>,
    pub(in crate::cuda) routes: Routes<'a>,
    pub(in crate::cuda) shared: Option<SharedExpert<'a>>,
    /// `[rows, hidden]` bf16.
    pub(in crate::cuda) out: DevicePtr<'a>,
    pub(in crate::cuda) rows: u32,
    pub(in crate::cuda) top_k: u32,
    /// A multiple of 8.
    pub(in crate::cuda) hidden: u32,
    /// Any number.
    pub(in crate::cuda) blocks: u32,
    pub(in crate::cuda) recording: OpRecording<'a>,
}

/// The expert that every token goes to.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) struct SharedExpert<'a> {
    /// `[rows, hidden]` bf16: what it gave.
    pub(in crate::cuda) out: DevicePtr<'a>,
    /// `[rows, pitch]` f32: the router's scores.
    pub(in crate::cuda) scores: DevicePtr<'a>,
    pub(in crate::cuda) pitch: u32,
    /// The column with the gate, whose sigmoid is the weight.
    pub(in crate::cuda) gate: u32,
}

impl Combine {
    pub(in crate::cuda) fn load(loader: Loader<'_>) -> Result<Self, CudaError> {
        Entry::load(loader, Source::plain("experts.cu", "weft_combine")).map(Self)
    }

    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &CombineCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = CombineArguments {
            routed: call.routed.into(),
            weights: call.routes.weights.into(),
            places: call.routes.places.into(),
            shared: call.shared.map(|shared| shared.out).into(),
            scores: call.shared.map(|shared| shared.scores).into(),
            out: call.out.into(),
            rows: call.rows,
            n8: call.hidden / 8,
            k: call.top_k,
            pitch: call.shared.map_or(0, |shared| shared.pitch),
            gate: call.shared.map_or(0, |shared| shared.gate),
            op: call.recording.op,
            ring: call.recording.ring.into(),
        };
        self.0.launch(stream, Shape::line(call.blocks, COMBINE_THREADS), arguments)
    }
}
