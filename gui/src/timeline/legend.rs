use egui::{
    Mesh, Rect, RichText, Role, Sense, Shape, Stroke, StrokeKind, Ui, WidgetInfo, pos2, vec2,
};
use weftscope_traces::{Kind, Origin, Provenance, Split, analysis::Slack};

use super::{
    Ghost, HostKind, TimelineData,
    paint::{bracket, hatch_texture, hatch_uv},
};
use crate::theme::Theme;

/// What the colours mean: the kinds that are in the trace, in the order of the ribbons' stacks.
pub fn legend_ui(ui: &mut Ui, data: &TimelineData, theme: &Theme) {
    let s = &theme.surfaces;
    let labels = &data.trace.labels;
    let has = |kind: Kind| labels.iter().any(|label| label.kind == kind);
    let shown = |kind: &Kind| !matches!(kind, Kind::Mark | Kind::Host) && has(*kind);
    for kind in Kind::ALL.into_iter().filter(shown) {
        let halves = labels.iter().any(|label| label.kind == kind && label.split == Split::Second);
        legend_entry(ui, theme, kind.words(), |ui, rect| {
            legend_swatch(ui, theme, kind, halves, rect);
        });
    }
    for kind in HostKind::ALL.into_iter().filter(|&kind| data.host_kinds.contains(&Some(kind))) {
        legend_entry(ui, theme, kind.name(), |ui, rect| {
            ui.painter().rect_filled(rect, 0.0, theme.host(kind));
        });
    }
    if data.has_host_marks {
        legend_entry(ui, theme, "range of the program", |ui, rect| {
            ui.painter().rect_filled(rect, 0.0, theme.kind(Kind::Mark, Split::Whole));
        });
    }
    legend_entry(ui, theme, "idle", |ui, rect| {
        let edge = Stroke::new(1.0, s.hairline);
        ui.painter().rect(rect, 0.0, s.plot, edge, StrokeKind::Inside);
    });
    phases(ui, data, theme);
    if labels.iter().any(|label| label.split == Split::Second) {
        let text = RichText::new("full: split 0, lighter: split 1").small().color(s.weak);
        // As a whole on the next line where this one has no room for it.
        ui.add(egui::Label::new(text).extend());
    }
}

/// What the outlines are of.
pub(crate) fn ghost_legend_ui(ui: &mut Ui, ghost: &Ghost, theme: &Theme) {
    let colour = theme.surfaces.strong;
    legend_entry(ui, theme, &format!("outlines: {}", ghost.name), |ui, rect| {
        ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, colour), StrokeKind::Inside);
    });
    if ghost.has_ends {
        legend_entry(ui, theme, "where its iterations end", |ui, rect| {
            let line = [rect.center_top(), rect.center_bottom()];
            ui.painter().extend(Shape::dashed_line(&line, Stroke::new(1.5, colour), 3.0, 2.0));
        });
    }
}

/// The two signs under a phase, where they occur.
fn phases(ui: &mut Ui, data: &TimelineData, theme: &Theme) {
    let slack = || data.phases.iter().filter_map(|mark| mark.slack).map(Slack::ns);
    if slack().any(|ns| ns > 0) {
        legend_entry(ui, theme, "slack of a phase", |ui, rect| {
            bracket(ui.painter(), rect, theme.surfaces.accent);
        });
    }
    if slack().any(|ns| ns < 0) {
        legend_entry(ui, theme, "exposed in a phase", |ui, rect| {
            ui.painter().rect_filled(rect.shrink2(vec2(0.0, 3.0)), 0.0, theme.surfaces.error);
        });
    }
}

/// A sign and its word, never parted by the end of a line.
pub(crate) fn legend_entry(ui: &mut Ui, theme: &Theme, word: &str, paint: impl FnOnce(&Ui, Rect)) {
    let colour = theme.surfaces.text;
    let galley = ui.painter().layout_no_wrap(word.to_owned(), theme.small(), colour);
    let size = vec2(SWATCH.x + 4.0 + galley.size().x + 8.0, galley.size().y.max(SWATCH.y));
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Label, true, word));
    let middle = rect.center().y;
    paint(ui, Rect::from_min_size(pos2(rect.left(), middle - SWATCH.y / 2.0), SWATCH));
    let at = pos2(rect.left() + SWATCH.x + 4.0, middle - galley.size().y / 2.0);
    ui.painter().galley(at, galley, colour);
}

const SWATCH: egui::Vec2 = vec2(16.0, 10.0);

/// A kind's colour; its two shades where both splits occur.
pub(crate) fn legend_swatch(ui: &Ui, theme: &Theme, kind: Kind, halves: bool, rect: Rect) {
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
