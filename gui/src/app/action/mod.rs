//! The commands that have a name: menu, palette, keys and the key sheet are all read off this one list.

mod file;
#[cfg(feature = "live")]
mod run;
mod view;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::{
    command::Command, comparison::CompareCommand, document::Shown, panel::BottomTab, state::State,
    what_if::WhatIfCommand,
};
use crate::{files::TraceFormat, jobs::ExportFormat};

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
    /// What follows in its menu is of another sort than what stands before.
    pub begins: bool,
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
    let mut list = file::file_actions(state);
    let mut add = |part: Vec<Action>| extend(&mut list, part);
    #[cfg(feature = "live")]
    if state.live.is_some() {
        add(run::run_actions(state));
        add(run::neighbour_actions().collect());
    }
    add(view::panel_actions());
    add(view::tab_actions());
    add(view::window_actions());
    add(view::look_actions());
    add(compare_actions(state));
    add(what_if_actions(state));
    add(help_actions());
    add(file::recording_actions(state));
    // The last of its menu, whatever else is added to that.
    add(vec![action(Group::File, Command::Quit, "Quit", "End the program", ctrl(Key::Q))]);
    list.retain(|action| {
        super::sql::HAS_SQL || action.command != Command::ShowBottom(BottomTab::Sql)
    });
    list
}

/// Adds what is of one sort: in each menu a line stands over it.
fn extend(list: &mut Vec<Action>, mut part: Vec<Action>) {
    for group in Group::ALL {
        let has_others = list.iter().any(|action| action.group == group);
        if let Some(first) = part.iter_mut().find(|action| action.group == group) {
            first.begins = has_others;
        }
    }
    list.extend(part);
}

fn action(
    group: Group,
    command: Command,
    text: impl Into<String>,
    tooltip: &'static str,
    shortcut: Option<KeyboardShortcut>,
) -> Action {
    Action { command, group, text: text.into(), tooltip, shortcut, begins: false }
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
    fn no_menu_begins_with_a_line_and_each_sort_has_one() {
        let list = actions(&State::default());
        for group in Group::ALL {
            let first = list.iter().find(|action| action.group == group);
            assert!(first.is_none_or(|first| !first.begins), "{}", group.name());
        }
        let begins = |command: &Command| list.iter().any(|it| it.command == *command && it.begins);
        let over = [Command::ShowBottom(BottomTab::Diagnostics), Command::Quit];
        assert!(over.iter().all(begins), "{list:?}");
    }

    #[test]
    fn a_menu_of_files_ends_with_the_end() {
        let list = actions(&State::default());
        let last = list.iter().rfind(|action| action.group == Group::File).unwrap();
        assert_eq!(last.command, Command::Quit);
    }

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
