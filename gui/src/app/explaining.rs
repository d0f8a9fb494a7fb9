//! *Explain this*: what is selected, in sentences, worked out off the thread of the window.

use weftscope_traces::{
    Kind, SliceRef, TrackKind,
    analysis::{Config, Ops, explain_op, explain_range},
    words,
};

use super::{
    asking::{Asking, Same},
    document::Document,
};
use crate::{
    jobs::{Cancelled, JobControl},
    theme::number,
    timeline::{RangeSelection, Selection},
};

/// What is asked, and the answer.
#[derive(Default)]
pub struct Explaining {
    pub(super) asking: Asking<(Selection, Same<Document>)>,
    /// Sentences on what was selected last; `None` until they are worked out.
    pub sentences: Option<Vec<String>>,
}

/// The sentences. Costs as much as the critical path.
pub(crate) fn explain(
    document: &Document,
    selection: &Selection,
    control: &JobControl,
) -> Result<Vec<String>, Cancelled> {
    control.step(0, 1)?;
    let ops = Ops::of(&document.trace, &Config::default());
    control.step(1, 2)?;
    Ok(match selection {
        Selection::None => Vec::new(),
        Selection::Slice(slice) => of_slice(document, &ops, *slice),
        Selection::Range(RangeSelection { span, tracks }) => {
            let rank = |track| document.trace.track(track).kind.rank();
            let mut ranks: Vec<u32> = tracks.iter().filter_map(|&track| rank(track)).collect();
            ranks.sort_unstable();
            ranks.dedup();
            explain_range(&ops, &document.explanation.reports, (*span, &ranks))
        }
    })
}

fn of_slice(document: &Document, ops: &Ops<'_>, slice: SliceRef) -> Vec<String> {
    let op = document.timeline.op_of(slice).unwrap_or(slice);
    let Some(mut sentences) = explain_op(ops, &document.explanation.reports, op) else {
        return of_other(document, slice);
    };
    if op != slice {
        sentences.insert(0, block(document, slice, op));
    }
    sentences
}

/// A thread block, before its op.
fn block(document: &Document, slice: SliceRef, op: SliceRef) -> String {
    let trace = &document.trace;
    let lane = trace.lane(slice.lane);
    let number_of_it = lane.slices.item[slice.index as usize];
    let (own, whole) = (trace.span_of(slice), trace.span_of(op));
    let sm = match trace.track(lane.track).kind {
        TrackKind::Sm { sm, .. } => format!(" on SM {sm}"),
        _ => String::new(),
    };
    let own_ns = own.len_ns();
    let share = number::percent(own_ns as f64 / whole.len_ns().max(1) as f64);
    let after = number::duration_ns(own.start_ns - whole.start_ns);
    let waits = match trace.label_of(slice).kind {
        Kind::Wait => ", waiting for the same block of another rank",
        _ => "",
    };
    format!(
        "Thread block {number_of_it}{sm}{waits}: it begins {after} after its kernel did and takes {}, {share} of it.",
        number::duration_ns(own_ns)
    )
}

/// What is no op of a stream: a call of the host, a mark.
fn of_other(document: &Document, slice: SliceRef) -> Vec<String> {
    let (trace, timeline) = (&document.trace, &document.timeline);
    let track = trace.track(trace.lane(slice.lane).track);
    let span = trace.span_of(slice);
    let name = words::kernel(&trace.label_of(slice).name);
    let (what, takes) = (timeline.kind_name(slice), number::duration_ns(span.len_ns()));
    let mut sentences = vec![format!("{name}: {what}, on {}. It takes {takes}.", track.name)];
    for launched in timeline.consumers(slice).take(1) {
        let after = number::duration_ns(trace.span_of(launched).start_ns - span.start_ns);
        let name = words::kernel(&trace.label_of(launched).name);
        sentences.push(format!("It launched {name}, which began {after} later."));
    }
    sentences
}
