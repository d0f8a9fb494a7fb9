//! The commands that have a name: menu, palette, keys and the key sheet are all read off this one list.

#[cfg(feature = "live")]
mod run;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::{
    command::Command,
    comparison::CompareCommand,
    document::Shown,
    panel::{BottomTab, PanelId},
    state::State,
    statistics::{StatisticsCommand, StatisticsPart},
    what_if::WhatIfCommand,
};
use crate::{
    files::{SAMPLES, TraceFormat},
    jobs::ExportFormat,
    picture::FigureKind,
    timeline::{Landmark, ViewCommand},
};

/// A named command.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// What it asks for.
    pub command: Command,
    /// Where it is listed.
    pub group: Group,
    /// Name, as in a menu.
    pub text: String,
    /// A sentence more.
    pub tooltip: &'static str,
    /// Its keys.
    pub shortcut: Option<KeyboardShortcut>,
}

/// Headings of the key sheet and of the menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Files.
    File,
    /// What is looked at, panels and colours.
    View,
    /// The live run.
    Run,
    /// Where commands and keys are found.
    Help,
}

impl Group {
    /// Every group.
    pub const ALL: [Self; 4] = [Self::File, Self::View, Self::Run, Self::Help];

    /// Heading.
    pub fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::View => "View",
            Self::Run => "Run",
            Self::Help => "Help",
        }
    }
}

const fn key(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::NONE, key))
}

const fn shift(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::SHIFT, key))
}

#[cfg(feature = "live")]
const fn alt(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::ALT, key))
}

const fn ctrl(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND, key))
}

const fn ctrl_shift(key: Key) -> Option<KeyboardShortcut> {
    Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), key))
}

/// Every named command of this state, in the order lists show them.
pub fn actions(state: &State) -> Vec<Action> {
    let mut list = file_actions(state);
    #[cfg(feature = "live")]
    if state.live.is_some() {
        list.extend(run::run_actions(state));
        list.extend(run::neighbour_actions());
    }
    list.extend(view_actions());
    list.extend(look_actions());
    list.extend(compare_actions(state));
    list.extend(what_if_actions(state));
    list.extend(help_actions());
    list.retain(|action| {
        super::sql::HAS_SQL || action.command != Command::ShowBottom(BottomTab::Sql)
    });
    list
}

fn action(
    group: Group,
    command: Command,
    text: impl Into<String>,
    tooltip: &'static str,
    shortcut: Option<KeyboardShortcut>,
) -> Action {
    Action { command, group, text: text.into(), tooltip, shortcut }
}

fn file_actions(state: &State) -> Vec<Action> {
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
    list.splice(1..1, run::server_actions(state));
    #[cfg(not(target_arch = "wasm32"))]
    let is_cluster = state.shown == Shown::Cluster;
    #[cfg(target_arch = "wasm32")]
    let is_cluster = false;
    if is_cluster || matches!(state.shown, Shown::File(_)) {
        list.push(file(Command::CloseShown, "Close", "Close the file in view", ctrl(Key::W)));
    }
    for sample in SAMPLES {
        let open = Command::Open(vec![sample.path()]);
        let text = format!("Open sample: {}", sample.name);
        list.push(file(open, &text, "Open a recording that comes with the program", None));
    }
    for recent in &state.settings.recent {
        let (open, name) = (Command::Open(recent.paths()), recent.name());
        list.push(file(open, &format!("Open recent: {name}"), "Open this again", None));
    }
    list.push(file(Command::Quit, "Quit", "End the program", ctrl(Key::Q)));
    list
}

fn view_actions() -> Vec<Action> {
    let view =
        |command, text: &str, tooltip, keys| action(Group::View, command, text, tooltip, keys);
    let panels = PanelId::ALL.iter().map(|&panel| {
        let facts = panel.facts();
        view(Command::TogglePanel(panel), facts.command, facts.tooltip, Some(facts.keys))
    });
    let rest = [
        view(
            Command::ShowBottom(BottomTab::Diagnostics),
            "Show the diagnostics",
            "What was lost or uncertain in this trace",
            None,
        ),
        view(
            Command::ShowBottom(BottomTab::Marks),
            "Show the marks",
            "What was marked, with names and notes",
            None,
        ),
        view(
            Command::ShowBottom(BottomTab::Sql),
            "Ask in SQL",
            "A query of your own, or a ready question; its answer as a table, or as a track",
            None,
        ),
        view(
            Command::Statistics(StatisticsCommand::Show(StatisticsPart::Kernels)),
            "Statistics of kernels",
            "How long each kernel takes, by rank and iteration, and which take unlike the others",
            None,
        ),
        view(
            Command::Statistics(StatisticsCommand::Show(StatisticsPart::Exposed)),
            "Exposed collectives, largest first",
            "Communication by how much of it has no computation of the same rank beside it",
            None,
        ),
        view(
            Command::Statistics(StatisticsCommand::Show(StatisticsPart::Gaps)),
            "Gaps, longest first",
            "Time in which a rank runs nothing: launched late, or waited for something else",
            None,
        ),
        view(
            Command::ToggleSearch,
            "Search",
            "Find ops by name, kind, layer, length",
            ctrl(Key::F),
        ),
        view(
            Command::View(ViewCommand::FoldAll),
            "Fold all ranks",
            "Each rank as one ribbon",
            None,
        ),
        view(
            Command::View(ViewCommand::UnfoldAll),
            "Open all ranks",
            "Streams and SM rows of every rank",
            None,
        ),
        view(Command::ResetLayout, "Reset the layout", "Panels as at the first start", None),
        view(Command::ToggleTheme, "Light or dark", "Change colours", ctrl(Key::T)),
        view(
            Command::ToggleFrameTimes,
            "Frame times",
            "How long this window takes for its own frames",
            ctrl_shift(Key::P),
        ),
    ];
    panels.chain(rest).collect()
}

/// Changes of what is in view.
fn look_actions() -> Vec<Action> {
    let look = |command, text: &str, tooltip, keys| {
        action(Group::View, Command::View(command), text, tooltip, keys)
    };
    let go = |landmark, by| ViewCommand::Go(landmark, by);
    let undo = "Zoom, folds, rows, their heights and marks as before";
    let same = "The selected op elsewhere on its stream, by name";
    let exposed = "Communication without computation of the same rank beside it";
    let marks = "M sets a mark; its flag on the ruler opens it";
    let gap = "Time in which nothing runs on any stream of the rank";
    vec![
        look(ViewCommand::Undo, "Undo the view change", undo, ctrl(Key::Z)),
        look(ViewCommand::Redo, "Redo the view change", undo, ctrl_shift(Key::Z)),
        look(ViewCommand::ShowAllRows, "Show all rows", "None hidden, none filtered out", None),
        look(
            ViewCommand::ResetRows,
            "Rows as recorded",
            "None pinned, hidden, filtered out or moved",
            None,
        ),
        look(ViewCommand::GoMark(1), "Next mark", marks, key(Key::J)),
        look(ViewCommand::GoMark(-1), "Previous mark", marks, shift(Key::J)),
        look(go(Landmark::SameOp, 1), "Next of the same op", same, key(Key::O)),
        look(go(Landmark::SameOp, -1), "Previous of the same op", same, shift(Key::O)),
        look(go(Landmark::Exposed, 1), "Next exposed communication", exposed, key(Key::E)),
        look(go(Landmark::Exposed, -1), "Previous exposed communication", exposed, shift(Key::E)),
        look(go(Landmark::Gap, 1), "Next gap", gap, key(Key::G)),
        look(go(Landmark::Gap, -1), "Previous gap", gap, shift(Key::G)),
    ]
}

/// Something else held against what is in view.
fn compare_actions(state: &State) -> Vec<Action> {
    let compare = |command, text: &str, tooltip, keys| {
        action(Group::View, Command::Compare(command), text, tooltip, keys)
    };
    let hold = "Keep what is in view beside what comes after: other knobs, another file, the next iteration";
    let mut list = vec![
        compare(CompareCommand::Hold, "Hold to compare", hold, key(Key::B)),
        action(
            Group::File,
            Command::AskReference,
            "Compare with…",
            "Open another recording beside what is in view, on one clock",
            ctrl(Key::B),
        ),
    ];
    let others = state.documents.iter().filter(|open| Shown::File(open.id) != state.shown);
    list.extend(others.map(|open| {
        let text = format!("Compare with {}", open.name());
        compare(CompareCommand::HoldFile(open.id), &text, "Hold what is in view against it", None)
    }));
    if state.comparison.is_some() {
        list.extend([
            compare(
                CompareCommand::ToggleBeside,
                "Beside: the first over the second",
                "Show what is held over what is in view, or hide it",
                None,
            ),
            compare(
                CompareCommand::ToggleGhost,
                "Ghost: the first as outlines in the second",
                "Draw what is held into what is in view, or not",
                None,
            ),
            action(
                Group::View,
                Command::ShowBottom(BottomTab::Differences),
                "Show the differences",
                "What differs between the two, by cause and by op",
                None,
            ),
            compare(CompareCommand::Release, "Stop comparing", "Hold nothing", shift(Key::B)),
        ]);
    }
    list
}

/// A recording run once more, changed.
fn what_if_actions(state: &State) -> Vec<Action> {
    if !matches!(state.shown, Shown::File(_)) {
        return Vec::new();
    }
    let mut list = vec![action(
        Group::View,
        Command::WhatIf(WhatIfCommand::Suggest),
        "What if: suggest what would pay",
        "Try what usually pays, and rank it by what it would bring",
        None,
    )];
    if state.what_if.predicted.is_some() {
        list.push(action(
            Group::View,
            Command::WhatIf(WhatIfCommand::ToggleBeside),
            "What if: predicted beside recorded",
            "The predicted timeline over the recorded one, and its outlines in the recorded rows",
            None,
        ));
        list.push(action(
            Group::File,
            Command::AskExport(ExportFormat::Predicted(TraceFormat::Weft)),
            "Export predicted…",
            "Write the predicted timeline, marked MODELLED",
            None,
        ));
    }
    list
}

fn help_actions() -> Vec<Action> {
    let help =
        |command, text: &str, tooltip, keys| action(Group::Help, command, text, tooltip, keys);
    let question = KeyboardShortcut::new(Modifiers::NONE, Key::Questionmark);
    vec![
        help(Command::TogglePalette, "Commands…", "Find a command by name", ctrl(Key::P)),
        help(Command::ToggleHelp, "Keys", "The sheet of keys", Some(question)),
        help(Command::ToggleGlossary, "Glossary", "The words and what they mean", key(Key::F1)),
        help(
            Command::ToggleExplanation,
            "Explain this",
            "What is selected, in sentences: what it is, what ran beside it, what it waited for",
            None,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shortcuts_are_unique() {
        let state = State::default();
        let list = actions(&state);
        for (index, action) in list.iter().enumerate() {
            let Some(shortcut) = action.shortcut else { continue };
            let twin = list[..index].iter().find(|other| other.shortcut == Some(shortcut));
            assert!(twin.is_none(), "{} and {:?}", action.text, twin.map(|twin| &twin.text));
        }
    }
}
