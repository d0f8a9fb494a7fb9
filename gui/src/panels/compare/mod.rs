//! What differs between what is in view and what it is held against: in a sentence, by cause and by op.

mod causes;
mod ops;

use egui::{RichText, ScrollArea, Ui};

use super::widgets::{Cx, sentence, weak};

/// The tab.
pub(super) fn differences_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(comparison) = &cx.state.comparison else {
        ui.label(weak(cx.theme, "Nothing is held: B keeps what is in view to compare with."));
        return;
    };
    // While the newest is worked out, the one before stays: digits that come and go cannot be read.
    let Some(report) = &comparison.report else {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(weak(cx.theme, "Comparing…"));
        });
        return;
    };
    let text = RichText::new(&report.sentence).color(cx.theme.surfaces.strong);
    ui.add(egui::Label::new(text).wrap());
    for caveat in &report.caveats {
        sentence(ui, cx.theme, caveat);
    }
    let is_wide = ui.available_width() >= WIDE;
    if is_wide {
        ui.columns_const(|[left, right]| {
            ScrollArea::vertical().id_salt("causes").auto_shrink(false).show(left, |ui| {
                causes::causes_ui(ui, cx, report);
            });
            ops::ops_ui(right, cx, report);
        });
    } else {
        ScrollArea::vertical().id_salt("differences").auto_shrink(false).show(ui, |ui| {
            causes::causes_ui(ui, cx, report);
            ui.add_space(8.0);
            ops::ops_ui(ui, cx, report);
        });
    }
}

/// From this width on, causes and ops fit beside each other.
const WIDE: f32 = 900.0;
