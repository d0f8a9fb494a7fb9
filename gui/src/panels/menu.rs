//! The menus: every named command, by group.

use egui::{Button, Id, ScrollArea, TextWrapMode, Ui};

use super::widgets::Cx;
use crate::app::{
    Command, ThemeChoice,
    action::{Action, Group, actions},
};

/// Points above and below what a menu holds.
const AROUND: f32 = 24.0;

/// One menu a group, none within another.
pub(super) fn menu_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let all = actions(cx.state);
    let spacing = std::mem::replace(&mut ui.spacing_mut().item_spacing.x, 2.0);
    for group in Group::ALL {
        let rows: Vec<&Action> = all.iter().filter(|action| action.group == group).collect();
        if rows.is_empty() {
            continue;
        }
        let button = Button::new(group.name()).frame_when_inactive(false);
        let menu = egui::containers::menu::MenuButton::from_button(button);
        let room = ui.ctx().content_rect().bottom() - ui.max_rect().bottom() - AROUND;
        let (response, _) = menu.ui(ui, |ui| {
            // Of a long menu in a low window the rest is scrolled to.
            let mut area = ScrollArea::vertical().max_height(room).min_scrolled_height(room);
            if is_opened(ui, group) {
                area = area.vertical_scroll_offset(0.0);
            }
            area.show(ui, |ui| {
                for action in rows {
                    if action.begins {
                        ui.separator();
                    }
                    row_ui(ui, cx, action);
                }
                if group == Group::View {
                    ui.separator();
                    theme_ui(ui, cx);
                }
            });
        });
        super::widgets::name_widget(&response, &format!("{} menu", group.name()));
    }
    ui.spacing_mut().item_spacing.x = spacing;
    ui.separator();
}

/// True in the first frame of a menu: it opens at its beginning, wherever it was scrolled to.
fn is_opened(ui: &Ui, group: Group) -> bool {
    let (id, pass) = (Id::unique((group.name(), "menu")), ui.ctx().cumulative_pass_nr());
    let last: Option<u64> = ui.data_mut(|data| {
        let last = data.get_temp(id);
        data.insert_temp(id, pass);
        last
    });
    last.is_none_or(|last| last + 1 < pass)
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, action: &Action) {
    let mut button = Button::new(&action.text).wrap_mode(TextWrapMode::Extend);
    if let Some(shortcut) = &action.shortcut {
        button = button.shortcut_text(crate::keys::in_words(ui.ctx(), shortcut));
    }
    if ui.add(button).on_hover_text(action.tooltip).clicked() {
        cx.send(action.command.clone());
        ui.close();
    }
}

fn theme_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    for theme in ThemeChoice::ALL {
        let text = format!("Colours: {}", theme.name().to_lowercase());
        if ui.radio(cx.state.settings.theme == theme, text).clicked() {
            cx.send(Command::SetTheme(theme));
            ui.close();
        }
    }
}
