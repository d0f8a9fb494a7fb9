//! Where the parts of the timeline lie, and which of them give way where it is low.

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
    /// Which of the three have a row there.
    mark_rows: [bool; 3],
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
        let mark_rows = mark_rows(data, whole.height() - minimap.height() - ruler.height());
        let marks = strip(marks_height(mark_rows));
        let plot = Rect::from_min_max(pos2(left, top), whole.max.max(pos2(left, top)));
        let header = Rect::from_min_max(pos2(whole.left(), top), pos2(left, plot.bottom()));
        Self { whole, minimap, ruler, marks, mark_rows, header, plot }
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
    pub(super) fn mark_row(&self, lane: usize) -> Option<Rect> {
        let mut above = self.mark_rows;
        above[lane..].fill(false);
        let top = self.marks.top() + marks_height(above);
        let size = vec2(self.marks.width(), MARK_HEIGHTS[lane]);
        self.mark_rows[lane].then(|| Rect::from_min_size(pos2(self.marks.left(), top), size))
    }
}

/// Height of the rows of iterations, layers and phases.
const MARK_HEIGHTS: [f32; 3] = [MARK_ROW, MARK_ROW, PHASE_ROW];
/// Two ranks, folded, with what is on top of them: where rows had less, marks give way to them.
const LEAST_ROWS: f32 = 100.0;

/// Which marks have a row where they and the rows of ranks share so much height: all that there are, but in a low timeline no
/// layers, and in a lower one no phases.
fn mark_rows(data: &TimelineData, height: f32) -> [bool; 3] {
    let mut shown = [false; 3];
    data.mark_rows().for_each(|lane| shown[lane] = true);
    for lane in [1, 2] {
        if height - marks_height(shown) < LEAST_ROWS {
            shown[lane] = false;
        }
    }
    shown
}

fn marks_height(shown: [bool; 3]) -> f32 {
    MARK_HEIGHTS.into_iter().zip(shown).filter(|&(_, shown)| shown).map(|(height, _)| height).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weftscope_traces::{
        ArgsId, Kind, Label, Meta, Phase, Provenance, Span, TraceBuilder, TrackKind,
    };

    use super::*;

    /// Marks of iterations, layers and phases.
    fn data() -> TimelineData {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let marks = builder.track(None, "marks", TrackKind::Marks { rank: None });
        for (name, phase) in [("step", Phase::None), ("layer 0", Phase::None), ("A", Phase::A)] {
            let (lane, kind) = (builder.lane(marks), Kind::Mark);
            let label = builder.label(Label { name: name.into(), kind, phase, ..Label::default() });
            builder.push(lane, Span::new(0, 100), label, ArgsId::NONE, 0);
        }
        TimelineData::new(Arc::new(builder.finish().unwrap()))
    }

    #[test]
    fn marks_give_way_to_rows_in_a_low_timeline() {
        let data = data();
        let shown = |height: f32| {
            let areas =
                Areas::new(Rect::from_min_size(pos2(0.0, 10.0), vec2(800.0, height)), &data);
            let rows: Vec<Rect> = (0..3).filter_map(|lane| areas.mark_row(lane)).collect();
            assert!(rows.windows(2).all(|pair| pair[0].bottom() == pair[1].top()), "{height}");
            let last = rows.last().map_or(areas.marks.top(), Rect::bottom);
            assert_eq!(last, areas.marks.bottom(), "{height}");
            assert_eq!(areas.plot.top(), areas.marks.bottom(), "{height}");
            ((0..3).filter(|&lane| areas.mark_row(lane).is_some()).collect(), areas.plot.height())
        };
        let expected: [(f32, (Vec<usize>, f32)); 5] = [
            (600.0, (vec![0, 1, 2], 496.0)),
            (204.0, (vec![0, 1, 2], 100.0)),
            (200.0, (vec![0, 2], 112.0)),
            (151.0, (vec![0], 111.0)),
            (60.0, (vec![0], 20.0)),
        ];
        for (height, expected) in expected {
            assert_eq!(shown(height), expected, "{height}");
        }
    }
}
