//! Commands of what is looked at: panels, tabs, the window, rows and times in view.

use egui::Key;

use super::{
    super::{
        command::Command,
        panel::{BottomTab, PanelId},
        statistics::{StatisticsCommand, StatisticsPart},
    },
    Action, Group, action, ctrl, ctrl_shift, key, shift,
};
use crate::timeline::{Landmark, ViewCommand};

/// Panels, opened and folded.
pub(super) fn panel_actions() -> Vec<Action> {
    let panels = PanelId::ALL.iter().map(|&panel| {
        let (facts, command) = (panel.facts(), Command::TogglePanel(panel));
        action(Group::View, command, facts.command, facts.tooltip, Some(facts.keys))
    });
    panels.collect()
}

/// What the bottom panel shows, and the search.
pub(super) fn tab_actions() -> Vec<Action> {
    let view =
        |command, text: &str, tooltip, keys| action(Group::View, command, text, tooltip, keys);
    vec![
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
    ]
}

/// How the window looks.
pub(super) fn window_actions() -> Vec<Action> {
    let view =
        |command, text: &str, tooltip, keys| action(Group::View, command, text, tooltip, keys);
    vec![
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
    ]
}

/// Changes of what is in view.
pub(super) fn look_actions() -> Vec<Action> {
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
