//! What a pass does: by the names of its attention kernels, or by what the serving engine marks it with.

use std::ops::Range;

use super::report::Stage;
use super::sequence::{Letter, Sequence};
use crate::analysis::GpuOp;
use crate::model::{Kind, Span, Trace, TrackKind};

/// Words of kernels that attend with one query a sequence: FlashInfer, vLLM's paged attention, TensorRT-LLM's masked
/// attention, FlashDecoding, Triton's decode stages.
const DECODE: [&str; 5] = ["decode", "paged_attention_v", "masked_multihead", "_mmha", "decoding"];
/// Words of kernels that attend over prompts.
const PREFILL: [&str; 3] = ["prefill", "context_attention", "extend_attention"];

/// What the letters of a pass say, or else `marks`.
pub(super) fn stage(
    trace: &Trace,
    ops: &[GpuOp],
    sequence: &Sequence,
    pass: Range<usize>,
    marks: &[(Span, Stage)],
) -> Stage {
    let is_attention = |letter: &&Letter| letter.kind == Kind::Attention;
    let (mut decode, mut prefill) = (false, false);
    for letter in sequence.letters[pass.clone()].iter().filter(is_attention) {
        let name = trace.label(ops[letter.op].label).name.to_ascii_lowercase();
        decode |= DECODE.iter().any(|word| name.contains(word));
        prefill |= PREFILL.iter().any(|word| name.contains(word));
    }
    match of(prefill, decode) {
        Stage::Unknown => {
            let middle = &sequence.letters[pass.start + pass.len() / 2];
            let at_ns = ops[middle.op].span.start_ns;
            let mark = marks.iter().find(|(span, _)| span.contains(at_ns));
            mark.map_or(Stage::Unknown, |(_, stage)| *stage)
        }
        told => told,
    }
}

fn of(prefill: bool, decode: bool) -> Stage {
    match (prefill, decode) {
        (true, true) => Stage::Mixed,
        (true, false) => Stage::Prefill,
        (false, true) => Stage::Decode,
        (false, false) => Stage::Unknown,
    }
}

/// Marks on the GPU's time of a rank that say what a pass does.
pub(super) fn marks(trace: &Trace, rank: u32) -> Vec<(Span, Stage)> {
    let of_rank = trace.tracks.iter().filter(|track| {
        matches!(track.kind, TrackKind::Marks { rank: of } if of.is_none_or(|of| of == rank))
    });
    let lanes = of_rank.flat_map(|track| &track.lanes);
    let slices = lanes.flat_map(|&lane| {
        let slices = &trace.lane(lane).slices;
        (0..slices.len()).map(move |row| (slices.span(row), slices.label[row]))
    });
    let told = slices.map(|(span, label)| (span, told(&trace.label(label).name)));
    told.filter(|(_, stage)| *stage != Stage::Unknown).collect()
}

/// `execute_context_1(888)_generation_0(0)` of vLLM counts sequences of both sorts, `step[DECODE bs=32]` of SGLang names one.
fn told(name: &str) -> Stage {
    let number = |word: &str| -> Option<u64> {
        let digits = name.split_once(word)?.1;
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        digits[..end].parse().ok()
    };
    if let (Some(context), Some(generation)) = (number("context_"), number("generation_")) {
        return of(context > 0, generation > 0);
    }
    let lower = name.to_ascii_lowercase();
    match lower.strip_prefix("step[") {
        Some(step) if step.starts_with("decode") => Stage::Decode,
        Some(step) if step.starts_with("mixed") => Stage::Mixed,
        Some(step) if step.starts_with("extend") || step.starts_with("prefill") => Stage::Prefill,
        _ => Stage::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serving_engines_mark_what_a_pass_does() {
        for (name, stage) in [
            ("execute_context_1(888_788544)_generation_0(0)", Stage::Prefill),
            ("execute_32_context_0(sq0sk0)_generation_32(sq32sk55086)", Stage::Decode),
            ("execute_8192_context_9(sq8155)_generation_37(sq37)", Stage::Mixed),
            ("step[DECODE bs=32]", Stage::Decode),
            ("step[EXTEND bs=1 toks=888]", Stage::Prefill),
            ("ProfilerStep#3", Stage::Unknown),
            ("context_", Stage::Unknown),
        ] {
            assert_eq!(told(name), stage, "{name}");
        }
    }
}
