use std::sync::Arc;

use egui::{Mesh, Rect, Shape, Stroke, StrokeKind, pos2};
use weftscope_traces::{Kind, lod::Band};

use super::Pen;
use crate::{theme::Mode, timeline::TimeScale};

/// The mapping of the strip: always the whole trace.
pub(in crate::timeline) fn minimap_scale(pen: &Pen<'_>) -> TimeScale {
    let strip = pen.areas.minimap;
    TimeScale::new(pen.data.whole_span(), strip.left(), strip.width())
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
            self.mesh = Arc::new(mean_ribbon(pen, strip.shrink2(egui::vec2(0.0, 3.0))));
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
    let left = scale.x_from_time(pen.view.window.start_ns).max(strip.left());
    let right = scale.x_from_time(pen.view.window.end_ns).min(strip.right());
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

/// The mean of all ranks' ribbons; without ranks, of how busy the host threads are.
fn mean_ribbon(pen: &Pen<'_>, rect: Rect) -> Mesh {
    let num = (rect.width().round().max(1.0)) as usize;
    let mut mean = vec![[0.0_f32; Band::COUNT]; num];
    if pen.data.ranks.is_empty() {
        host_shares(pen, &mut mean);
    }
    let ranks = pen.data.ribbons.len().max(1) as f32;
    for ribbon in pen.data.ribbons.iter() {
        let full = ribbon.basis().full_scale() * ranks;
        for (sum, column) in mean.iter_mut().zip(ribbon.query(pen.data.whole_span(), num)) {
            for (sum, share) in sum.iter_mut().zip(column.share) {
                *sum += share / full;
            }
        }
    }
    let mut mesh = Mesh::default();
    let width = rect.width() / num as f32;
    for (index, column) in mean.iter().enumerate() {
        let left = rect.left() + index as f32 * width;
        let mut base = rect.bottom();
        for band in Band::all().filter(|band| band.kind != Kind::Mark) {
            let height = column[band.index()] * rect.height();
            if height > 0.0 {
                let block = Rect::from_min_max(pos2(left, base - height), pos2(left + width, base));
                mesh.add_colored_rect(block, pen.theme.kind(band.kind, band.split));
                base -= height;
            }
        }
    }
    mesh
}

/// Adds to each column the share of its time in which outermost calls run, averaged over the host threads.
fn host_shares(pen: &Pen<'_>, columns: &mut [[f32; Band::COUNT]]) {
    let data = pen.data;
    let whole = data.whole_span();
    let column_ns = (whole.len_ns() as f64 / columns.len() as f64).max(1.0);
    let threads = data.hosts.len().max(1) as f64;
    let mut items = Vec::new();
    for lane in data.hosts.iter().filter_map(|&host| data.trace.track(host).lanes.first()) {
        data.pyramid.query(&data.trace, *lane, whole, column_ns as i64, &mut items);
        for item in &items {
            let band = Band { kind: item.kind, split: item.split }.index();
            let covers = item.busy_ns as f64 / item.span().len_ns().max(1) as f64;
            let at = |time_ns: i64| (time_ns - whole.start_ns) as f64 / column_ns;
            let (from, to) = (at(item.start_ns), at(item.end_ns));
            for (index, column) in columns.iter_mut().enumerate().skip(from as usize) {
                let share = to.min(index as f64 + 1.0) - from.max(index as f64);
                if share <= 0.0 {
                    break;
                }
                column[band] += (share * covers / threads) as f32;
            }
        }
    }
}
