//! What a search finds, counted so that any of it is reached quickly: of each lane the number of hits before every
//! [`CHUNK`]th slice. A list of the hits themselves would take hundreds of megabytes where everything matches.

use std::{ops::ControlFlow, sync::Arc};

use super::Search;
use crate::model::{LaneId, SliceRef, Trace};

/// Slices between two counts; a question looks at this many a lane at most.
const CHUNK: usize = 512;
/// Slices between two calls of the progress callback: a few microseconds.
const TOLD_EVERY: usize = 4096;

/// The hits of a search in its trace, in order of start, then lane.
#[derive(Clone, Debug)]
pub struct Hits {
    search: Arc<Search>,
    /// By lane as in the search: hits before each chunk, and of all chunks at the end.
    before: Vec<Box<[u32]>>,
    /// One flag a label: is there a hit with it?
    labels: Vec<bool>,
    count: usize,
}

impl Hits {
    /// Looks at every slice on the rows looked at; `progress` is told now and then how many of them are done.
    ///
    /// # Errors
    /// When `progress` breaks, what it broke with.
    pub fn find<B>(
        search: Arc<Search>,
        trace: &Trace,
        mut progress: impl FnMut(usize) -> ControlFlow<B>,
    ) -> Result<Self, B> {
        let mut labels = vec![false; trace.labels.len()];
        let mut lanes = Vec::with_capacity(search.lanes.len());
        let (mut count, mut done, mut told) = (0, 0, 0);
        let anything = search.may_find();
        for &lane in search.lanes.iter().filter(|_| anything) {
            let of_lane = &trace.lane(lane).slices.label;
            let (mut before, mut sum) = (vec![0], 0);
            for first in (0..of_lane.len()).step_by(CHUNK) {
                let rows = first..(first + CHUNK).min(of_lane.len());
                done += rows.len();
                for row in rows.filter(|&row| search.matches(trace, lane, row)) {
                    labels[of_lane[row].0 as usize] = true;
                    sum += 1;
                }
                before.push(sum);
                if done >= told + TOLD_EVERY {
                    told = done;
                    if let ControlFlow::Break(why) = progress(done) {
                        return Err(why);
                    }
                }
            }
            count += sum as usize;
            lanes.push(before.into_boxed_slice());
        }
        Ok(Self { search, before: lanes, labels, count })
    }

    /// The search they are of.
    pub fn search(&self) -> &Arc<Search> {
        &self.search
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// True when there is a hit with this label.
    pub fn has_label(&self, label: crate::model::LabelId) -> bool {
        self.labels.get(label.0 as usize).copied().unwrap_or(false)
    }

    /// How many come before `slice`, a hit or not.
    pub fn position(&self, trace: &Trace, slice: SliceRef) -> usize {
        let lanes = self.lanes();
        lanes.map(|(at, lane)| self.count_before(trace, at, rows_before(trace, slice, lane))).sum()
    }

    /// The first after `from`; the first of all for `None`. `None` past the last.
    pub fn next(&self, trace: &Trace, from: Option<SliceRef>) -> Option<SliceRef> {
        let first_row = |lane| match from {
            Some(from) if from.lane == lane => from.index as usize + 1,
            Some(from) => rows_before(trace, from, lane),
            None => 0,
        };
        self.first_of(trace, first_row)
    }

    /// The first that starts at `at_ns` or later.
    pub fn next_at(&self, trace: &Trace, at_ns: i64) -> Option<SliceRef> {
        let starts = |lane| &trace.lane(lane).slices.start_ns;
        self.first_of(trace, |lane| starts(lane).partition_point(|&start| start < at_ns))
    }

    /// The last before `from`; the last of all for `None`.
    pub fn prev(&self, trace: &Trace, from: Option<SliceRef>) -> Option<SliceRef> {
        let end = |lane| match from {
            Some(from) => rows_before(trace, from, lane),
            None => trace.lane(lane).slices.len(),
        };
        let lanes = self.lanes();
        let found = lanes.filter_map(|(at, lane)| self.last_before(trace, at, end(lane)));
        found.max_by_key(|&slice| key(trace, slice))
    }

    /// The earliest of each lane's first hit from a row on.
    fn first_of(&self, trace: &Trace, first_row: impl Fn(LaneId) -> usize) -> Option<SliceRef> {
        let lanes = self.lanes();
        let found = lanes.filter_map(|(at, lane)| self.first_from(trace, at, first_row(lane)));
        found.min_by_key(|&slice| key(trace, slice))
    }

    /// Lanes looked at, with their places in `before`.
    fn lanes(&self) -> impl Iterator<Item = (usize, LaneId)> + '_ {
        (0..self.before.len()).map(|at| (at, self.search.lanes[at]))
    }

    /// Hits of a lane in its first `rows` rows.
    fn count_before(&self, trace: &Trace, at: usize, rows: usize) -> usize {
        let chunk = rows / CHUNK;
        let rest = chunk * CHUNK..rows;
        let lane = self.search.lanes[at];
        let rest = rest.filter(|&row| self.search.matches(trace, lane, row)).count();
        self.before[at][chunk] as usize + rest
    }

    fn first_from(&self, trace: &Trace, at: usize, row: usize) -> Option<SliceRef> {
        // The hit wanted is the one that so many come before.
        let nth = self.count_before(trace, at, row);
        self.nth(trace, at, nth)
    }

    fn last_before(&self, trace: &Trace, at: usize, rows: usize) -> Option<SliceRef> {
        let nth = self.count_before(trace, at, rows).checked_sub(1)?;
        self.nth(trace, at, nth)
    }

    /// The hit of a lane that `nth` others of it come before.
    fn nth(&self, trace: &Trace, at: usize, nth: usize) -> Option<SliceRef> {
        let before = &self.before[at];
        let chunk = before.partition_point(|&count| count as usize <= nth) - 1;
        // Past the last there is nothing to look for.
        if chunk + 1 == before.len() {
            return None;
        }
        let lane = self.search.lanes[at];
        let rows = chunk * CHUNK..trace.lane(lane).slices.len();
        let mut hits = rows.filter(|&row| self.search.matches(trace, lane, row));
        let index = hits.nth(nth - before[chunk] as usize)? as u32;
        Some(SliceRef { lane, index })
    }
}

/// Rows of `lane` that come before `slice` in the order of stepping.
fn rows_before(trace: &Trace, slice: SliceRef, lane: LaneId) -> usize {
    let starts = &trace.lane(lane).slices.start_ns;
    let at_ns = trace.span_of(slice).start_ns;
    match lane.cmp(&slice.lane) {
        std::cmp::Ordering::Equal => slice.index as usize,
        std::cmp::Ordering::Less => starts.partition_point(|&start| start <= at_ns),
        std::cmp::Ordering::Greater => starts.partition_point(|&start| start < at_ns),
    }
}

/// Order of stepping.
fn key(trace: &Trace, slice: SliceRef) -> (i64, LaneId, u32) {
    (trace.span_of(slice).start_ns, slice.lane, slice.index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        analysis::{Config, OpPlaces, Ops, Query, testing::trace},
        model::{ArgsId, Label, Meta, Provenance, Span, TraceBuilder, TrackKind},
    };

    const BOTH: &str = "rank 0
        stream 0: gemm 0..10 gate_up L0 s0 pC; gemm 10..20 gate_up L1 s1 pD; norm 20..30 Norm L1
        sm 0: gemm 0..5 gate_up L0 s0 pC; gemm 5..10 gate_up L0 s0 pC
        rank 1
        stream 0: gemm 3..13 gate_up L0 s0 pC; other 20..25 at::native::copy";

    fn hits(trace: &Trace, text: &str) -> Hits {
        let search = Arc::new(Search::new(trace, Query::parse(text)));
        Hits::find(search, trace, |_| ControlFlow::<()>::Continue(())).unwrap()
    }

    /// Every hit, by looking at every slice.
    fn brute(trace: &Trace, search: &Search) -> Vec<SliceRef> {
        let mut all = Vec::new();
        for (lane, of_lane) in trace.lanes.iter().enumerate() {
            let slice = |index| SliceRef { lane: LaneId(lane as u32), index: index as u32 };
            all.extend((0..of_lane.slices.len()).map(slice));
        }
        all.retain(|&slice| search.is_hit(trace, slice));
        all.sort_by_key(|&slice| key(trace, slice));
        all
    }

    /// Stepping, counting and placing against looking at every slice.
    fn check(trace: &Trace, text: &str) -> Vec<i64> {
        let hits = hits(trace, text);
        let expected = brute(trace, hits.search());
        let walk = |step: &dyn Fn(Option<SliceRef>) -> Option<SliceRef>| {
            std::iter::successors(step(None), |&at| step(Some(at))).collect::<Vec<_>>()
        };
        assert_eq!(walk(&|at| hits.next(trace, at)), expected, "{text}");
        let mut backward = walk(&|at| hits.prev(trace, at));
        backward.reverse();
        assert_eq!(backward, expected, "{text}");
        assert_eq!(hits.count(), expected.len(), "{text}");
        for (place, &slice) in expected.iter().enumerate() {
            assert_eq!(hits.position(trace, slice), place, "{text}");
        }
        for at_ns in -1..40 {
            let first = expected.iter().find(|&&slice| trace.span_of(slice).start_ns >= at_ns);
            assert_eq!(hits.next_at(trace, at_ns), first.copied(), "{text} from {at_ns}");
        }
        expected.into_iter().map(|slice| trace.span_of(slice).start_ns).collect()
    }

    #[test]
    fn words_and_filters_narrow_together() {
        let trace = trace(BOTH);
        let starts = |text: &str| check(&trace, text);
        assert_eq!(starts("UP"), [0, 3, 10], "ops, not their blocks");
        assert_eq!(starts("UP in:all"), [0, 0, 3, 5, 10]);
        assert_eq!(starts("up layer:0"), [0, 3]);
        assert_eq!(starts("up in:sm"), [0, 5]);
        assert_eq!(starts("kind:norm"), [20]);
        assert_eq!(starts("kind:gemm"), [0, 3, 10]);
        assert_eq!(starts("kind:GEMM"), [0, 3, 10], "as the legend has it");
        assert_eq!(starts("phase:d"), [10]);
        assert_eq!(starts("split:0 rank:1"), [3]);
        assert_eq!(starts("norm layer:0"), [0; 0]);
        assert_eq!(starts("at::native"), [20], "a colon in a kernel's name is no filter");
    }

    /// Five layers of eleven kernels, told by nothing but their order.
    #[test]
    fn layers_that_no_label_tells_are_found_where_they_are_told_by_order() {
        const LAYER: &str = "gemm.qkv elementwise.rope attention.fa gemm.o comm.ar norm.add_norm \
                             gemm.up elementwise.silu gemm.down comm.ar norm.add_norm";
        let ops = [&["elementwise.embed norm.first"][..], &[LAYER; 5], &["gemm.logits"]].concat();
        let ops = ops.join(" ").split(' ').map(str::to_owned).collect::<Vec<_>>();
        let written = ops.iter().enumerate().map(|(at, op)| {
            let (kind, name) = op.split_once('.').unwrap();
            format!("{kind} {}..{} {name}", at * 12, at * 12 + 10)
        });
        let written = written.collect::<Vec<_>>().join("; ");
        let trace = trace(&format!("rank 0\nstream 7: {written}"));
        let places = Arc::new(OpPlaces::of(&Ops::of(&trace, &Config::default())));
        let starts = |text: &str, places: &Arc<OpPlaces>| {
            let search = Arc::new(Search::placed(&trace, Query::parse(text), places));
            let hits = Hits::find(search, &trace, |_| ControlFlow::<()>::Continue(())).unwrap();
            let expected = brute(&trace, hits.search());
            assert_eq!(hits.count(), expected.len(), "{text}");
            expected.into_iter().map(|slice| trace.span_of(slice).start_ns / 12).collect::<Vec<_>>()
        };
        assert_eq!(starts("layer:2", &places), (24..35).collect::<Vec<_>>());
        assert_eq!(starts("layer:2 kind:attention", &places), [26]);
        assert_eq!(starts("layer:4 norm", &places), [51, 56]);
        assert_eq!(starts("kind:attention", &places), [4, 15, 26, 37, 48], "in every layer");
        assert_eq!(starts("layer:5", &places), [0; 0]);
        assert_eq!(starts("layer:2", &Arc::default()), [0; 0], "labels tell nothing");
    }

    #[test]
    fn lengths_are_exact_at_their_ends() {
        let trace = trace(BOTH);
        let starts = |text: &str| check(&trace, text);
        assert_eq!(starts("dur>5ns"), [0, 3, 10, 20]);
        assert_eq!(starts("dur>=5ns"), [0, 3, 10, 20, 20]);
        assert_eq!(starts("dur<10ns"), [20]);
        assert_eq!(starts("dur<=10ns"), [0, 3, 10, 20, 20]);
        assert_eq!(starts("dur:5ns..9ns in:all"), [0, 5, 20]);
        assert_eq!(starts("dur:6ns.. norm"), [20]);
        assert_eq!(starts("dur>9.5ns dur<0.011us"), [0, 3, 10, 20]);
    }

    #[test]
    fn nothing_asked_and_nonsense_find_nothing() {
        let trace = trace(BOTH);
        for text in ["", "  ", "up layer:x", "dur>abc", "no_such_name"] {
            assert_eq!(check(&trace, text), [0; 0], "{text}");
        }
    }

    #[test]
    fn where_there_are_only_blocks_they_are_looked_for() {
        let trace = trace("rank 0\nsm 0: gemm 0..5 up; gemm 5..9 up");
        assert_eq!(check(&trace, "up"), [0, 5]);
        assert_eq!(check(&trace, "up in:stream"), [0; 0]);
    }

    /// Several lanes of several chunks, hits dense, rare and clustered at the ends.
    #[test]
    fn chunks_are_crossed() {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let names = ["dense", "rare", "last", "first"]
            .map(|name| builder.label(Label { name: name.into(), ..Label::default() }));
        let rows = 3 * CHUNK as i64 + 7;
        for stream in 0..3 {
            let kind = TrackKind::Stream { rank: 0, stream };
            let track = builder.track(None, format!("stream {stream}"), kind);
            let lane = builder.lane(track);
            for row in 0..rows {
                let which = match row {
                    0 => 3,
                    _ if row + 1 == rows => 2,
                    _ if row % 700 == i64::from(stream) => 1,
                    _ => 0,
                };
                let span = Span::new(row * 10, row * 10 + 5);
                builder.push(lane, span, names[which], ArgsId::NONE, 0);
            }
        }
        let trace = builder.finish().unwrap();
        for text in ["dense", "rare", "last", "first", "a"] {
            assert!(!check(&trace, text).is_empty(), "{text}");
        }
        let search = Arc::new(Search::new(&trace, Query::parse("dense")));
        let mut told = Vec::new();
        let stopped = Hits::find(search, &trace, |done| {
            told.push(done);
            ControlFlow::Break("stopped")
        });
        assert_eq!(stopped.unwrap_err(), "stopped");
        assert_eq!(told.len(), 1, "{told:?}");
    }
}
