//! Where is the slice I am thinking of?

use crate::model::{Kind, Label, LabelId, LaneId, Phase, SliceRef, Split, Trace, TrackKind};

/// A search as it is typed, understood.
///
/// Words are joined by *and*: `layer:3`, `kind:comm`, `split:0`, `phase:A`, `rank:2` narrow; `in:sm`, `in:stream`
/// and `in:host` choose rows; every other word must occur in the name, whatever its case. A filter whose value
/// means nothing (`layer:x`) finds nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    words: Vec<String>,
    filters: Vec<Filter>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Filter {
    Layer(u32),
    Kind(Kind),
    Split(Split),
    Phase(Phase),
    Rank(u32),
    Rows(Rows),
    Nothing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rows {
    Sm,
    Stream,
    Host,
}

impl Query {
    /// Understands a line of text; an empty one finds nothing.
    pub fn parse(text: &str) -> Self {
        let mut query = Self::default();
        for word in text.split_whitespace() {
            let word = word.to_lowercase();
            match word.split_once(':').and_then(|(key, value)| filter(key, value)) {
                Some(filter) => query.filters.push(filter),
                None => query.words.push(word),
            }
        }
        query
    }

    /// True when nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty() && self.filters.is_empty()
    }

    fn accepts_label(&self, label: &Label) -> bool {
        let name = label.name.to_lowercase();
        let by_filter = |filter: &Filter| match *filter {
            Filter::Layer(layer) => label.layer == Some(layer),
            Filter::Kind(kind) => label.kind == kind,
            Filter::Split(split) => label.split == split,
            Filter::Phase(phase) => label.phase == phase,
            Filter::Rank(_) | Filter::Rows(_) => true,
            Filter::Nothing => false,
        };
        !self.is_empty()
            && self.words.iter().all(|word| name.contains(word))
            && self.filters.iter().all(by_filter)
    }

    fn accepts_track(&self, kind: &TrackKind) -> bool {
        self.filters.iter().all(|filter| match *filter {
            Filter::Rank(rank) => kind.rank() == Some(rank),
            Filter::Rows(Rows::Sm) => matches!(kind, TrackKind::Sm { .. }),
            Filter::Rows(Rows::Stream) => matches!(kind, TrackKind::Stream { .. }),
            Filter::Rows(Rows::Host) => matches!(kind, TrackKind::HostThread { .. }),
            _ => true,
        })
    }
}

/// The filter `key:value`; `None` when the key is none of ours, so that `at::native` is an ordinary word.
fn filter(key: &str, value: &str) -> Option<Filter> {
    let filter = match key {
        "layer" => value.parse().ok().map(Filter::Layer),
        "rank" => value.parse().ok().map(Filter::Rank),
        "kind" => Kind::from_name(value).map(Filter::Kind),
        "phase" => {
            let named = |phase: &Phase| phase.name().eq_ignore_ascii_case(value);
            Phase::ALL.into_iter().find(named).map(Filter::Phase)
        }
        "split" => match value {
            "0" | "first" => Some(Filter::Split(Split::First)),
            "1" | "second" => Some(Filter::Split(Split::Second)),
            "whole" => Some(Filter::Split(Split::Whole)),
            _ => None,
        },
        "in" => match value {
            "sm" => Some(Filter::Rows(Rows::Sm)),
            "stream" => Some(Filter::Rows(Rows::Stream)),
            "host" => Some(Filter::Rows(Rows::Host)),
            _ => None,
        },
        _ => return None,
    };
    Some(filter.unwrap_or(Filter::Nothing))
}

/// A query prepared for one trace: which labels and which lanes can match.
///
/// Preparing costs the labels; stepping costs the slices between two hits, a nanosecond or so each.
#[derive(Clone, Debug)]
pub struct Search {
    is_hit: Vec<bool>,
    lanes: Vec<LaneId>,
}

impl Search {
    /// Prepares `query` for `trace`.
    pub fn new(trace: &Trace, query: &Query) -> Self {
        let is_hit = trace.labels.iter().map(|label| query.accepts_label(label)).collect();
        let on_row =
            |lane: &LaneId| query.accepts_track(&trace.track(trace.lane(*lane).track).kind);
        let lanes = (0..trace.lanes.len() as u32).map(LaneId).filter(on_row).collect();
        Self { is_hit, lanes }
    }

    /// The labels that match.
    pub fn labels(&self) -> impl Iterator<Item = LabelId> + '_ {
        let hits = self.is_hit.iter().enumerate().filter(|(_, is_hit)| **is_hit);
        hits.map(|(index, _)| LabelId(index as u32))
    }

    /// True when a slice with this label matches, its row aside; what greys out the rest.
    pub fn is_hit(&self, label: LabelId) -> bool {
        self.is_hit.get(label.0 as usize).copied().unwrap_or(false)
    }

    /// Number of slices that match.
    pub fn count(&self, trace: &Trace) -> usize {
        if !self.is_hit.contains(&true) {
            return 0;
        }
        let in_lane = |lane: &LaneId| {
            let labels = trace.lane(*lane).slices.label.iter();
            labels.filter(|label| self.is_hit(**label)).count()
        };
        self.lanes.iter().map(in_lane).sum()
    }

    /// The first hit after `from` in order of start, then lane; the first of all for `None`. `None` past the last.
    pub fn next(&self, trace: &Trace, from: Option<SliceRef>) -> Option<SliceRef> {
        let from = from.map(|slice| key(trace, slice));
        self.each_lane(trace, |lane| {
            let slices = &trace.lane(lane).slices;
            let first = from.map_or(0, |(start_ns, ..)| {
                slices.start_ns.partition_point(|&start| start < start_ns)
            });
            let mut rows = (first..slices.len()).map(|row| SliceRef { lane, index: row as u32 });
            rows.find(|&slice| {
                self.matches(trace, slice) && from.is_none_or(|from| key(trace, slice) > from)
            })
        })
        .min_by_key(|&slice| key(trace, slice))
    }

    /// The last hit before `from`; the last of all for `None`.
    pub fn prev(&self, trace: &Trace, from: Option<SliceRef>) -> Option<SliceRef> {
        let from = from.map(|slice| key(trace, slice));
        self.each_lane(trace, |lane| {
            let slices = &trace.lane(lane).slices;
            let last = from.map_or(slices.len(), |(start_ns, ..)| {
                slices.start_ns.partition_point(|&start| start <= start_ns)
            });
            let mut rows = (0..last).rev().map(|row| SliceRef { lane, index: row as u32 });
            rows.find(|&slice| {
                self.matches(trace, slice) && from.is_none_or(|from| key(trace, slice) < from)
            })
        })
        .max_by_key(|&slice| key(trace, slice))
    }

    fn each_lane<'a>(
        &'a self,
        trace: &'a Trace,
        find: impl Fn(LaneId) -> Option<SliceRef> + 'a,
    ) -> impl Iterator<Item = SliceRef> + 'a {
        let worth_it = self.is_hit.contains(&true);
        let lanes = self.lanes.iter().filter(move |_| worth_it);
        lanes
            .filter(|lane| !trace.lane(**lane).slices.is_empty())
            .filter_map(move |&lane| find(lane))
    }

    fn matches(&self, trace: &Trace, slice: SliceRef) -> bool {
        self.is_hit(trace.lane(slice.lane).slices.label[slice.index as usize])
    }
}

/// Order of stepping.
fn key(trace: &Trace, slice: SliceRef) -> (i64, LaneId, u32) {
    (trace.span_of(slice).start_ns, slice.lane, slice.index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::trace;

    const BOTH: &str = "rank 0
        stream 0: gemm 0..10 gate_up L0 s0 pC; gemm 10..20 gate_up L1 s1 pD; norm 20..30 Norm L1
        sm 0: gemm 0..5 gate_up L0 s0 pC; gemm 5..10 gate_up L0 s0 pC
        rank 1
        stream 0: gemm 3..13 gate_up L0 s0 pC; other 20..25 at::native::copy";

    fn starts(text: &str) -> Vec<i64> {
        let trace = trace(BOTH);
        let search = Search::new(&trace, &Query::parse(text));
        let mut forward = Vec::new();
        let mut at = search.next(&trace, None);
        while let Some(slice) = at {
            forward.push(slice);
            at = search.next(&trace, Some(slice));
        }
        let mut backward = Vec::new();
        let mut at = search.prev(&trace, None);
        while let Some(slice) = at {
            backward.push(slice);
            at = search.prev(&trace, Some(slice));
        }
        backward.reverse();
        assert_eq!(forward, backward);
        assert_eq!(search.count(&trace), forward.len());
        forward.into_iter().map(|slice| trace.span_of(slice).start_ns).collect()
    }

    #[test]
    fn words_and_filters_narrow_together() {
        assert_eq!(starts("UP"), [0, 0, 3, 5, 10]);
        assert_eq!(starts("up layer:0"), [0, 0, 3, 5]);
        assert_eq!(starts("up layer:0 in:stream"), [0, 3]);
        assert_eq!(starts("kind:norm"), [20]);
        assert_eq!(starts("phase:d"), [10]);
        assert_eq!(starts("split:0 rank:1"), [3]);
        assert_eq!(starts("norm layer:0"), [0; 0]);
    }

    #[test]
    fn a_colon_in_a_kernel_name_is_no_filter() {
        assert_eq!(starts("at::native"), [20]);
    }

    #[test]
    fn nothing_asked_and_nonsense_find_nothing() {
        assert_eq!(starts(""), [0; 0]);
        assert_eq!(starts("up layer:x"), [0; 0]);
    }
}
