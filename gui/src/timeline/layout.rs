//! Where rows lie, from what is folded, and a first view that opens as much as fits.

use egui::Rangef;
use weftscope_traces::TrackId;

use super::{FoldId, HeightOf, TimelineData, ViewState, row_kind::RowKind};

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
    /// What stands below it is shown.
    pub is_open: bool,
}

impl Row {
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
            RowKind::Rank(index) => data.ranks[index].track,
            kind => kind.slices_of(),
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

/// Heights in points, on the 4-point grid; others are the user's.
pub(super) mod height {
    /// A rank's ribbon at least. Eight of them fit with room for the rest at 720.
    pub(in crate::timeline) const RIBBON: f32 = 40.0;
    /// A rank's ribbon at most; beyond, more height shows nothing more.
    pub(in crate::timeline) const TALL_RIBBON: f32 = 88.0;
    /// A heading without data.
    pub(in crate::timeline) const HEADING: f32 = 20.0;
    /// Air under a rank.
    pub(in crate::timeline) const RANK_GAP: f32 = 4.0;
}

impl RowLayout {
    /// Places the rows of `data` that scroll, as `view` folds and arranges them.
    pub fn new(data: &TimelineData, view: &ViewState) -> Self {
        Self::with(data, view, &[])
    }

    /// The same, with the ribbons grown to use what `height` leaves over, unless they were drawn to a height.
    pub fn fitted(data: &TimelineData, view: &ViewState, height: f32) -> Self {
        Self::fitted_with(data, view, &[], height)
    }

    /// Places the rows that are pinned, as many as `height` has room for; the others are given back.
    pub(super) fn pinned(
        data: &TimelineData,
        view: &ViewState,
        height: f32,
    ) -> (Self, Vec<RowKind>) {
        let mut placer = Placer { data, view, layout: Self::default() };
        let mut loose = Vec::new();
        for row in view.rows.pinned.iter().filter_map(|id| id.find(data)) {
            if loose.is_empty() && placer.layout.height + placer.size(row).0 <= height {
                placer.push(row, false);
            } else {
                loose.push(row);
            }
        }
        (placer.layout, loose)
    }

    /// [`fitted`](Self::fitted), with some rows more on top.
    pub(super) fn fitted_with(
        data: &TimelineData,
        view: &ViewState,
        on_top: &[RowKind],
        height: f32,
    ) -> Self {
        let mut layout = Self::with(data, view, on_top);
        if view.heights.ribbon.is_some() {
            return layout;
        }
        let is_ribbon = |row: &&Row| matches!(row.kind, RowKind::Rank(_));
        let ribbons = layout.rows.iter().filter(is_ribbon).count().max(1) as f32;
        let spare = height - layout.height;
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

    fn with(data: &TimelineData, view: &ViewState, on_top: &[RowKind]) -> Self {
        let mut placer = Placer { data, view, layout: Self::default() };
        for &row in on_top {
            placer.push(row, false);
        }
        for row in view.rows.below(data, None) {
            placer.place(row, false);
        }
        placer.layout
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
}

/// Puts rows one under another.
struct Placer<'a> {
    data: &'a TimelineData,
    view: &'a ViewState,
    layout: RowLayout,
}

impl Placer<'_> {
    /// Places a row and what is open below it. What stands over a row that passes the filter is shown and open;
    /// below a row that passes everything is shown as it is folded (`is_asked`).
    fn place(&mut self, row: RowKind, is_asked: bool) {
        let is_asked = is_asked || self.view.rows.passes(&row.name(self.data));
        if !is_asked && !self.has_asked(row) {
            return;
        }
        let fold = row.fold_id(self.data);
        let is_open = fold.is_some_and(|fold| !is_asked || self.view.is_open(fold));
        self.push(row, is_open);
        if is_open {
            for child in self.view.rows.below(self.data, Some(row)) {
                self.place(child, is_asked);
            }
        }
        if matches!(row, RowKind::Rank(_)) {
            self.layout.height += height::RANK_GAP;
        }
    }

    /// Does anything below a row pass the filter?
    fn has_asked(&self, row: RowKind) -> bool {
        let rows = &self.view.rows;
        row.fold_id(self.data).is_some()
            && rows
                .below(self.data, Some(row))
                .into_iter()
                .any(|child| rows.passes(&child.name(self.data)) || self.has_asked(child))
    }

    fn push(&mut self, kind: RowKind, is_open: bool) {
        let (height, lanes) = self.size(kind);
        self.layout.rows.push(Row { kind, y: self.layout.height, height, lanes, is_open });
        self.layout.height += height;
    }

    /// Height in points, and lanes.
    fn size(&self, row: RowKind) -> (f32, u32) {
        let lanes = |id: TrackId| self.data.trace.track(id).lanes.len().max(1) as u32;
        let heights = &self.view.heights;
        match row {
            RowKind::Rank(_) => (heights.ribbon.unwrap_or(height::RIBBON), 1),
            RowKind::Counter(_) => (heights.counter, 1),
            RowKind::Sms(_) | RowKind::Inside(_) | RowKind::Hosts(_) | RowKind::Answer(_) => {
                (height::HEADING, 0)
            }
            RowKind::Stream(id) => (heights.stream * lanes(id) as f32, lanes(id)),
            RowKind::Sm(id) => (heights.sm, lanes(id)),
            RowKind::Host(id) => (heights.host * lanes(id) as f32, lanes(id)),
        }
    }
}

/// A first view for rows of `height` points: as much opened as fits without scrolling. The first rank's streams and
/// counters, then its SM rows, then all other ranks; without ranks the host threads, whether they fit or not.
pub fn view_for_height(data: &TimelineData, height: f32) -> ViewState {
    let mut view = ViewState::new(data);
    if data.ranks.is_empty() {
        return view;
    }
    view.open.clear();
    view.open_answers(data);
    view.heights.sm = *HeightOf::Sm.limits().start();
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
