//! Lessons: the list of them, or the one that is played.

mod answer;
mod chooser;
mod keys;
mod markdown;
mod number_line;
mod play;
mod result;
#[cfg(feature = "gpus")]
mod slide;

use egui::{ScrollArea, Ui};

#[cfg(feature = "gpus")]
pub(crate) use slide::{GUESS, Slide, slide_ui};

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

/// Folded, it leaves a strip only while a lesson is under way; a narrow window has no other button for it.
pub(super) fn has_content(state: &State) -> bool {
    let layout = &state.settings.layout;
    let is_wanted = layout.is_open(PanelId::Lessons) || layout.is_narrow();
    state.live.is_some() && (is_wanted || state.lessons.playing.is_some())
}
