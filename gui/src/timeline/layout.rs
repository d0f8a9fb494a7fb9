//! Where rows lie, from what is folded, and a first view that opens as much as fits.

use egui::Rangef;
use weftscope_traces::TrackId;

use super::{FoldId, RankRows, TimelineData, ViewState};

/// What a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// Header of a rank with its ribbon; the index is into [`TimelineData::ranks`].
    Rank(usize),
    /// A stream: op spans.
    Stream(TrackId),
    /// A counter: index into [`TraceParts::counters`](weftscope_traces::TraceParts::counters).
    Counter(usize),
    /// Header over the SM rows of a rank.
    Sms(usize),
    /// One SM with its slots.
    Sm(TrackId),
    /// Header over host threads of a rank (index) or of none.
    Hosts(Option<usize>),
    /// One host thread.
    Host(TrackId),
}

/// One row, placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// What it shows.
    pub kind: RowKind,
    /// Top in points from the top of all rows.
    pub y: f32,
    /// Height in points.
    pub height: f32,
    /// Lanes it is divided into.
    pub lanes: u32,
}

impl Row {
    /// What a click on its header folds.
    pub fn fold_id(&self, data: &TimelineData) -> Option<FoldId> {
        match self.kind {
            RowKind::Rank(index) => Some(FoldId::Rank(data.ranks[index].rank)),
            RowKind::Sms(index) => Some(FoldId::Sms(data.ranks[index].rank)),
            RowKind::Hosts(index) => Some(FoldId::Host(index.map(|i| data.ranks[i].rank))),
            _ => None,
        }
    }

    /// The part of its height that a lane takes, 0…1 from the top.
    ///
    /// Lanes of streams and threads lie one under another. The slots of an SM are drawn over one another, slot k
    /// from k/(k+1) of the height down: a block that is alone on its SM fills the row, two share it by halves. A GEMM that
    /// leaves three of four slots empty would otherwise be a line one point thick.
    pub fn lane_shares(&self, lane: usize) -> Rangef {
        let lane = lane as f32;
        if matches!(self.kind, RowKind::Sm(_)) {
            return Rangef::new(lane / (lane + 1.0), 1.0);
        }
        let lanes = self.lanes.max(1) as f32;
        Rangef::new(lane / lanes, (lane + 1.0) / lanes)
    }

    /// The track it shows, when it shows one.
    pub fn track(&self, data: &TimelineData) -> Option<TrackId> {
        match self.kind {
            RowKind::Stream(id) | RowKind::Sm(id) | RowKind::Host(id) => Some(id),
            RowKind::Rank(index) => data.ranks[index].track,
            _ => None,
        }
    }
}

/// All rows that are not folded away, top to bottom.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowLayout {
    /// The rows.
    pub rows: Vec<Row>,
    /// Height of all of them.
    pub height: f32,
}

/// Heights in points, on the 4-point grid (SM rows excepted: their height is the user's).
pub(super) mod height {
    /// A rank's ribbon at least. Eight of them fit with room for the rest at 720.
    pub(in crate::timeline) const RIBBON: f32 = 40.0;
    /// A rank's ribbon at most; beyond, more height shows nothing more.
    pub(in crate::timeline) const TALL_RIBBON: f32 = 88.0;
    /// One lane of a stream.
    pub(in crate::timeline) const STREAM: f32 = 20.0;
    /// A counter.
    pub(in crate::timeline) const COUNTER: f32 = 20.0;
    /// A heading without data.
    pub(in crate::timeline) const HEADING: f32 = 20.0;
    /// One depth of a host thread.
    pub(in crate::timeline) const HOST: f32 = 16.0;
    /// Air under a rank.
    pub(in crate::timeline) const RANK_GAP: f32 = 4.0;
}

impl RowLayout {
    /// Places the rows of `data` as `view` folds them.
    pub fn new(data: &TimelineData, view: &ViewState) -> Self {
        let mut layout = Self::default();
        for &track in &view.pinned {
            layout.track(data, view, track);
        }
        for (index, rows) in data.ranks.iter().enumerate() {
            layout.rank(data, view, index, rows);
        }
        if !data.hosts.is_empty() {
            layout.hosts(data, view, None, &data.hosts);
        }
        layout
    }

    /// The same, with the ribbons grown to use what `height` leaves over.
    pub fn fitted(data: &TimelineData, view: &ViewState, height: f32) -> Self {
        let mut layout = Self::new(data, view);
        let spare = height - layout.height;
        let ribbons = data.ranks.len().max(1) as f32;
        let most = height::TALL_RIBBON - height::RIBBON;
        // On the 4-point grid, so that hairlines stay where they are while the window is resized.
        let each = (spare / ribbons).clamp(0.0, most);
        let each = (each / 4.0).floor() * 4.0;
        let mut shift = 0.0;
        for row in &mut layout.rows {
            row.y += shift;
            if matches!(row.kind, RowKind::Rank(_)) {
                row.height += each;
                shift += each;
            }
        }
        layout.height += shift;
        layout
    }

    /// Rows that show something between two heights.
    pub fn visible(&self, from_y: f32, to_y: f32) -> &[Row] {
        let first = self.rows.partition_point(|row| row.y + row.height <= from_y);
        let last = self.rows.partition_point(|row| row.y < to_y);
        &self.rows[first.min(last)..last]
    }

    /// The row at a height.
    pub fn row_at(&self, y: f32) -> Option<&Row> {
        self.visible(y, y + f32::EPSILON.max(y * f32::EPSILON * 2.0)).first()
    }

    fn rank(&mut self, data: &TimelineData, view: &ViewState, index: usize, rows: &RankRows) {
        self.push(RowKind::Rank(index), height::RIBBON, 1);
        if view.is_open(FoldId::Rank(rows.rank)) {
            for &track in &rows.streams {
                self.track(data, view, track);
            }
            for &track in &rows.drivers {
                self.track(data, view, track);
            }
            for &counter in &rows.counters {
                self.push(RowKind::Counter(counter), height::COUNTER, 1);
            }
            if !rows.hosts.is_empty() {
                self.hosts(data, view, Some(index), &rows.hosts);
            }
            if !rows.sms.is_empty() {
                self.push(RowKind::Sms(index), height::HEADING, 0);
                if view.is_open(FoldId::Sms(rows.rank)) {
                    for &track in &rows.sms {
                        self.track(data, view, track);
                    }
                }
            }
        }
        self.height += height::RANK_GAP;
    }

    fn hosts(
        &mut self,
        data: &TimelineData,
        view: &ViewState,
        index: Option<usize>,
        tracks: &[TrackId],
    ) {
        self.push(RowKind::Hosts(index), height::HEADING, 0);
        if view.is_open(FoldId::Host(index.map(|i| data.ranks[i].rank))) {
            for &track in tracks {
                self.track(data, view, track);
            }
        }
    }

    fn track(&mut self, data: &TimelineData, view: &ViewState, id: TrackId) {
        use weftscope_traces::TrackKind;
        let Some(track) = data.trace.tracks.get(id.0 as usize) else { return };
        let lanes = track.lanes.len().max(1) as u32;
        match track.kind {
            TrackKind::Stream { .. } => {
                self.push(RowKind::Stream(id), height::STREAM * lanes as f32, lanes);
            }
            TrackKind::Sm { .. } => self.push(RowKind::Sm(id), view.sm_row_height, lanes),
            TrackKind::HostThread { .. } | TrackKind::Driver { .. } => {
                self.push(RowKind::Host(id), height::HOST * lanes as f32, lanes);
            }
            _ => {}
        }
    }

    fn push(&mut self, kind: RowKind, height: f32, lanes: u32) {
        self.rows.push(Row { kind, y: self.height, height, lanes });
        self.height += height;
    }
}

/// A first view for rows of `height` points: as much opened as fits without scrolling. The first rank's streams and
/// counters, then its SM rows, then all other ranks.
pub fn view_for_height(data: &TimelineData, height: f32) -> ViewState {
    let mut view = ViewState::new(data);
    view.open.clear();
    view.sm_row_height = *ViewState::SM_ROW_HEIGHTS.start();
    let rank = |index: usize| data.ranks.get(index).map(|rows| rows.rank);
    let first = [rank(0).map(FoldId::Rank), rank(0).map(FoldId::Sms)];
    // The strips above the rows take about a hundred points.
    let fits = |view: &ViewState| RowLayout::new(data, view).height <= height - 104.0;
    for id in first.into_iter().flatten() {
        view.open.insert(id);
        if !fits(&view) {
            view.open.remove(&id);
        }
    }
    // The others all or none: one more open among closed ones would look like a choice.
    let before = view.open.clone();
    view.open.extend(data.ranks.iter().skip(1).map(|rows| FoldId::Rank(rows.rank)));
    if !fits(&view) {
        view.open = before;
    }
    view
}
