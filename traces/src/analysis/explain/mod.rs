//! What is this, what ran beside it, what did it wait for, and does it matter? In sentences, out of the answers of the other
//! questions: nothing here is measured or guessed anew.

mod op;
mod range;

use std::collections::BTreeMap;

use super::intervals::IntervalSet;
use super::{GpuOp, RankOps};
use crate::model::{Kind, Phase, Span, Split, Trace};
use crate::words;

pub use op::explain_op;
pub use range::explain_range;

/// What a kind of op is, as part of a sentence.
fn kind_words(kind: Kind) -> &'static str {
    match kind {
        Kind::Gemm => "a GEMM",
        Kind::Attention => "attention",
        Kind::Norm => "a norm",
        Kind::Elementwise => "an elementwise kernel",
        Kind::Comm => "communication",
        Kind::Wait => "waiting",
        Kind::Memcpy => "a copy",
        Kind::Fused => "a GEMM and a collective in one kernel",
        Kind::Host => "a call of the host",
        Kind::Mark => "a mark",
        Kind::Other => "a kernel of no known kind",
    }
}

/// The name of an op, short enough for a sentence.
fn name_of(trace: &Trace, op: &GpuOp) -> String {
    words::shortened(&words::kernel(&trace.label(op.label).name), 48)
}

/// `phase C of layer 2`, as far as either is known.
fn place_words(op: &GpuOp) -> Option<String> {
    let split = match op.place.split {
        Split::Whole => "",
        Split::First => " of split 0",
        Split::Second => " of split 1",
    };
    let place = match (op.place.phase, op.place.layer) {
        (Phase::None, None) => return (!split.is_empty()).then(|| split.trim_start().to_owned()),
        (Phase::None, Some(layer)) => format!("layer {layer}"),
        (phase @ (Phase::Head | Phase::Tail), _) => format!("the {}", phase.name()),
        (phase, None) => format!("phase {}", phase.name()),
        (phase, Some(layer)) => format!("phase {} of layer {layer}", phase.name()),
    };
    Some(format!("{place}{split}"))
}

/// Names of the ops that share most of a span, of those that `keep` accepts, and for how long each.
fn beside<'a>(
    trace: &Trace,
    ops: impl Iterator<Item = &'a GpuOp>,
    span: Span,
) -> Vec<(String, i64)> {
    let mut by_name: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    for op in ops {
        let shared = op.span.intersect(span);
        if !shared.is_empty() {
            by_name.entry(name_of(trace, op)).or_default().push(shared);
        }
    }
    let union = |(name, spans): (String, Vec<Span>)| (name, IntervalSet::union_of(spans).len_ns());
    let mut found: Vec<(String, i64)> = by_name.into_iter().map(union).collect();
    found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    found
}

/// `a (12.0 µs), b (3.00 µs) and 2 others`.
fn listed(found: &[(String, i64)]) -> String {
    const LISTED: usize = 2;
    let one = |(name, ns): &(String, i64)| format!("{name} ({})", words::duration(*ns));
    let shown: Vec<String> = found.iter().take(LISTED).map(one).collect();
    match found.len().saturating_sub(LISTED) {
        0 => shown.join(" and "),
        1 => format!("{} and 1 other", shown.join(", ")),
        more => format!("{} and {more} others", shown.join(", ")),
    }
}

/// Time of a span in a set.
fn within_ns(span: Span, set: &IntervalSet) -> i64 {
    IntervalSet::union_of([span]).intersect_len_ns(set)
}

/// Ops of a rank that share time with a span.
fn ops_in<'a>(rank: &'a RankOps<'_>, span: Span) -> impl Iterator<Item = &'a GpuOp> {
    rank.ops.iter().filter(move |op| !op.span.intersect(span).is_empty())
}

#[cfg(test)]
mod tests;
