use egui::{Rangef, Rect, pos2, vec2};

use super::{TimeScale, TimelineData, ViewState};

/// Where the parts of the timeline lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Areas {
    /// All of it.
    pub(super) whole: Rect,
    /// The strip over the whole trace.
    pub(super) minimap: Rect,
    /// Time axis.
    pub(super) ruler: Rect,
    /// Iterations, layers and phases; empty without marks.
    pub(super) marks: Rect,
    /// Names of rows.
    pub(super) header: Rect,
    /// Rows.
    pub(super) plot: Rect,
}

/// Heights and widths in points, on the 4-point grid.
const HEADER_WIDTH: f32 = 136.0;
const NARROW_HEADER_WIDTH: f32 = 76.0;
const MINIMAP: f32 = 24.0;
const RULER: f32 = 24.0;
/// Height of one row of marks.
pub(super) const MARK_ROW: f32 = 16.0;
/// Height of the phase row: a band and the bracket of its slack.
pub(super) const PHASE_ROW: f32 = 24.0;

impl Areas {
    pub(super) fn new(whole: Rect, data: &TimelineData) -> Self {
        // Half a phone wide or a card in a page: names give way to data.
        let header = if whole.width() < 520.0 { NARROW_HEADER_WIDTH } else { HEADER_WIDTH };
        let left = (whole.left() + header).min(whole.right() - 1.0);
        // A strip that would take a fifth of the height is left out.
        let minimap = if whole.height() < 180.0 { 0.0 } else { MINIMAP };
        let mut top = whole.top();
        let mut strip = |height: f32| {
            let rect = Rect::from_min_max(pos2(left, top), pos2(whole.right(), top + height));
            top += height;
            rect
        };
        let minimap = strip(minimap);
        let ruler = strip(RULER);
        let marks = strip(marks_height(data));
        let plot = Rect::from_min_max(pos2(left, top), whole.max.max(pos2(left, top)));
        let header = Rect::from_min_max(pos2(whole.left(), top), pos2(left, plot.bottom()));
        Self { whole, minimap, ruler, marks, header, plot }
    }

    /// The same with rows between two heights of the screen only.
    pub(super) fn with_rows(mut self, y: Rangef) -> Self {
        for rect in [&mut self.plot, &mut self.header] {
            *rect = Rect::from_x_y_ranges(rect.x_range(), y);
        }
        self
    }

    /// The column of names has its small form.
    pub(super) fn is_narrow(&self) -> bool {
        self.header.width() < HEADER_WIDTH
    }

    pub(super) fn scale(&self, view: &ViewState) -> TimeScale {
        TimeScale::new(view.window, self.plot.left(), self.plot.width())
    }

    /// The row of the marks in `lane` (0 iterations, 1 layers, 2 phases), when it is shown.
    pub(super) fn mark_row(&self, data: &TimelineData, lane: usize) -> Option<Rect> {
        let above = data.mark_rows().position(|row| row == lane)?;
        let top = self.marks.top() + MARK_ROW * above as f32;
        let height = if lane == 2 { PHASE_ROW } else { MARK_ROW };
        Some(Rect::from_min_size(pos2(self.marks.left(), top), vec2(self.marks.width(), height)))
    }
}

fn marks_height(data: &TimelineData) -> f32 {
    data.mark_rows().map(|lane| if lane == 2 { PHASE_ROW } else { MARK_ROW }).sum()
}
