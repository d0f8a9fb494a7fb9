//! The menu: every named command, by group.

use egui::{Button, Ui};

use super::widgets::Cx;
use crate::app::{
    Command, ThemeChoice,
    action::{Action, Group, actions},
};

pub(super) fn menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let all = actions(cx.state);
    let menu = ui.menu_button("Weftscope", |ui| {
        for group in Group::ALL {
            let rows: Vec<&Action> = all.iter().filter(|action| action.group == group).collect();
            if rows.is_empty() {
                continue;
            }
            ui.menu_button(group.name(), |ui| {
                for action in rows {
                    row_ui(ui, cx, action);
                }
                if group == Group::Window {
                    theme_ui(ui, cx);
                }
            });
        }
    });
    super::widgets::name_widget(&menu.response, "Menu");
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, action: &Action) {
    let mut button = Button::new(&action.text);
    if let Some(shortcut) = &action.shortcut {
        button = button.shortcut_text(ui.ctx().format_shortcut(shortcut));
    }
    if ui.add(button).on_hover_text(action.tooltip).clicked() {
        cx.send(action.command.clone());
        ui.close();
    }
}

fn theme_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    ui.menu_button("Colours", |ui| {
        for theme in ThemeChoice::ALL {
            if ui.radio(cx.state.settings.theme == theme, theme.name()).clicked() {
                cx.send(Command::SetTheme(theme));
                ui.close();
            }
        }
    });
}
