//! The list of commands, found by name.

use egui::{Align, Align2, Button, Id, Key, Layout, ScrollArea, TextEdit, Ui, Window, vec2};

use super::widgets::{Cx, name_widget, weak};
use crate::app::{Command, Overlay, palette_rows};

/// The palette, when it is open.
pub(crate) fn palette_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Overlay::Palette { query, cursor } = &state.overlay else { return };
    let rows = palette_rows(state);
    arrows(ui, cx);
    let enter = ui.ctx().input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Enter));
    let window = Window::new("Commands")
        .id(Id::unique("palette"))
        .title_bar(false)
        .resizable(false)
        .anchor(Align2::CENTER_TOP, vec2(0.0, 64.0))
        .fixed_size(vec2(460.0, 360.0));
    window.show(ui.ctx(), |ui| {
        let mut text = query.clone();
        let edit = TextEdit::singleline(&mut text)
            .id(Id::unique("palette query"))
            .hint_text("Find a command")
            .desired_width(f32::INFINITY);
        let response = ui.add(edit);
        name_widget(&response, "Find a command");
        response.request_focus();
        if response.changed() {
            cx.send(Command::PaletteInput(text));
        }
        if enter {
            // After the text: what was typed together with it decides the row.
            let row = if response.changed() { 0 } else { *cursor };
            cx.send(Command::PaletteRun(row));
        }
        ui.add_space(4.0);
        if rows.is_empty() {
            ui.label(weak(cx.theme, "No command of this name"));
        }
        ScrollArea::vertical().show(ui, |ui| {
            ui.with_layout(Layout::top_down_justified(Align::Min), |ui| {
                for (index, action) in rows.iter().enumerate() {
                    let mut button = Button::selectable(index == *cursor, &action.text);
                    if let Some(shortcut) = &action.shortcut {
                        button = button.shortcut_text(crate::keys::in_words(ui.ctx(), shortcut));
                    }
                    let row = ui.add(button);
                    if index == *cursor {
                        row.scroll_to_me(None);
                    }
                    if row.on_hover_text(action.tooltip).clicked() {
                        cx.send(Command::PaletteRun(index));
                    }
                }
            });
        });
    });
}

fn arrows(ui: &Ui, cx: &mut Cx<'_>) {
    let pressed = |key| ui.ctx().input_mut(|input| input.consume_key(egui::Modifiers::NONE, key));
    if pressed(Key::ArrowDown) {
        cx.send(Command::PaletteMove(1));
    }
    if pressed(Key::ArrowUp) {
        cx.send(Command::PaletteMove(-1));
    }
}
