//! What a pass does, by the names of its attention kernels.

use std::ops::Range;

use super::report::Stage;
use super::sequence::{Letter, Sequence};
use crate::analysis::GpuOp;
use crate::model::{Kind, Trace};

/// Words of kernels that attend with one query a sequence: FlashInfer, vLLM's paged attention, TensorRT-LLM's masked
/// attention, FlashDecoding, Triton's decode stages.
const DECODE: [&str; 5] = ["decode", "paged_attention_v", "masked_multihead", "_mmha", "decoding"];
/// Words of kernels that attend over prompts.
const PREFILL: [&str; 3] = ["prefill", "context_attention", "extend_attention"];

/// What the letters of a pass say.
pub(super) fn stage(
    trace: &Trace,
    ops: &[GpuOp],
    sequence: &Sequence,
    pass: Range<usize>,
) -> Stage {
    let is_attention = |letter: &&Letter| letter.kind == Kind::Attention;
    let (mut decode, mut prefill) = (false, false);
    for letter in sequence.letters[pass].iter().filter(is_attention) {
        let name = trace.label(ops[letter.op].label).name.to_ascii_lowercase();
        decode |= DECODE.iter().any(|word| name.contains(word));
        prefill |= PREFILL.iter().any(|word| name.contains(word));
    }
    match (prefill, decode) {
        (true, true) => Stage::Mixed,
        (true, false) => Stage::Prefill,
        (false, true) => Stage::Decode,
        (false, false) => Stage::Unknown,
    }
}
