//! Everything a user can ask for. Menu, palette, keys, panels and tests speak this one language.

use std::path::PathBuf;

use super::{
    comparison::CompareCommand,
    document::{DocumentId, Shown},
    notice::NoticeId,
    panel::{BottomTab, PanelId},
    path_question::PathPurpose,
    settings::ThemeChoice,
    sql::SqlCommand,
    statistics::StatisticsCommand,
    table_sort::TableId,
    what_if::WhatIfCommand,
};
use crate::{
    jobs::{ExportFormat, JobId},
    timeline::ViewCommand,
};

/// One request, applied by [`update`](super::update()) and nowhere else.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Ask for files to open.
    AskOpen,
    /// Ask for a server to run on.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    AskServer,
    /// Open these files; several files of one job become one trace.
    Open(Vec<PathBuf>),
    /// Anything of the ranks of a job.
    #[cfg(not(target_arch = "wasm32"))]
    Cluster(super::cluster::ClusterCommand),
    /// Close an opened document.
    Close(DocumentId),
    /// Close the document in view.
    CloseShown,
    /// Look at another document.
    Show(Shown),
    /// Forget the recent files.
    ForgetRecent,
    /// Ask where to write the document in view.
    AskExport(ExportFormat),
    /// Write the document in view.
    Export(ExportFormat, PathBuf),
    /// Text typed into the path field.
    PathInput(String),
    /// Answer the path question with what is typed.
    PathAccept,
    /// Stop a job.
    CancelJob(JobId),
    /// Ask for a path with the desktop's dialog.
    Browse(PathPurpose),
    /// Look elsewhere in the timeline, select, fold, search.
    View(ViewCommand),
    /// Open or fold a panel.
    TogglePanel(PanelId),
    /// Show a tab of the bottom panel.
    ShowBottom(BottomTab),
    /// Panels back to where they were at the first start.
    ResetLayout,
    /// Change colours.
    SetTheme(ThemeChoice),
    /// Light if dark, dark if light.
    ToggleTheme,
    /// Show or close the list of commands.
    TogglePalette,
    /// Text typed into the palette.
    PaletteInput(String),
    /// Move the palette's cursor by so many rows.
    PaletteMove(i32),
    /// Run the palette's row.
    PaletteRun(usize),
    /// Show or close the sheet of keys.
    ToggleHelp,
    /// Show or close the glossary.
    ToggleGlossary,
    /// Explain what is selected, or close that.
    ToggleExplanation,
    /// Close whatever lies over the window, else clear the selection.
    Escape,
    /// Show or hide the window's own frame times.
    ToggleFrameTimes,
    /// Show this aggregate table where only one fits.
    ShowTable(TableId),
    /// Open the search, or close it and look for nothing.
    ToggleSearch,
    /// Anything of the statistics.
    Statistics(StatisticsCommand),
    /// Anything of the queries.
    Sql(SqlCommand),
    /// Anything of what the recording would be, changed.
    WhatIf(WhatIfCommand),
    /// Sort a table by a column.
    SortTable(TableId, usize),
    /// Take a notice off the screen.
    Dismiss(NoticeId),
    /// Hold what is in view against something else.
    Compare(CompareCommand),
    /// Ask for files to compare with.
    AskReference,
    /// Open these files and hold what is in view against them.
    OpenReference(Vec<PathBuf>),
    /// Put text on the clipboard.
    Copy(String),
    /// End the program.
    Quit,
    /// Anything of the lessons.
    #[cfg(feature = "live")]
    Lesson(super::lessons::LessonCommand),
    /// Anything of the neighbours.
    #[cfg(feature = "live")]
    Neighbour(super::neighbours::NeighbourCommand),
    /// Anything of the live run.
    #[cfg(feature = "live")]
    Live(super::live::LiveCommand),
}
