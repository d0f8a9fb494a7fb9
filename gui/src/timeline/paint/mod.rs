//! Drawing, from prepared lists to meshes. Nothing here changes anything.

mod blocks;
mod counter;
mod flags;
mod flows;
mod ghost;
mod hatch;
mod header;
mod marks;
mod measure;
mod meshes;
mod minimap;
mod names;
mod overlay;
mod ribbon;
mod ruler;
mod shade;
mod signs;
mod text;

pub(super) use blocks::{BlockMesh, paint_blocks};
pub(super) use counter::{paint_counter, value_at};
pub(super) use flags::{Flag, flags, paint_flags};
pub(super) use flows::paint_flows;
pub(super) use ghost::paint_ghost;
pub(crate) use hatch::hatch_texture;
pub(super) use hatch::hatch_uv;
pub(super) use header::{paint_corner, paint_headers, paint_pinned_headers};
pub(super) use marks::{bracket, paint_marks};
pub(super) use measure::{Measures, paint_measures};
pub(crate) use meshes::Meshes;
pub(super) use minimap::{MinimapMesh, paint_minimap};
pub(super) use names::{paint_names, paint_wave_ticks};
pub(super) use overlay::{paint_marked, paint_range, paint_selected};
pub(crate) use ribbon::ribbon_parts;
pub(super) use ruler::paint_ruler;
pub(super) use signs::paint_signs;

use egui::{Color32, Painter, Rangef, Rect, pos2};
use weftscope_traces::{LabelId, Span};

use super::{Row, RowLayout, TimeScale, TimelineData, ViewState, areas::Areas, emphasis::Emphasis};
use crate::theme::Theme;

/// What every painting function is given.
pub(super) struct Pen<'a> {
    pub(super) data: &'a TimelineData,
    pub(super) view: &'a ViewState,
    pub(super) theme: &'a Theme,
    pub(super) painter: &'a Painter,
    pub(super) areas: Areas,
    pub(super) scale: TimeScale,
    pub(super) layout: &'a RowLayout,
    /// Points that its rows are scrolled.
    pub(super) scroll_y: f32,
    pub(super) emphasis: &'a Emphasis,
}

impl Pen<'_> {
    /// Rows on the screen.
    pub(super) fn rows(&self) -> &[Row] {
        let top = self.scroll_y;
        self.layout.visible(top, top + self.areas.plot.height())
    }

    /// Where a row lies vertically.
    pub(super) fn row_y(&self, row: &Row) -> Rangef {
        let top = self.areas.plot.top() + row.y - self.scroll_y;
        Rangef::new(top, top + row.height)
    }

    /// Where a lane of a row lies vertically.
    pub(super) fn lane_y(&self, row: &Row, lane: usize) -> Rangef {
        let whole = self.row_y(row);
        let shares = row.lane_shares(lane);
        Rangef::new(whole.min + whole.span() * shares.min, whole.min + whole.span() * shares.max)
    }

    /// A span on the screen, clipped to the plot horizontally; empty when it lies outside.
    pub(super) fn rect(&self, span: Span, y: Rangef) -> Rect {
        let plot = self.areas.plot;
        // The clamp comes before f32 vertices: an end far outside would lose the bits of the near one.
        let left = self.scale.x_from_time(span.start_ns).max(plot.left() - 2.0);
        let right = self.scale.x_from_time(span.end_ns).min(plot.right() + 2.0);
        Rect::from_min_max(pos2(left, y.min), pos2(right, y.max))
    }

    /// The full colour of what has this label.
    pub(super) fn fill(&self, label: LabelId) -> Color32 {
        self.data.label_fill(self.theme, label)
    }

    /// A painter that keeps to the plot.
    pub(super) fn in_plot(&self) -> Painter {
        self.painter.with_clip_rect(self.areas.plot.intersect(self.painter.clip_rect()))
    }
}
