//! What is inside a selected range of time and rows?

mod hidden;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use self::hidden::SelectedComm;
use self::hidden::hidden;
use super::DurationStats;
use super::intervals::IntervalSet;
use crate::model::{Kind, LaneId, Span, Trace, TrackId, TrackKind};

/// A range of time on some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// The range.
    pub window: Span,
    /// Tracks; everything below a track in the tree is selected with it. Empty: all tracks.
    pub tracks: Vec<TrackId>,
}

/// Aggregates of a selection.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SelectionReport {
    /// What of the GPUs is counted.
    pub counted: Counted,
    /// How many of these share time with the range.
    pub count: usize,
    /// Slices of host threads that do.
    pub host: usize,
    /// Length of the range.
    pub window_ns: i64,
    /// Communication of the selected ranks in the range.
    pub comm: SelectedComm,
    /// What is counted, and host slices: per name and kind, most time first.
    pub by_op: Vec<SelectedOp>,
    /// Per track that has slices in the range, in drawing order: one row an SM, stream or thread.
    pub by_track: Vec<SelectedTrack>,
}

/// One of the ways in which the same work is recorded: an op on its stream, its kernel as the driver saw it, its thread
/// blocks on SMs. Only one is counted, the first of these that the selected rows have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Ops on streams.
    #[default]
    Ops,
    /// Kernels and copies as the driver saw them.
    Driver,
    /// Thread blocks on SMs.
    Blocks,
}

impl Counted {
    /// What one of them is called.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Ops => "op",
            Self::Driver => "driver record",
            Self::Blocks => "block",
        }
    }

    fn of_track(kind: &TrackKind) -> Option<Self> {
        match kind {
            TrackKind::Stream { .. } => Some(Self::Ops),
            TrackKind::Driver { .. } => Some(Self::Driver),
            TrackKind::Sm { .. } => Some(Self::Blocks),
            _ => None,
        }
    }
}

/// One op in a selection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelectedOp {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Durations of its slices, whole even where the range cuts them.
    #[serde(flatten)]
    pub durations: DurationStats,
    /// Mean of those durations.
    pub mean_ns: f64,
    /// Time inside the range, summed over slices.
    pub inside_ns: i64,
    /// `inside / (range × selected lanes with counted slices)`, 0…1.
    pub busy_share: f64,
}

/// One track in a selection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SelectedTrack {
    /// The track.
    pub track: TrackId,
    /// Slices in the range.
    pub slices: usize,
    /// Time in the range with at least one slice.
    pub busy_ns: i64,
    /// `busy / range`, 0…1.
    pub busy_share: f64,
    /// Mean duration of its slices, whole.
    pub mean_ns: f64,
}

/// Aggregates over the slices of a selection: two binary searches a lane, then one step a slice inside.
pub fn selection(trace: &Trace, selection: &Selection) -> SelectionReport {
    let tracks = selected_tracks(trace, &selection.tracks);
    let counted = counted(trace, &tracks);
    let mut sums =
        Sums { by_label: vec![(DurationStats::default(), 0); trace.labels.len()], lanes: 0 };
    let (mut count, mut host, mut by_track) = (0, 0, Vec::new());
    for &track in &tracks {
        let kind = &trace.track(track).kind;
        if matches!(kind, TrackKind::Marks { .. }) {
            continue;
        }
        let is_host = matches!(kind, TrackKind::HostThread { .. });
        let is_counted = Counted::of_track(kind) == Some(counted);
        let kept = is_counted || is_host;
        let Some(row) = sums.add_track(trace, track, selection.window, kept) else { continue };
        count += if is_counted { row.slices } else { 0 };
        host += if is_host { row.slices } else { 0 };
        by_track.push(row);
    }
    let window_ns = selection.window.len_ns();
    let comm = hidden(trace, &tracks, selection.window);
    let by_op = sums.by_op(trace, window_ns);
    SelectionReport { counted, count, host, window_ns, comm, by_op, by_track }
}

/// What the tracks have of the GPUs' work.
fn counted(trace: &Trace, tracks: &[TrackId]) -> Counted {
    let has = |wanted: Counted| {
        tracks.iter().map(|&track| trace.track(track)).any(|track| {
            let is_filled = || track.lanes.iter().any(|&lane| !trace.lane(lane).slices.is_empty());
            Counted::of_track(&track.kind) == Some(wanted) && is_filled()
        })
    };
    let order = [Counted::Ops, Counted::Driver, Counted::Blocks];
    order.into_iter().find(|&wanted| has(wanted)).unwrap_or_default()
}

/// The tracks named and all below them, in drawing order; all when none is named.
fn selected_tracks(trace: &Trace, named: &[TrackId]) -> Vec<TrackId> {
    let mut is_in = vec![named.is_empty(); trace.tracks.len()];
    for track in named {
        if let Some(is_in) = is_in.get_mut(track.0 as usize) {
            *is_in = true;
        }
    }
    for index in 0..trace.tracks.len() {
        // Parents come before their children.
        let parent_is_in =
            trace.tracks[index].parent.is_some_and(|parent| is_in[parent.0 as usize]);
        is_in[index] |= parent_is_in;
    }
    (0..trace.tracks.len()).filter(|&index| is_in[index]).map(|i| TrackId(i as u32)).collect()
}

struct Sums {
    /// Whole durations and time inside, by label.
    by_label: Vec<(DurationStats, i64)>,
    /// Lanes with slices in the range.
    lanes: usize,
}

impl Sums {
    /// Gives the row of a track, and takes its slices in where they are `kept`.
    fn add_track(
        &mut self,
        trace: &Trace,
        track: TrackId,
        window: Span,
        kept: bool,
    ) -> Option<SelectedTrack> {
        let mut whole = DurationStats::default();
        let (mut busy_ns, mut lanes) = (0, 0);
        for &lane in &trace.track(track).lanes {
            let before = whole.count;
            let inside_ns = self.add_lane(trace, lane, window, kept, &mut whole);
            let count = whole.count - before;
            lanes += usize::from(count > 0);
            busy_ns += inside_ns;
        }
        if whole.count == 0 {
            return None;
        }
        if lanes > 1 {
            // Slots of an SM run at the same time: count that once.
            busy_ns = union_ns(trace, &trace.track(track).lanes, window);
        }
        self.lanes += if kept { lanes } else { 0 };
        let busy_share = busy_ns as f64 / window.len_ns().max(1) as f64;
        let (slices, mean_ns) = (whole.count, whole.mean_ns());
        Some(SelectedTrack { track, slices, busy_ns, busy_share, mean_ns })
    }

    /// Adds the slices of one lane; gives their time inside.
    fn add_lane(
        &mut self,
        trace: &Trace,
        lane: LaneId,
        window: Span,
        kept: bool,
        whole: &mut DurationStats,
    ) -> i64 {
        let slices = &trace.lane(lane).slices;
        let mut sum_ns = 0;
        for row in slices.range(window) {
            let span = slices.span(row);
            let inside_ns = span.intersect(window).len_ns();
            if kept {
                let (durations, inside) = &mut self.by_label[slices.label[row].0 as usize];
                durations.add(span.len_ns());
                *inside += inside_ns;
            }
            whole.add(span.len_ns());
            sum_ns += inside_ns;
        }
        sum_ns
    }

    fn by_op(&self, trace: &Trace, window_ns: i64) -> Vec<SelectedOp> {
        let mut ops: BTreeMap<(&str, Kind), (DurationStats, i64)> = BTreeMap::new();
        for (label, (durations, inside_ns)) in trace.labels.iter().zip(&self.by_label) {
            if durations.count > 0 {
                let op = ops.entry((&label.name, label.kind)).or_default();
                op.0.merge(durations);
                op.1 += inside_ns;
            }
        }
        let all_ns = (window_ns as f64 * self.lanes as f64).max(1.0);
        let row = |((name, kind), (durations, inside_ns)): ((&str, Kind), (DurationStats, i64))| {
            SelectedOp {
                name: name.to_owned(),
                kind,
                durations,
                mean_ns: durations.mean_ns(),
                inside_ns,
                busy_share: inside_ns as f64 / all_ns,
            }
        };
        let mut rows: Vec<SelectedOp> = ops.into_iter().map(row).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.inside_ns));
        rows
    }
}

fn union_ns(trace: &Trace, lanes: &[LaneId], window: Span) -> i64 {
    let spans = lanes.iter().flat_map(|&lane| {
        let slices = &trace.lane(lane).slices;
        slices.range(window).map(|row| slices.span(row).intersect(window))
    });
    IntervalSet::union_of(spans).len_ns()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::trace;
    use crate::model::TrackKind;

    const BLOCKS: &str = "rank 0
        stream 0: gemm 0..100 up
        sm 0: gemm 0..40 up; gemm 40..90 up; comm 95..100 ar
        sm 0.1: gemm 30..60 up
        sm 1: norm 0..10 norm";

    #[test]
    fn whole_durations_and_time_inside() {
        let trace = trace(BLOCKS);
        let sm = trace.find_track(&TrackKind::Sm { rank: 0, sm: 0 }).expect("in the text");
        let picked = Selection { window: Span::new(20, 60), tracks: vec![sm] };
        let report = selection(&trace, &picked);
        let of_sms = (report.counted, report.count, report.window_ns);
        assert_eq!(of_sms, (Counted::Blocks, 3, 40), "blocks, where no stream is selected");
        let up = &report.by_op[0];
        let expected = DurationStats { count: 3, total_ns: 120, min_ns: 30, max_ns: 50 };
        assert_eq!((up.name.as_str(), up.durations, up.inside_ns), ("up", expected, 70));
        assert_eq!(up.busy_share, 70.0 / 80.0);
        // Both slots are busy from 30 to 60, counted once.
        assert_eq!((report.by_track[0].busy_ns, report.by_track[0].busy_share), (40, 1.0));
    }

    #[test]
    fn all_tracks_when_none_is_named_and_ops_are_counted_once() {
        let report =
            selection(&trace(BLOCKS), &Selection { window: Span::new(0, 10), tracks: vec![] });
        assert_eq!((report.by_track.len(), report.counted, report.count), (3, Counted::Ops, 1));
        let [up] = &report.by_op[..] else { panic!("{:?}", report.by_op) };
        assert_eq!((up.durations.count, up.inside_ns, up.busy_share), (1, 10, 1.0));
    }

    #[test]
    fn marks_are_nothing_that_runs() {
        let text = "rank 0\n marks 0: mark 0..100 step0\n stream 0: gemm 0..50 up";
        let report =
            selection(&trace(text), &Selection { window: Span::new(0, 100), tracks: vec![] });
        assert_eq!((report.count, report.by_op.len(), report.by_track.len()), (1, 1, 1));
    }

    #[test]
    fn what_hides_communication_need_not_be_selected() {
        let trace = trace(
            "rank 0
             stream 0: gemm 0..60 up
             stream 1: comm 20..100 ar
             rank 1
             stream 0: comm 0..100 ar",
        );
        let comm =
            trace.find_track(&TrackKind::Stream { rank: 0, stream: 1 }).expect("in the text");
        let picked = Selection { window: Span::new(30, 80), tracks: vec![comm] };
        let expected = SelectedComm { ranks: 1, comm_ns: 50, hidden_ns: 30, exposed_ns: 20 };
        assert_eq!(selection(&trace, &picked).comm, expected);
    }

    #[test]
    fn nothing_in_an_empty_range() {
        let picked = Selection { window: Span::new(200, 300), tracks: vec![] };
        let report = selection(&trace(BLOCKS), &picked);
        assert!(report.by_op.is_empty() && report.by_track.is_empty());
    }
}
