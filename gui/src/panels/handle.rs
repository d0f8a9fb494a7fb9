//! What a folded panel leaves behind: a strip that opens it again.

use egui::{Frame, Id, Margin, Panel, Rect, Sense, Ui, vec2};

use super::{
    has_content,
    icon::{Icon, paint_icon},
    widgets::{Cx, draw_as},
};
use crate::app::{BottomTab, Command, PanelId, Side};

/// Width of a strip at a side, points.
const WIDTH: f32 = 14.0;
/// Height of the strip at the bottom, points.
const HEIGHT: f32 = 20.0;

/// The strip of a panel at a side.
pub(crate) fn side_handle_ui(ui: &mut Ui, cx: &mut Cx<'_>, panel: PanelId) {
    let facts = panel.facts();
    let id = format!("{} handle", facts.key);
    let (strip, icon) = match facts.side {
        Side::Left => (Panel::left(id), Icon::Right),
        Side::Right => (Panel::right(id), Icon::Left),
        Side::Bottom => return,
    };
    let frame = Frame::new().fill(cx.theme.surfaces.panel);
    strip.exact_size(WIDTH).resizable(false).frame(frame).show(ui, |ui| {
        let rect = ui.max_rect();
        // Under a name of its own: a count of widgets changes when a strip appears below, and a click that is under way
        // would be another widget's.
        let response = ui.interact(rect, Id::unique((facts.key, "handle")), Sense::click());
        ui.advance_cursor_after_rect(rect);
        draw_as(&response, egui::Role::Button, facts.command);
        let s = &cx.theme.surfaces;
        if response.hovered() {
            ui.painter().rect_filled(rect, 0.0, s.control_hover);
        }
        let ink = if response.hovered() { s.strong } else { s.weak };
        let square = Rect::from_center_size(rect.center(), vec2(10.0, 10.0));
        paint_icon(ui.painter(), square, icon, ink);
        let keys = crate::keys::in_words(ui.ctx(), &facts.keys);
        let text = format!("{}: {} ({keys})", facts.tooltip, facts.command.to_lowercase());
        if response.on_hover_text(text).clicked() {
            cx.send(Command::TogglePanel(panel));
        }
    });
}

/// One strip for all panels that are folded at the bottom, with the names of what they show.
pub(crate) fn bottom_handle_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let layout = &cx.state.settings.layout;
    let folded = |panel: &PanelId| {
        panel.facts().side == Side::Bottom
            && !layout.is_open(*panel)
            && has_content(*panel, cx.state)
    };
    let panels: Vec<PanelId> = PanelId::ALL.iter().copied().filter(folded).collect();
    if panels.is_empty() {
        return;
    }
    let frame = Frame::new().fill(cx.theme.surfaces.panel).inner_margin(Margin::symmetric(8, 0));
    Panel::bottom("bottom handle").exact_size(HEIGHT).resizable(false).frame(frame).show(
        ui,
        |ui| {
            // Names that do not fit are scrolled to.
            let hidden = egui::scroll_area::ScrollBarVisibility::AlwaysHidden;
            let row = egui::ScrollArea::horizontal().scroll_bar_visibility(hidden);
            row.id_salt("bottom handle").auto_shrink(false).show(ui, |ui| {
                ui.set_height(HEIGHT);
                ui.horizontal_centered(|ui| {
                    let names = panels.iter().flat_map(|&panel| names(cx, panel));
                    let names: f32 = names.map(|name| width(ui, cx, name)).sum();
                    if names > ui.available_width() {
                        let spacing = ui.spacing_mut();
                        spacing.item_spacing.x = CLOSE;
                        spacing.button_padding.x = 2.0;
                    }
                    for panel in panels {
                        entries_ui(ui, cx, panel);
                    }
                });
            });
        },
    );
}

/// Points between two names where not all fit with more.
const CLOSE: f32 = 4.0;

/// What a panel stands for in a strip.
fn names(cx: &Cx<'_>, panel: PanelId) -> Vec<&'static str> {
    match panel {
        PanelId::Bottom => super::bottom::tabs(cx.state).map(BottomTab::name).collect(),
        _ => vec![panel.facts().short],
    }
}

/// Points that a name takes in the strip, with what stands around it.
fn width(ui: &Ui, cx: &Cx<'_>, name: &str) -> f32 {
    let galley =
        ui.painter().layout_no_wrap(name.to_owned(), cx.theme.small(), cx.theme.surfaces.text);
    let spacing = ui.spacing();
    galley.size().x + 2.0 * spacing.button_padding.x + spacing.item_spacing.x
}

/// In a narrow window, one row of the names of all panels; as high as a finger is wide.
pub(crate) fn narrow_handle_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    const HEIGHT: f32 = 34.0;
    let shown = |panel: &PanelId| has_content(*panel, cx.state);
    let panels: Vec<PanelId> = PanelId::ALL.iter().copied().filter(shown).collect();
    let frame = Frame::new().fill(cx.theme.surfaces.panel).inner_margin(Margin::symmetric(8, 0));
    let strip = Panel::bottom("narrow handle").exact_size(HEIGHT).resizable(false).frame(frame);
    strip.show(ui, |ui| {
        let hidden = egui::scroll_area::ScrollBarVisibility::AlwaysHidden;
        let row = egui::ScrollArea::horizontal().scroll_bar_visibility(hidden).auto_shrink(false);
        row.show(ui, |ui| {
            ui.set_height(HEIGHT);
            ui.horizontal_centered(|ui| {
                for panel in panels {
                    entries_ui(ui, cx, panel);
                }
            });
        });
    });
}

fn entries_ui(ui: &mut Ui, cx: &mut Cx<'_>, panel: PanelId) {
    let (state, layout) = (cx.state, &cx.state.settings.layout);
    let (is_narrow, is_open) = (layout.is_narrow(), layout.is_open(panel));
    let shown_tab = layout.bottom_tab;
    let facts = panel.facts();
    let keys = crate::keys::in_words(ui.ctx(), &facts.keys);
    let mut entry = |name: &str, is_open: bool, command: Command| {
        let text = egui::RichText::new(name);
        let clicked = if is_narrow {
            ui.selectable_label(is_open, text).clicked()
        } else {
            let button = egui::Button::new(text.small()).frame_when_inactive(false).small();
            ui.add(button).on_hover_text(format!("Open ({keys})")).clicked()
        };
        if clicked {
            // What is open folds where all have their names in one row.
            cx.send(if is_open { Command::TogglePanel(panel) } else { command });
        }
    };
    match panel {
        PanelId::Bottom => {
            for tab in super::bottom::tabs(state) {
                entry(tab.name(), is_open && tab == shown_tab, Command::ShowBottom(tab));
            }
        }
        _ => entry(facts.short, is_open, Command::TogglePanel(panel)),
    }
}
