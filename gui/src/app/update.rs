//! The one mutator: a request changes the state and says what else must happen.

use std::path::PathBuf;

use super::{
    command::Command,
    comparison::update_comparison,
    document::Shown,
    effect::Effect,
    figures::figure_of,
    look::look,
    notice::Severity,
    opening::{close, open},
    palette::palette_rows,
    panel::{PanelId, PanelLayout},
    path_question::{PathPurpose, PathQuestion},
    settings::ThemeChoice,
    sql::{sorted, update_sql},
    state::{Overlay, State},
    statistics::update_statistics,
    table_sort::{TableId, TableSort},
    what_if::update_what_if,
};
#[cfg(feature = "live")]
use crate::files::paths_of_text;
use crate::{
    jobs::{Asked, Export, ExportFormat, JobId, JobKind, PictureLook},
    theme::Mode,
    timeline::{Selection, ViewCommand},
};

fn close_shown(state: &mut State) -> Vec<Effect> {
    match state.shown {
        Shown::File(id) => return close(state, id),
        #[cfg(not(target_arch = "wasm32"))]
        Shown::Cluster => super::cluster::close_cluster(state),
        _ => {}
    }
    Vec::new()
}

/// Applies one request. Pure but for the state: files, threads and the window are left to the effects.
pub fn update(state: &mut State, command: Command) -> Vec<Effect> {
    match command {
        Command::AskOpen => ask_path(state, PathPurpose::Open),
        Command::AskReference => ask_path(state, PathPurpose::Reference),
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        Command::AskServer => ask_path(state, PathPurpose::Server),
        Command::AskExport(format) => return ask_export(state, format),
        Command::Open(paths) => return open(state, Asked::Paths(paths), JobKind::Open),
        Command::OpenReference(paths) => {
            return open(state, Asked::Paths(paths), JobKind::OpenReference);
        }
        Command::Compare(command) => return update_comparison(state, command),
        Command::Close(id) => return close(state, id),
        Command::CloseShown => return close_shown(state),
        #[cfg(not(target_arch = "wasm32"))]
        Command::Cluster(command) => return super::cluster::update_cluster(state, command),
        Command::Show(shown) => {
            state.shown = shown;
            state.tables = None;
            state.tables_asking.forget();
        }
        Command::ForgetRecent => state.settings.recent.clear(),
        // A dialog of the desktop has asked whether to replace.
        Command::Export(format, path) => return export(state, format, path, true),
        Command::Browse(purpose) => return browse(state, purpose),
        Command::PathInput(text) => {
            if let Overlay::Path(question) = &mut state.overlay {
                question.text = text;
            }
        }
        Command::PathAccept => return accept_path(state),
        Command::CancelJob(id) => cancel(state, id),
        Command::ToggleExplanation | Command::View(ViewCommand::Explain) => {
            toggle_sheet(state, Overlay::Explanation);
        }
        Command::View(view) => return look(state, view),
        Command::TogglePanel(panel) => toggle_panel(state, panel),
        Command::ShowBottom(tab) => state.settings.layout.show(tab),
        Command::ResetLayout => state.settings.layout = PanelLayout::default(),
        Command::SetTheme(theme) => state.settings.theme = theme,
        Command::ToggleTheme => {
            state.settings.theme =
                if state.dark() { ThemeChoice::Light } else { ThemeChoice::Dark };
        }
        Command::TogglePalette => {
            let open = matches!(state.overlay, Overlay::Palette { .. });
            let palette = Overlay::Palette { query: String::new(), cursor: 0 };
            state.overlay = if open { Overlay::None } else { palette };
        }
        Command::PaletteInput(typed) => type_into_palette(state, typed),
        Command::PaletteMove(rows) => move_palette(state, rows),
        Command::PaletteRun(row) => return run_palette(state, row),
        Command::ToggleHelp => toggle_sheet(state, Overlay::Help),
        Command::ToggleGlossary => toggle_sheet(state, Overlay::Glossary),
        Command::Escape => return escape(state),
        Command::ToggleFrameTimes => state.frame_times = !state.frame_times,
        Command::ToggleSearch => return toggle_search(state),
        Command::ShowTable(table) => state.table_shown = table,
        Command::Statistics(command) => update_statistics(state, command),
        Command::Sql(command) => return update_sql(state, command),
        Command::WhatIf(command) => update_what_if(state, command),
        Command::SortTable(table, column) => sort_table(state, table, column),
        Command::Dismiss(id) => state.notices.dismiss(id),
        Command::Copy(text) => {
            let lines = text.lines().count();
            let what =
                if lines == 1 { "Copied".to_owned() } else { format!("Copied {lines} lines") };
            state.notices.push(Severity::Done, what);
            return vec![Effect::Copy(text)];
        }
        Command::Quit => return vec![Effect::Quit],
        #[cfg(feature = "live")]
        Command::Lesson(command) => return super::lessons::update_lessons(state, command),
        #[cfg(feature = "live")]
        Command::Neighbour(command) => return super::neighbours::update_neighbours(state, command),
        #[cfg(feature = "live")]
        Command::Live(command) => return super::live::update_live(state, command),
    }
    Vec::new()
}

fn sort_table(state: &mut State, table: TableId, column: usize) {
    match TableSort::clicked(state.table_sort(table), column) {
        Some(sort) => state.table_sorts.insert(table, sort),
        None => state.table_sorts.remove(&table),
    };
    if table == TableId::Sql {
        sorted(state);
    }
}

fn toggle_sheet(state: &mut State, sheet: Overlay) {
    state.overlay = if state.overlay == sheet { Overlay::None } else { sheet };
}

/// Opens or folds a panel.
fn toggle_panel(state: &mut State, panel: PanelId) {
    let layout = &mut state.settings.layout;
    layout.set_open(panel, !layout.is_open(panel));
}

/// A search that is closed looks for nothing, so that nothing stays dimmed.
fn toggle_search(state: &mut State) -> Vec<Effect> {
    state.searching = !state.searching;
    if state.searching { Vec::new() } else { look(state, ViewCommand::Search(String::new())) }
}

fn ask_path(state: &mut State, purpose: PathPurpose) {
    let text = match purpose {
        PathPurpose::Export(format) => state.suggested_path(format).display().to_string(),
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        PathPurpose::Server => "ssh://".to_owned(),
        _ => String::new(),
    };
    state.overlay = Overlay::Path(PathQuestion { purpose, text, exists: None });
}

fn ask_export(state: &mut State, format: ExportFormat) -> Vec<Effect> {
    if state.document().is_none() {
        state
            .notices
            .push(Severity::Warning, "There is nothing to export yet: run or open something first");
    } else if matches!(format, ExportFormat::Predicted(_)) && state.what_if.predicted.is_none() {
        let text = "Nothing is predicted yet: put a change in force in What if first";
        state.notices.push(Severity::Warning, text);
    } else if let ExportFormat::Figure(kind) = format
        && let Err(cause) = figure_of(state, kind)
    {
        state.notices.push(Severity::Warning, cause);
    } else {
        ask_path(state, PathPurpose::Export(format));
    }
    Vec::new()
}

fn browse(state: &State, purpose: PathPurpose) -> Vec<Effect> {
    let suggested = match purpose {
        PathPurpose::Export(format) => state.suggested_path(format),
        _ => PathBuf::new(),
    };
    vec![Effect::Browse(purpose, suggested)]
}

fn accept_path(state: &mut State) -> Vec<Effect> {
    let Overlay::Path(question) = &state.overlay else { return Vec::new() };
    let question = question.clone();
    if question.text.trim().is_empty() {
        return Vec::new();
    }
    state.overlay = Overlay::None;
    match question.purpose {
        PathPurpose::Open => open(state, Asked::Typed(question.text), JobKind::Open),
        PathPurpose::Reference => open(state, Asked::Typed(question.text), JobKind::OpenReference),
        #[cfg(feature = "live")]
        PathPurpose::Requests => match paths_of_text(&question.text).into_iter().next() {
            Some(path) => take_requests(state, path),
            None => Vec::new(),
        },
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        PathPurpose::Server => match question.text.parse() {
            Ok(target) => update(
                state,
                Command::Live(super::live::LiveCommand::Connect(
                    crate::remote::Ssh::default(),
                    target,
                )),
            ),
            Err(error) => {
                state.notices.push(Severity::Warning, error.to_string());
                // What is typed stays, to be mended.
                state.overlay = Overlay::Path(question);
                Vec::new()
            }
        },
        PathPurpose::Export(format) => {
            let path = PathBuf::from(question.text.trim());
            // A typed extension says more than the menu entry that opened the question.
            let format = format.typed(&path);
            let replace = question.exists.as_ref() == Some(&path);
            export(state, format, path, replace)
        }
    }
}

/// Takes the requests of a file, to be served.
#[cfg(feature = "live")]
pub(super) fn take_requests(state: &mut State, path: PathBuf) -> Vec<Effect> {
    use super::live::{LiveCommand, ServingCommand, ServingEdit};
    state.overlay = Overlay::None;
    let edit = ServingCommand::Edit(ServingEdit::Trace(path));
    update(state, Command::Live(LiveCommand::Serving(edit)))
}

fn export(state: &mut State, format: ExportFormat, path: PathBuf, replace: bool) -> Vec<Effect> {
    let document = match format {
        ExportFormat::Predicted(_) => {
            state.what_if.predicted.as_ref().map(|predicted| &predicted.document)
        }
        _ => state.document(),
    };
    let Some(document) = document.cloned() else {
        state
            .notices
            .push(Severity::Warning, "There is nothing to export yet: run or open something first");
        return Vec::new();
    };
    let job =
        state.begin_job(JobKind::Export, format!("Writing {}", super::document::short_name(&path)));
    let mode = if state.dark() { Mode::Dark } else { Mode::Light };
    let look = PictureLook { mode, window: state.view().map(|view| view.window) };
    let query = state.sql.answer().map(|answer| answer.query.clone()).unwrap_or_default();
    let figure = match format {
        ExportFormat::Figure(kind) => figure_of(state, kind).ok(),
        _ => None,
    };
    vec![Effect::Export(job, document, Export { format, look, query, figure, path, replace })]
}

fn cancel(state: &mut State, id: JobId) {
    // The job says itself when it has stopped; until then its row stays.
    if let Some(job) = state.jobs.iter().find(|job| job.id == id) {
        job.cancel();
    }
}

fn escape(state: &mut State) -> Vec<Effect> {
    if state.overlay != Overlay::None {
        state.overlay = Overlay::None;
        return Vec::new();
    }
    if state.view().is_some_and(|view| view.marks.open().is_some()) {
        return look(state, ViewCommand::OpenMark(None));
    }
    if state.searching {
        return update(state, Command::ToggleSearch);
    }
    if state.view().is_some_and(|view| view.selection != Selection::None) {
        return look(state, ViewCommand::ClearSelection);
    }
    state.notices.clear();
    Vec::new()
}

/// A letter that arrives with the Enter that closed the palette must not open it again.
fn type_into_palette(state: &mut State, typed: String) {
    if let Overlay::Palette { query, cursor } = &mut state.overlay {
        (*query, *cursor) = (typed, 0);
    }
}

fn move_palette(state: &mut State, rows: i32) {
    let num_rows = palette_rows(state).len();
    if let Overlay::Palette { cursor, .. } = &mut state.overlay {
        *cursor = cursor.saturating_add_signed(rows as isize).min(num_rows.saturating_sub(1));
    }
}

fn run_palette(state: &mut State, row: usize) -> Vec<Effect> {
    let Some(command) = palette_rows(state).into_iter().nth(row).map(|row| row.command) else {
        return Vec::new();
    };
    state.overlay = Overlay::None;
    update(state, command)
}
