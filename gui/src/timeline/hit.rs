use egui::{Pos2, Rangef};
use weftscope_traces::{LaneId, SliceRef, Span, TrackId};

use super::{Row, RowKind, TimeScale, TimelineData, ViewState, bands::Bands};

/// Points beside a slice that still count as on it: a block of a nanosecond can be caught.
const REACH: f32 = 3.0;

/// What is on the screen: a trace, how it is looked at, and where that puts its rows.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) data: &'a TimelineData,
    pub(super) view: &'a ViewState,
    pub(super) bands: &'a Bands,
}

/// What lies under a point of the plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Hit {
    /// Row, when one is there.
    pub(super) row: Option<Row>,
    /// Slice, when one is within reach.
    pub(super) slice: Option<SliceRef>,
}

/// Finds row and slice under `at`.
pub(super) fn hit(scene: Scene<'_>, at: Pos2) -> Hit {
    let Scene { data, view, bands } = scene;
    let band = bands.at(at);
    let y = band.y_of(at.y);
    let Some(row) = band.layout.row_at(y).copied() else { return Hit { row: None, slice: None } };
    let scale = bands.areas.scale(view);
    let slice = row.kind.slices_of().and_then(|track| {
        lanes_at(data, track, &row, y).find_map(|lane| slice_at(data, lane, &scale, at.x))
    });
    Hit { row: Some(row), slice }
}

/// Lanes that reach a height, the one drawn on top first.
fn lanes_at<'a>(
    data: &'a TimelineData,
    track: TrackId,
    row: &Row,
    y: f32,
) -> impl Iterator<Item = LaneId> + 'a {
    let (row, share) = (*row, (y - row.y) / row.height);
    let lanes = &data.trace.track(track).lanes;
    lanes
        .iter()
        .enumerate()
        .rev()
        .filter_map(move |(depth, &lane)| row.lane_shares(depth).contains(share).then_some(lane))
}

/// The slice whose time holds the point, else the longest within reach.
fn slice_at(data: &TimelineData, lane: LaneId, scale: &TimeScale, x: f32) -> Option<SliceRef> {
    let slices = &data.trace.lane(lane).slices;
    let at = scale.time_from_x(x);
    let under = slices.range(Span::new(at, at + 1)).find(|&index| slices.span(index).contains(at));
    if let Some(index) = under {
        return Some(SliceRef { lane, index: index as u32 });
    }
    let near = Span::new(scale.time_from_x(x - REACH), scale.time_from_x(x + REACH) + 1);
    let mut items = Vec::new();
    data.pyramid.query(&data.trace, lane, near, near.len_ns(), &mut items);
    let item = items.into_iter().max_by_key(|item| item.busy_ns)?;
    Some(SliceRef { lane, index: item.index })
}

/// Tracks of the rows between two heights of the screen.
pub(super) fn tracks_between(data: &TimelineData, bands: &Bands, y: Rangef) -> Vec<TrackId> {
    let mut tracks = Vec::new();
    for band in bands.both() {
        let own = band.areas.plot.y_range();
        let (top, bottom) = (y.min.max(own.min), y.max.min(own.max));
        if own.span() <= 0.0 || bottom < top {
            continue;
        }
        let (top, bottom) = (band.y_of(top), band.y_of(bottom));
        for row in band.layout.visible(top, bottom.max(top + 0.5)) {
            let track = match row.kind {
                RowKind::Sms(index) => data.ranks[index].track,
                _ => row.track(data),
            };
            tracks.extend(track.filter(|track| !tracks.contains(track)));
        }
    }
    tracks
}
