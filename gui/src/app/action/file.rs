//! Commands of files.

use egui::Key;

use super::{
    super::{command::Command, document::Shown, state::State},
    Action, Group, action, ctrl, ctrl_shift,
};
use crate::{
    files::{SAMPLES, TraceFormat},
    jobs::ExportFormat,
    picture::FigureKind,
};

/// What is done with files.
pub(super) fn file_actions(state: &State) -> Vec<Action> {
    let file =
        |command, text: &str, tooltip, keys| action(Group::File, command, text, tooltip, keys);
    let export = Command::AskExport;
    let mut list = vec![
        file(
            Command::AskOpen,
            "Open…",
            "Open a Weftscope, Chrome or PyTorch trace; several ranks of one job open as one",
            ctrl(Key::O),
        ),
        file(
            export(ExportFormat::Trace(TraceFormat::Weft)),
            "Save as .weft…",
            "Save all of the trace in the native format",
            ctrl(Key::S),
        ),
        file(
            export(ExportFormat::Trace(TraceFormat::JsonGz)),
            "Export Chrome JSON…",
            "For Perfetto, chrome://tracing and Holistic Trace Analysis",
            ctrl(Key::E),
        ),
        file(
            export(ExportFormat::Trace(TraceFormat::Perfetto)),
            "Export Perfetto trace…",
            "Perfetto's own format, exact to the nanosecond",
            None,
        ),
        file(
            export(ExportFormat::Png),
            "Export picture…",
            "The timeline as it is in view, as PNG, SVG or PDF",
            ctrl_shift(Key::E),
        ),
    ];
    list.extend(FigureKind::ALL.map(|kind| {
        let text = format!("Export figure: {}…", kind.name());
        file(export(ExportFormat::Figure(kind)), &text, kind.about(), None)
    }));
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    // Beside what else opens something.
    list.splice(1..1, super::run::server_actions(state));
    #[cfg(not(target_arch = "wasm32"))]
    let is_cluster = state.shown == Shown::Cluster;
    #[cfg(target_arch = "wasm32")]
    let is_cluster = false;
    if is_cluster || matches!(state.shown, Shown::File(_)) {
        list.push(file(Command::CloseShown, "Close", "Close the file in view", ctrl(Key::W)));
    }
    list
}

/// Recordings that are at hand.
pub(super) fn recording_actions(state: &State) -> Vec<Action> {
    let file = |command, text: &str, tooltip| action(Group::File, command, text, tooltip, None);
    let mut list = Vec::new();
    for sample in SAMPLES {
        let open = Command::Open(vec![sample.path()]);
        let text = format!("Open sample: {}", sample.name);
        list.push(file(open, &text, "Open a recording that comes with the program"));
    }
    for recent in &state.settings.recent {
        let (open, name) = (Command::Open(recent.paths()), recent.name());
        list.push(file(open, &format!("Open recent: {name}"), "Open this again"));
    }
    list
}
