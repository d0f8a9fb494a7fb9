use serde::Serialize;
use weftscope_traces::analysis::{CriticalPath, PathBasis, PathOp, PathShare};

use crate::cli::report_json::us;

/// Ops listed.
const OPS: usize = 20;

/// What decides when the last op ends; the kinds add up to the span.
#[derive(Serialize)]
pub(super) struct Path<'a> {
    basis: PathBasis,
    start_us: f64,
    span_us: f64,
    segments: usize,
    /// How often it goes over to another rank.
    crossings: usize,
    kinds: Vec<Kind>,
    /// Kernels and copies with most time on it.
    ops: Vec<Op<'a>>,
}

#[derive(Serialize)]
struct Kind {
    kind: &'static str,
    total_us: f64,
    share: f64,
}

#[derive(Serialize)]
struct Op<'a> {
    name: &'a str,
    kind: &'static str,
    total_us: f64,
    count: usize,
}

impl<'a> Path<'a> {
    pub(super) fn of(path: &'a CriticalPath) -> Self {
        let kind = |share: &PathShare| Kind {
            kind: share.kind.name(),
            total_us: us(share.total_ns),
            share: share.share,
        };
        let op = |op: &'a PathOp| Op {
            name: &op.name,
            kind: op.kind.name(),
            total_us: us(op.total_ns),
            count: op.count,
        };
        Self {
            basis: path.basis,
            start_us: us(path.span.start_ns),
            span_us: us(path.span.len_ns()),
            segments: path.segments.len(),
            crossings: path.crossings,
            kinds: path.by_kind.iter().map(kind).collect(),
            ops: path.ops.iter().take(OPS).map(op).collect(),
        }
    }
}
