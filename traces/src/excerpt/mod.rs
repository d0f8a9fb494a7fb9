//! A part of a trace that shows a view of it: what goes over a link in place of all of it.
//!
//! An excerpt has the tracks, lanes, labels and counters of the whole under the same ids, and of its slices those that a view
//! can tell apart: lanes that are not asked for are empty, and of long lanes what is shorter than a resolution is folded, each
//! fold into one slice a [`Band`](crate::lod::Band) of the length that the band was busy. So sums of busy time are those of the whole, and what is drawn at
//! the resolution differs by less than it. What was left out is counted.

mod fold;
#[cfg(test)]
mod tests;
mod wanted;

pub use wanted::Wanted;

use std::collections::HashMap;

use crate::{
    ArgStore, ArgValue, ArgsId, CounterSeries, Lane, LaneId, SliceTable, Trace, TraceParts,
    TrackKind, lod::bands_of_labels,
};
use fold::{Folded, Folding};

/// Key of the argument that says how many slices a fold stands for.
pub const FOLDED: &str = "folded slices";

/// A part of a trace, and what is not in it.
#[derive(Clone, Debug)]
pub struct Excerpt {
    /// The part.
    pub trace: Trace,
    /// Slices of lanes that were not asked for.
    pub left_out: u64,
    /// Slices that stand folded in others.
    pub folded: u64,
    /// Of these, ops and marks: where there are none, whatever is asked of ops alone is answered as all of the trace would.
    pub ops_folded: u64,
    /// Arrows whose ends are not in it as they were.
    pub arrows_left_out: u64,
    /// Samples of counters that stand for several, less these.
    pub samples_left_out: u64,
    /// Lanes that have not all their slices, as first and last of those in a row, ascending.
    pub partial_lanes: Vec<(LaneId, LaneId)>,
}

impl Excerpt {
    /// True when nothing is missing.
    pub fn is_whole(&self) -> bool {
        self.left_out + self.folded + self.arrows_left_out + self.samples_left_out == 0
    }
}

/// The part of `trace` that is wanted. Costs a pass over the lanes that are wanted.
pub fn excerpt(trace: &Trace, wanted: &Wanted) -> Excerpt {
    let bands = bands_of_labels(&trace.labels);
    let mut copier = Copier { of: trace, args: ArgStore::default(), rows: HashMap::new() };
    let (mut left_out, mut folded, mut ops_folded) = (0, 0, 0);
    let mut partial_lanes = Vec::new();
    let mut is_same = Vec::with_capacity(trace.lanes.len());
    let mut lanes = Vec::with_capacity(trace.lanes.len());
    for (index, lane) in trace.lanes.iter().enumerate() {
        let slices = &lane.slices;
        let is_op = always_comes(&trace.track(lane.track).kind);
        let is_wanted = is_op || wanted.has_lane(index);
        let missing = left_out + folded;
        let (slices, same) = if !is_wanted {
            left_out += slices.len() as u64;
            (SliceTable::default(), slices.is_empty())
        } else if slices.len() <= wanted.most_whole {
            (copier.whole(slices), true)
        } else {
            let folding = Folding { slices, bands: &bands, wanted };
            let (slices, more) = copier.folded(slices, folding);
            folded += more;
            ops_folded += if is_op { more } else { 0 };
            (slices, false)
        };
        if left_out + folded > missing {
            extend(&mut partial_lanes, LaneId(index as u32));
        }
        is_same.push(same);
        lanes.push(Lane { track: lane.track, slices });
    }
    let is_here = |lane: LaneId| is_same[lane.0 as usize];
    let flows: Vec<_> = trace
        .flows
        .iter()
        .filter(|flow| is_here(flow.from.lane) && is_here(flow.to.lane))
        .filter(|flow| !lanes[flow.from.lane.0 as usize].slices.is_empty())
        .copied()
        .collect();
    let arrows_left_out = (trace.flows.len() - flows.len()) as u64;
    let mut samples_left_out = 0;
    let counters = trace.counters.iter().map(|counter| {
        let thinned = thinned(counter, wanted);
        samples_left_out += (counter.at_ns.len() - thinned.at_ns.len()) as u64;
        thinned
    });
    let counters = counters.collect();
    let parts = TraceParts {
        meta: trace.meta.clone(),
        tracks: trace.tracks.clone(),
        lanes,
        labels: trace.labels.clone(),
        args: copier.args,
        counters,
        flows,
        diagnostics: trace.diagnostics.clone(),
    };
    let trace = Trace::checked(parts)
        .unwrap_or_else(|error| unreachable!("a part of a sound trace is sound: {error}"));
    Excerpt {
        trace,
        left_out,
        folded,
        ops_folded,
        arrows_left_out,
        samples_left_out,
        partial_lanes,
    }
}

/// Adds a lane behind all others.
fn extend(rows: &mut Vec<(LaneId, LaneId)>, lane: LaneId) {
    match rows.last_mut() {
        Some((_, last)) if last.0 + 1 == lane.0 => *last = lane,
        _ => rows.push((lane, lane)),
    }
}

/// What a view shows of a folded trace too, and what analyses ask: ops and marks.
fn always_comes(kind: &TrackKind) -> bool {
    matches!(kind, TrackKind::Stream { .. } | TrackKind::Marks { .. } | TrackKind::Answer { .. })
}

/// Copies slices with their arguments.
struct Copier<'a> {
    of: &'a Trace,
    args: ArgStore,
    /// Rows of arguments here by those there.
    rows: HashMap<ArgsId, ArgsId>,
}

impl Copier<'_> {
    fn whole(&mut self, slices: &SliceTable) -> SliceTable {
        let args = slices.args.iter().map(|&args| self.args(args)).collect();
        SliceTable { args, ..slices.clone() }
    }

    /// Gives the slices, and how many of those there are missing.
    fn folded(&mut self, slices: &SliceTable, folding: Folding<'_>) -> (SliceTable, u64) {
        let mut out = SliceTable::default();
        folding.each(|piece| match piece {
            Folded::Row(row) => {
                let args = self.args(slices.args[row]);
                out.push(slices.span(row), slices.label[row], args, slices.item[row]);
            }
            Folded::Several { span, label, count } => {
                let args = self.args.push([(FOLDED, ArgValue::Int(i64::from(count)))]);
                out.push(span, label, args, 0);
            }
        });
        let missing = slices.len().saturating_sub(out.len()) as u64;
        (out, missing)
    }

    fn args(&mut self, there: ArgsId) -> ArgsId {
        if there == ArgsId::NONE {
            return there;
        }
        let Self { of, args, rows } = self;
        *rows.entry(there).or_insert_with(|| {
            let row = of.args.get(there);
            args.push(row.iter().map(|(key, value)| (&**key, value.clone())))
        })
    }
}

/// Of every stretch of a resolution the highest sample, where there are more than may come as they are.
fn thinned(counter: &CounterSeries, wanted: &Wanted) -> CounterSeries {
    if counter.at_ns.len() <= wanted.most_whole {
        return counter.clone();
    }
    let (mut at_ns, mut value) = (Vec::new(), Vec::<f64>::new());
    let mut bucket = None;
    for (&at, &sample) in counter.at_ns.iter().zip(&counter.value) {
        let stretch = Some(wanted.bucket(at));
        match value.last_mut() {
            Some(last) if bucket == stretch => *last = last.max(sample),
            _ => {
                bucket = stretch;
                at_ns.push(at);
                value.push(sample);
            }
        }
    }
    CounterSeries { at_ns, value, ..counter.clone() }
}
