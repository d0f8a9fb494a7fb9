use std::{collections::HashMap, num::NonZero, thread};

use weftscope_traces::{
    LaneId, Span, Trace,
    lod::{LodItem, Pyramid},
};

/// What to draw of some lanes: flat lists, made on any thread.
#[derive(Clone, Debug, Default)]
pub struct DrawList {
    /// Time it is good for.
    pub window: Span,
    /// Slices shorter than this are folded.
    pub resolution_ns: i64,
    lanes: HashMap<LaneId, Box<[LodItem]>>,
}

/// Time to prepare around what is seen, so that panning costs nothing: one window on each side.
fn buffered(seen: Span, resolution_ns: i64) -> Span {
    let length = seen.len_ns();
    let start_ns = seen.start_ns.saturating_sub(length);
    let end_ns = seen.end_ns.saturating_add(length);
    // On bucket edges, so that the same view always asks the same question.
    let edge = |at: i64| at.div_euclid(resolution_ns).saturating_mul(resolution_ns);
    Span::new(edge(start_ns), edge(end_ns).saturating_add(resolution_ns))
}

impl DrawList {
    /// An empty list for a view that sees `seen`.
    pub fn new(seen: Span, resolution_ns: i64) -> Self {
        Self { window: buffered(seen, resolution_ns), resolution_ns, lanes: HashMap::new() }
    }

    /// True when this list answers for a view of `seen` at a resolution.
    pub fn serves(&self, seen: Span, resolution_ns: i64) -> bool {
        self.resolution_ns == resolution_ns
            && self.window.start_ns <= seen.start_ns
            && seen.end_ns <= self.window.end_ns
    }

    /// Prepares the lanes that are not there yet. Cost: two binary searches an item, whatever it folds.
    pub fn prepare(
        &mut self,
        trace: &Trace,
        pyramid: &Pyramid,
        lanes: impl IntoIterator<Item = LaneId>,
    ) {
        let mut items = Vec::new();
        for lane in lanes {
            if self.lanes.contains_key(&lane) {
                continue;
            }
            let (window, resolution) = (self.window, self.resolution_ns);
            pyramid.query(trace, lane, window, resolution, &mut items);
            self.lanes.insert(lane, items.as_slice().into());
        }
    }

    /// The same on as many threads as there are cores, four at most.
    pub fn prepare_by_all(&mut self, trace: &Trace, pyramid: &Pyramid, lanes: &[LaneId]) {
        let threads = thread::available_parallelism().map_or(1, NonZero::get).min(4);
        if threads == 1 {
            return self.prepare(trace, pyramid, lanes.iter().copied());
        }
        // Neighbours cost alike, so every thread gets some of each.
        let shares = (0..threads)
            .map(|share| lanes.iter().copied().skip(share).step_by(threads).collect::<Vec<_>>());
        let shares: Vec<_> = shares.collect();
        thread::scope(|scope| {
            let parts = shares.into_iter().map(|share| {
                let mut part = Self { lanes: HashMap::new(), ..*self };
                scope.spawn(move || {
                    part.prepare(trace, pyramid, share);
                    part.lanes
                })
            });
            for part in parts.collect::<Vec<_>>() {
                // What a thread did not finish is asked for again with the next picture.
                self.lanes.extend(part.join().unwrap_or_default());
            }
        });
    }

    /// Items that some lanes can have at most.
    pub fn most_items(&self, trace: &Trace, lanes: impl IntoIterator<Item = LaneId>) -> usize {
        let buckets = (self.window.len_ns() / self.resolution_ns.max(1)).max(1) as usize;
        let rows = |lane| trace.lane(lane).slices.range(self.window).len();
        lanes.into_iter().map(|lane| rows(lane).min(2 * buckets)).sum()
    }

    /// Items of a lane that touch `seen`, in order; empty for a lane not prepared.
    pub fn items(&self, lane: LaneId, seen: Span) -> &[LodItem] {
        let Some(items) = self.lanes.get(&lane) else { return &[] };
        let first = items.partition_point(|item| item.end_ns < seen.start_ns);
        let last = items.partition_point(|item| item.start_ns < seen.end_ns);
        &items[first.min(last)..last]
    }

    /// Is this lane there?
    pub fn has(&self, lane: LaneId) -> bool {
        self.lanes.contains_key(&lane)
    }

    /// Number of items in all lanes.
    pub fn num_items(&self) -> usize {
        self.lanes.values().map(|items| items.len()).sum()
    }

    /// True while nothing was prepared.
    pub fn is_blank(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The list as text, lane by lane, for tests and for people.
    pub fn to_text(&self, trace: &Trace) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let mut lanes: Vec<_> = self.lanes.iter().collect();
        lanes.sort_by_key(|(lane, _)| **lane);
        for (&lane, items) in lanes {
            let track = trace.track(trace.lane(lane).track);
            let parent = track.parent.map_or("", |parent| &trace.track(parent).name);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{parent}/{} lane {}", track.name, lane.0);
            for item in items {
                let slices = &trace.lane(lane).slices;
                let name = &trace.label(slices.label[item.index as usize]).name;
                let fold = if item.is_fold() {
                    format!(" {} slices, busy {}", item.count, item.busy_ns)
                } else {
                    String::new()
                };
                let (start, end) = (item.start_ns, item.end_ns);
                let kind = item.kind.name();
                let _ = writeln!(text, "  {start:>8} {end:>8} {kind:<9} {name}{fold}");
            }
        }
        text
    }
}
