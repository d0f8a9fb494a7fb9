//! What every figure has around it: a badge, a title, key figures, a legend, and where its times come from.

use std::sync::Arc;

use egui::{
    Align, Align2, Frame, Galley, Layout, Margin, Rect, RichText, Sense, Stroke, StrokeKind, Ui,
    vec2,
};
use weftscope_traces::{Doubt, Kind, Meta, analysis::AccountClass};

use super::class::{ClassMesh, class_colour};
use crate::{
    theme::Theme,
    timeline::{badge_ui, legend_entry, legend_swatch},
};

/// Points around a figure.
const MARGIN: i8 = 14;

/// What stands around a figure.
pub(super) struct Sheet<'a> {
    pub(super) meta: &'a Meta,
    /// What is shown, behind the title of the run.
    pub(super) what: &'a str,
    /// Captions and values.
    pub(super) facts: Vec<(String, String)>,
    /// Said at the foot, beside where times come from.
    pub(super) note: String,
}

impl Sheet<'_> {
    /// Draws it, with legend and figure within.
    pub(super) fn show(
        &self,
        ui: &mut Ui,
        theme: &Theme,
        legend: impl FnOnce(&mut Ui),
        body: impl FnOnce(&mut Ui),
    ) {
        Frame::new().inner_margin(Margin::same(MARGIN)).show(ui, |ui| {
            self.title_ui(ui, theme);
            ui.add_space(2.0);
            ui.horizontal_wrapped(|ui| {
                ui.spacing_mut().item_spacing = vec2(4.0, 2.0);
                legend(ui);
            });
            ui.add_space(4.0);
            let foot = self.foot(ui, theme);
            let height = ui.available_height() - foot.size().y - FOOT_GAP;
            let room = vec2(ui.available_width(), height.max(8.0));
            ui.allocate_ui_with_layout(room, Layout::top_down(Align::Min), |ui| {
                ui.set_min_size(room);
                body(ui);
            });
            foot_ui(ui, theme, foot);
        });
    }

    /// The title has a line to itself: it says model, degree, tokens, strategy and machine.
    fn title_ui(&self, ui: &mut Ui, theme: &Theme) {
        let s = &theme.surfaces;
        ui.horizontal(|ui| {
            badge_ui(ui, &self.meta.provenance, theme);
            let title = format!("{}: {}", self.what, self.meta.title);
            ui.add(egui::Label::new(RichText::new(title).color(s.strong)).truncate());
        });
        if self.facts.is_empty() {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            for (caption, value) in &self.facts {
                ui.label(RichText::new(caption).small().color(s.weak));
                ui.label(RichText::new(value).font(theme.mono()).color(s.strong));
                ui.add_space(6.0);
            }
        });
    }

    /// Where times come from, on as many lines as it takes: no size of a figure loses it.
    fn foot(&self, ui: &Ui, theme: &Theme) -> Arc<Galley> {
        let source = self.meta.provenance.source();
        let mut words = format!("Times are {}", self.meta.provenance.sentence());
        if !source.is_empty() && !words.contains(&*source) {
            words += &format!(" ({source})");
        }
        for more in [doubt(self.meta), self.note.clone()] {
            if !more.is_empty() {
                words += &format!("; {more}");
            }
        }
        let width = ui.available_width() - PROGRAM;
        ui.painter().layout(words + ".", theme.small(), theme.surfaces.weak, width)
    }
}

/// Points over the foot, and those at its right end that the program's name takes.
const FOOT_GAP: f32 = 6.0;
const PROGRAM: f32 = 104.0;

fn foot_ui(ui: &mut Ui, theme: &Theme, foot: Arc<Galley>) {
    let size = vec2(ui.available_width(), foot.size().y);
    let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
    let ink = theme.surfaces.weak;
    ui.painter().galley(rect.min, foot, ink);
    let program = format!("weftscope {}", env!("CARGO_PKG_VERSION"));
    ui.painter().text(rect.right_bottom(), Align2::RIGHT_BOTTOM, program, theme.small(), ink);
}

/// How far predicted times may be off.
fn doubt(meta: &Meta) -> String {
    meta.doubt().map_or_else(String::new, Doubt::sign)
}

/// A caption within a legend.
pub(super) fn caption_ui(ui: &mut Ui, theme: &Theme, text: &str) {
    let text = RichText::new(text).small().color(theme.surfaces.weak);
    ui.add(egui::Label::new(text).extend());
}

/// The kinds among `kinds`, each in its colours.
pub(super) fn kinds_ui(ui: &mut Ui, theme: &Theme, kinds: &[(Kind, bool)]) {
    for &(kind, halves) in kinds {
        legend_entry(ui, theme, kind.words(), |ui, rect| {
            legend_swatch(ui, theme, kind, halves, rect);
        });
    }
}

/// The classes among `classes`.
pub(super) fn classes_ui(ui: &mut Ui, theme: &Theme, classes: &[AccountClass]) {
    for &class in classes {
        class_ui(ui, theme, class, class.name());
    }
}

/// A class under another name.
pub(super) fn class_ui(ui: &mut Ui, theme: &Theme, class: AccountClass, name: &str) {
    legend_entry(ui, theme, name, |ui, rect| {
        let mut mesh = ClassMesh::new(ui.painter());
        mesh.add(theme, rect, class);
        mesh.paint(ui.painter());
        if class == AccountClass::Idle {
            let edge = Stroke::new(1.0, theme.surfaces.weak);
            let fill = class_colour(theme, class);
            ui.painter().rect(rect, 0.0, fill, edge, StrokeKind::Inside);
        }
    });
}

/// All the room that is left.
pub(super) fn room(ui: &mut Ui) -> Rect {
    let size = ui.available_size();
    ui.allocate_exact_size(size, Sense::hover()).0
}
