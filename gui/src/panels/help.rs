//! The sheet of keys, read off the list of commands.

use egui::{Grid, ScrollArea, Ui, vec2};

use super::widgets::{Cx, heading, mono, sheet_ui};
use crate::{
    app::{
        Overlay,
        action::{Group, actions},
    },
    timeline::TIMELINE_KEYS,
};

/// The sheet, when it is open.
pub(crate) fn help_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.state.overlay != Overlay::Help {
        return;
    }
    let list = actions(cx.state);
    let open = sheet_ui(ui, "Keys", 560.0, |ui| {
        ScrollArea::vertical().show(ui, |ui| {
            ui.columns_const(|[left, right]| {
                heading(left, cx.theme, "Timeline");
                sheet(
                    left,
                    cx,
                    "timeline",
                    TIMELINE_KEYS.iter().map(|&(keys, text)| (keys.to_owned(), text.to_owned())),
                );
                for group in Group::ALL {
                    let rows: Vec<_> = list
                        .iter()
                        .filter(|action| action.group == group)
                        .filter_map(|action| {
                            let keys =
                                crate::keys::in_words(right.ctx(), action.shortcut.as_ref()?);
                            Some((keys, action.text.trim_end_matches('…').to_owned()))
                        })
                        .collect();
                    if !rows.is_empty() {
                        heading(right, cx.theme, group.name());
                        sheet(right, cx, group.name(), rows.into_iter());
                    }
                }
            });
        });
    });
    if !open {
        cx.send(crate::app::Command::ToggleHelp);
    }
}

fn sheet(ui: &mut Ui, cx: &Cx<'_>, id: &str, rows: impl Iterator<Item = (String, String)>) {
    Grid::new(id).num_columns(2).spacing(vec2(12.0, 4.0)).show(ui, |ui| {
        for (keys, text) in rows {
            ui.label(mono(cx.theme, keys).color(cx.theme.surfaces.strong));
            ui.add(egui::Label::new(text).wrap());
            ui.end_row();
        }
    });
}
