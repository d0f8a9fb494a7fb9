use weftscope_traces::{
    ArgValue, OpFacts, SliceRef, Split, Trace, TrackKind, analysis::Place, excerpt::FOLDED,
};

use super::TimelineData;
use crate::theme::number;

/// Everything known about a slice, as pairs of name and value, in reading order: the tooltip and the details
/// panel show the same. Its start is told from `zero_ns` on, as the ruler tells it.
pub fn facts(data: &TimelineData, slice: SliceRef, zero_ns: i64) -> Vec<(&'static str, String)> {
    let trace = &data.trace;
    let label = trace.label_of(slice);
    let span = trace.span_of(slice);
    let track = trace.track(trace.lane(slice.lane).track);
    let item = trace.lane(slice.lane).slices.item[slice.index as usize];
    let mut out = vec![("duration", number::duration_ns(span.len_ns()))];
    out.push(("kind", data.kind_name(slice).to_owned()));
    match folded(trace, slice) {
        // It is of several blocks, or calls: none of their own facts are its.
        Some(count) => out.push(("stands for", number::counted(count, "slice"))),
        None => place(&mut out, &track.kind, &track.name, item),
    }
    weave(&mut out, data.place_of(slice));
    let op = data.op_of(slice);
    if let Some(op) = op.filter(|&op| op != slice) {
        let whole = trace.span_of(op).len_ns().max(1);
        out.push(("of its op", number::percent(span.len_ns() as f64 / whole as f64)));
    } else {
        let whole = data.span.len_ns().max(1);
        out.push(("of the trace", number::percent(span.len_ns() as f64 / whole as f64)));
    }
    if let Some(facts) = &label.facts {
        let op_ns = op.map_or(span.len_ns(), |op| trace.span_of(op).len_ns());
        work(&mut out, facts, op_ns);
    }
    out.push(("starts at", number::time_at(span.start_ns - zero_ns, 1)));
    out
}

/// Of how many slices this is a fold, where a part of a trace has it in their place.
fn folded(trace: &Trace, slice: SliceRef) -> Option<u64> {
    match trace.args_of(slice).into_iter().find(|(key, _)| key == FOLDED)?.1 {
        ArgValue::Int(count) => u64::try_from(count).ok(),
        _ => None,
    }
}

fn place(out: &mut Vec<(&'static str, String)>, kind: &TrackKind, name: &str, item: u32) {
    if let Some(rank) = kind.rank() {
        out.push(("rank", rank.to_string()));
    }
    match kind {
        TrackKind::Sm { sm, .. } => {
            out.push(("SM", sm.to_string()));
            out.push(("block", item.to_string()));
        }
        TrackKind::Inside { sm, .. } => {
            out.push(("inside SM", sm.to_string()));
            out.push(("block", item.to_string()));
        }
        TrackKind::Stream { .. } => out.push(("stream", name.to_owned())),
        TrackKind::HostThread { .. } => out.push(("thread", name.to_owned())),
        TrackKind::Driver { .. } => out.push(("seen by", name.to_owned())),
        TrackKind::Answer { .. } => out.push(("answer", name.to_owned())),
        _ => {}
    }
}

fn weave(out: &mut Vec<(&'static str, String)>, (place, by_label): (Place, bool)) {
    if let Some(layer) = place.layer {
        out.push(("layer", layer.to_string()));
    }
    if !place.phase.name().is_empty() {
        out.push(("phase", place.phase.name().to_owned()));
    }
    match place.split {
        Split::Whole => {}
        Split::First => out.push(("split", "0".to_owned())),
        Split::Second => out.push(("split", "1".to_owned())),
    }
    if !by_label {
        out.push(("known from", "the order of kernels".to_owned()));
    }
}

fn work(out: &mut Vec<(&'static str, String)>, facts: &OpFacts, op_ns: i64) {
    if !facts.shape.is_empty() {
        out.push(("shape", facts.shape.clone()));
    }
    if facts.tokens > 0 {
        out.push(("tokens", number::count(u64::from(facts.tokens))));
    }
    if facts.grid > 0 {
        out.push((
            "blocks",
            format!("{} on {}", facts.grid, number::counted(facts.sms.into(), "SM")),
        ));
    }
    if facts.waves > 0 {
        let tail = number::percent(facts.tail_occupancy);
        out.push(("waves", format!("{}, the last {tail} full", facts.waves)));
    }
    let per_s = 1e9 / op_ns.max(1) as f64;
    if facts.flops > 0.0 {
        out.push(("compute", number::flop_rate(facts.flops * per_s)));
    }
    if facts.hbm_bytes > 0.0 {
        // Not what memory gives, which the counter says: L2 may hold some of it.
        out.push(("reads, writes", number::bandwidth(facts.hbm_bytes * per_s)));
    }
    if facts.link_bytes > 0.0 {
        out.push(("link", number::bandwidth(facts.link_bytes * per_s)));
    }
    if let Some(alone_ns) = facts.alone_ns.filter(|&alone| alone > 0) {
        let slower = op_ns as f64 / alone_ns as f64;
        let alone = number::duration_ns(alone_ns);
        out.push(("against alone", format!("{} of {alone}", number::ratio(slower))));
    }
}
