use std::sync::Arc;

use egui::{Mesh, Rect, Shape, Stroke, StrokeKind, pos2};
use weftscope_traces::{Kind, lod::Band};

use super::{Pen, ribbon::is_level};
use crate::{theme::Mode, timeline::TimeScale};

/// The mapping of the strip: always all that ran.
pub(in crate::timeline) fn minimap_scale(pen: &Pen<'_>) -> TimeScale {
    let strip = pen.areas.minimap;
    TimeScale::new(pen.data.overview_span(), strip.left(), strip.width())
}

/// The strip's ribbon, kept until the trace, the theme or the width changes.
#[derive(Clone, Default)]
pub(in crate::timeline) struct MinimapMesh {
    key: Option<(Rect, Mode)>,
    mesh: Arc<Mesh>,
}

impl MinimapMesh {
    /// Makes the mesh right for what `pen` is about to paint.
    pub(in crate::timeline) fn update(&mut self, pen: &Pen<'_>) {
        let strip = pen.areas.minimap;
        let key = Some((strip, pen.theme.mode));
        if self.key != key && strip.height() >= 1.0 {
            self.mesh = Arc::new(ribbon(pen, strip.shrink2(egui::vec2(0.0, 3.0))));
            self.key = key;
        }
    }
}

/// Draws the whole trace as one narrow ribbon, the part shown as a window in it.
pub(in crate::timeline) fn paint_minimap(pen: &Pen<'_>, mesh: &MinimapMesh) {
    let strip = pen.areas.minimap;
    let s = &pen.theme.surfaces;
    if strip.height() < 1.0 {
        return;
    }
    pen.painter.rect_filled(strip, 0.0, s.plot);
    pen.painter.add(Shape::Mesh(Arc::clone(&mesh.mesh)));
    let scale = minimap_scale(pen);
    let x = |ns| scale.x_from_time(ns).clamp(strip.left(), strip.right());
    let (left, right) = (x(pen.view.window.start_ns), x(pen.view.window.end_ns));
    let shade = s.plot.gamma_multiply(0.65);
    for (from, to) in [(strip.left(), left), (right, strip.right())] {
        if to > from {
            let rect = Rect::from_min_max(pos2(from, strip.top()), pos2(to, strip.bottom()));
            pen.painter.rect_filled(rect, 0.0, shade);
        }
    }
    // A handle of at least eight points: it can be grabbed even when a microsecond of a second is shown.
    let centre = (left + right) / 2.0;
    let half = ((right - left) / 2.0).max(4.0);
    let handle = Rect::from_min_max(
        pos2((centre - half).max(strip.left()), strip.top() + 1.0),
        pos2((centre + half).min(strip.right()), strip.bottom() - 1.0),
    );
    pen.painter.rect_stroke(handle, 2.0, Stroke::new(1.0, s.weak), StrokeKind::Inside);
    let y = pen.painter.round_to_pixel_center(strip.bottom());
    pen.painter.hline(pen.areas.whole.x_range(), y, Stroke::new(1.0, s.grid));
}

/// The strip's ribbon from the columns worked out with the trace; alike neighbours are one rectangle a band.
fn ribbon(pen: &Pen<'_>, rect: Rect) -> Mesh {
    let columns = pen.data.overview.columns();
    let width = rect.width() / columns.len() as f32;
    let mut mesh = Mesh::default();
    let mut first = 0;
    for run in columns.chunk_by(is_level) {
        let (left, num) = (rect.left() + first as f32 * width, run.len());
        first += num;
        let right = rect.left() + first as f32 * width;
        let mut base = rect.bottom();
        for band in Band::all().filter(|band| band.kind != Kind::Mark) {
            let height = run[0][band.index()] * rect.height();
            if height > 0.0 {
                let block = Rect::from_min_max(pos2(left, base - height), pos2(right, base));
                mesh.add_colored_rect(block, pen.theme.kind(band.kind, band.split));
                base -= height;
            }
        }
    }
    mesh
}
