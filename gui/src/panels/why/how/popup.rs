//! The answer to *How is this computed?*, over the panel.

use egui::{Grid, Key, Popup, PopupCloseBehavior, Response, RichText, Ui};

use super::How;
use crate::{
    keys::{is_pressed, plain},
    panels::widgets::{Cx, mono, weak},
};

/// What a row says of it under the pointer.
pub(in crate::panels::why) const HINT: &str = "Right click, or H: how it is computed.";

/// Opens at a right click on the row, or with the key H while it is under the pointer or has the focus; stays until a click
/// elsewhere or Esc.
pub(in crate::panels::why) fn popup_ui(row: &Response, cx: &Cx<'_>, hows: &[How]) {
    if hows.is_empty() {
        return;
    }
    let is_meant = row.has_focus() || row.contains_pointer();
    let is_typing = row.ctx.egui_wants_keyboard_input();
    let is_asked =
        is_meant && !is_typing && row.ctx.input(|input| is_pressed(input, &plain(Key::H)));
    let id = row.id.with("how");
    if row.secondary_clicked() || is_asked {
        Popup::open_id(&row.ctx, id);
    }
    Popup::from_response(row)
        .id(id)
        .open_memory(None)
        .close_behavior(PopupCloseBehavior::CloseOnClickOutside)
        .show(|ui| {
            ui.set_max_width(420.0);
            for (at, how) in hows.iter().enumerate() {
                if at > 0 {
                    ui.separator();
                }
                how_ui(ui, cx, how, at);
            }
        });
}

fn how_ui(ui: &mut Ui, cx: &Cx<'_>, how: &How, at: usize) {
    let strong = RichText::new(format!("{} = {}", how.what, how.answer()));
    ui.label(strong.color(cx.theme.surfaces.strong).strong());
    ui.add(egui::Label::new(mono(cx.theme, format!("= {}", how.formula))).wrap());
    Grid::new(("inputs", at)).num_columns(2).spacing([12.0, 2.0]).show(ui, |ui| {
        for input in &how.inputs {
            ui.scope(|ui| {
                ui.set_max_width(230.0);
                ui.add(egui::Label::new(weak(cx.theme, &input.name).font(cx.theme.small())).wrap());
            });
            ui.label(mono(cx.theme, input.exact()));
            ui.end_row();
        }
    });
}
