//! Lessons: the list of them, or the one that is played.

mod answer;
mod chooser;
mod keys;
mod markdown;
mod number_line;
mod play;
mod result;

use egui::{ScrollArea, Ui};

use super::widgets::Cx;
use crate::app::{PanelId, State};

/// The panel.
pub(super) fn lessons_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let area = ScrollArea::vertical().auto_shrink(false);
    area.show(ui, |ui| {
        ui.set_max_width(ui.available_width() - 2.0);
        match &cx.state.lessons.playing {
            Some(playing) => play::play_ui(ui, cx, playing),
            None => chooser::chooser_ui(ui, cx),
        }
        ui.add_space(12.0);
    });
}

/// Folded, it leaves a strip only while a lesson is under way.
pub(super) fn has_content(state: &State) -> bool {
    let is_open = state.settings.layout.is_open(PanelId::Lessons);
    state.live.is_some() && (is_open || state.lessons.playing.is_some())
}
