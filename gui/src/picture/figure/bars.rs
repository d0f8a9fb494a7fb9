//! A bar of stretches, one after the other.

use egui::{Painter, Rect, Stroke, StrokeKind, pos2};
use weftscope_traces::analysis::AccountClass;

use super::class::ClassMesh;
use crate::theme::Theme;

/// Draws stretches from the left of `rect`, which is `whole_ns` wide.
pub(super) fn bar(
    (painter, theme): (&Painter, &Theme),
    rect: Rect,
    whole_ns: f64,
    parts: &[(AccountClass, f64)],
) {
    let mut mesh = ClassMesh::new(painter);
    let x_of = |ns: f64| rect.left() + rect.width() * (ns / whole_ns.max(1.0)) as f32;
    let mut from = 0.0;
    for &(class, ns) in parts {
        let part =
            Rect::from_min_max(pos2(x_of(from), rect.top()), pos2(x_of(from + ns), rect.bottom()));
        mesh.add(theme, part, class);
        from += ns;
    }
    mesh.paint(painter);
    let all = Rect::from_min_max(rect.min, pos2(x_of(from), rect.bottom()));
    painter.rect_stroke(all, 0.0, Stroke::new(0.5, theme.surfaces.weak), StrokeKind::Outside);
}
