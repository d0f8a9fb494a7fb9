use egui::{Mesh, Rect, RichText, Sense, Shape, Stroke, StrokeKind, Ui, vec2};
use weftscope_traces::{Kind, Origin, Provenance, Split};

use super::{
    TimelineData,
    paint::{hatch_texture, hatch_uv},
};
use crate::theme::Theme;

/// What the colours mean: the kinds that are in the trace, in the order of the ribbons' stacks.
pub fn legend_ui(ui: &mut Ui, data: &TimelineData, theme: &Theme) {
    let s = &theme.surfaces;
    let labels = &data.trace.labels;
    let has = |kind: Kind| labels.iter().any(|label| label.kind == kind);
    for kind in Kind::ALL.into_iter().filter(|&kind| kind != Kind::Mark && has(kind)) {
        let halves = labels.iter().any(|label| label.kind == kind && label.split == Split::Second);
        swatch(ui, theme, kind, halves);
        ui.label(RichText::new(words(kind)).small().color(s.text));
        ui.add_space(4.0);
    }
    let (rect, _) = ui.allocate_exact_size(SWATCH, Sense::hover());
    ui.painter().rect(rect, 0.0, s.plot, Stroke::new(1.0, s.hairline), StrokeKind::Inside);
    ui.label(RichText::new("idle").small().color(s.text));
    if labels.iter().any(|label| label.split == Split::Second) {
        ui.add_space(4.0);
        ui.label(RichText::new("full: split 0, lighter: split 1").small().color(s.weak));
    }
}

const SWATCH: egui::Vec2 = vec2(16.0, 10.0);

/// A kind's colour; its two shades where both splits occur.
fn swatch(ui: &mut Ui, theme: &Theme, kind: Kind, halves: bool) {
    let (rect, _) = ui.allocate_exact_size(SWATCH, Sense::hover());
    let split = if halves { Split::Second } else { Split::First };
    let right = Rect::from_min_max(rect.center_top(), rect.max);
    let mut mesh = Mesh::default();
    let pixels_per_point = ui.pixels_per_point();
    if kind == Kind::Wait {
        mesh.texture_id = hatch_texture(ui.ctx());
        let uv = hatch_uv(rect, pixels_per_point);
        mesh.add_rect_with_uv(rect, uv, theme.kind(kind, Split::First));
    } else {
        mesh.add_colored_rect(rect, theme.kind(kind, Split::First));
        mesh.add_colored_rect(right, theme.kind(kind, split));
    }
    ui.painter().add(Shape::mesh(mesh));
}

/// A kind in words.
fn words(kind: Kind) -> &'static str {
    match kind {
        Kind::Gemm => "GEMM",
        Kind::Attention => "attention",
        Kind::Norm => "norm",
        Kind::Elementwise => "elementwise",
        Kind::Comm => "communication",
        Kind::Wait => "waiting for a rank",
        Kind::Memcpy => "memory copy",
        Kind::Host => "host",
        Kind::Mark => "mark",
        Kind::Other => "other kernel",
    }
}

/// MODELLED, MEASURED, MIXED or what the file says of who recorded it, so that no screenshot can lose it: what is computed is outlined, what was measured is
/// filled, and a mixture is outlined as a warning.
pub fn badge_ui(ui: &mut Ui, provenance: &Provenance, theme: &Theme) {
    let s = &theme.surfaces;
    let (colour, fill, edge) = match provenance.origin() {
        Some(Origin::Measured) => (s.panel, s.accent, s.accent),
        Some(Origin::Modelled) => (s.accent, egui::Color32::TRANSPARENT, s.accent),
        Some(Origin::Unknown) => (s.weak, egui::Color32::TRANSPARENT, s.weak),
        None => (s.warn, egui::Color32::TRANSPARENT, s.warn),
    };
    let text = provenance.badge().to_uppercase();
    let galley = ui.painter().layout_no_wrap(text, theme.small(), colour);
    let (rect, response) = ui.allocate_exact_size(galley.size() + vec2(10.0, 4.0), Sense::hover());
    ui.painter().rect(rect, 3.0, fill, Stroke::new(1.0, edge), StrokeKind::Inside);
    ui.painter().galley(rect.min + vec2(5.0, 2.0), galley, colour);
    response.widget_info(|| {
        egui::WidgetInfo::labeled(egui::Role::Label, true, provenance.badge().to_uppercase())
    });
    response.on_hover_text(format!("Times are {}", provenance.sentence()));
}
