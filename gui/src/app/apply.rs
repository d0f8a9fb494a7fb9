//! What came from outside, taken into the state.

use std::{path::PathBuf, sync::Arc};

use weftscope_traces::analysis::Hits;

#[cfg(feature = "live")]
use super::update::take_requests;
use super::{
    comparison::hold_opened,
    document::{Document, DocumentId, OpenDocument, Shown},
    effect::Effect,
    event::{Event, JobResult},
    marks::{self, MarkStore, apply_marks},
    notice::Severity,
    path_question::{PathPurpose, PathQuestion},
    recent::Recent,
    sql::take_outcome,
    state::{Overlay, State},
    update::update,
    what_if::take_predicted,
};
use crate::{
    app::Command,
    files::Sample,
    jobs::{JobId, JobKind, JobStatus},
    theme::number,
    timeline::ViewState,
};

/// Takes in one event.
pub fn apply(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Dropped(paths) => update(state, Command::Open(paths)),
        Event::Picked(purpose, paths) => picked(state, purpose, paths),
        Event::NoDialog => {
            let text = "This desktop shows no file dialog: type or paste the path, or drop files on the window";
            state.notices.push(Severity::Warning, text);
            Vec::new()
        }
        Event::Opening { id, paths, document } => {
            let job = state.jobs.iter().find(|job| job.id == id && !job.is_cancelled());
            // What is held against another is held once it is whole.
            match job.map(|job| job.kind) {
                Some(JobKind::Open | JobKind::Watch) => {
                    let shown = state.shown;
                    let older = state.documents.iter().find(|open| open.paths == paths);
                    let is_elsewhere = older.is_some_and(|open| shown != Shown::File(open.id));
                    let effects = opened(state, paths, document, false);
                    // Who looks at something else meanwhile goes on looking at it.
                    if is_elsewhere {
                        state.shown = shown;
                    }
                    effects
                }
                _ => Vec::new(),
            }
        }
        Event::JobDone { id, result } => job_done(state, id, result),
        Event::Marks(event) => {
            apply_marks(state, event);
            Vec::new()
        }
        #[cfg(feature = "live")]
        Event::Live(event) => super::live::apply_live(state, *event),
    }
}

fn picked(state: &mut State, purpose: PathPurpose, paths: Vec<PathBuf>) -> Vec<Effect> {
    match purpose {
        PathPurpose::Open => update(state, Command::Open(paths)),
        PathPurpose::Reference => update(state, Command::OpenReference(paths)),
        #[cfg(feature = "live")]
        PathPurpose::Requests => match paths.into_iter().next() {
            Some(path) => take_requests(state, path),
            None => Vec::new(),
        },
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        PathPurpose::Server => Vec::new(),
        PathPurpose::Export(format) => {
            state.overlay = Overlay::None;
            let Some(path) = paths.into_iter().next() else { return Vec::new() };
            let format = format.typed(&path);
            update(state, Command::Export(format, path))
        }
    }
}

fn job_done(state: &mut State, id: JobId, result: JobResult) -> Vec<Effect> {
    // A recording that was stopped is there to be looked at.
    let is_wanted = |job: &&JobStatus| !job.is_cancelled() || job.kind == JobKind::Watch;
    let job = state.jobs.iter().find(|job| job.id == id).filter(is_wanted);
    let (known, kind) = (job.is_some(), job.map(|job| job.kind));
    state.jobs.retain(|job| job.id != id);
    match result {
        // The user cancelled it and knows.
        JobResult::Cancelled => wait_no_longer(state),
        JobResult::Failed(cause) => failed(state, known.then_some(cause)),
        JobResult::Opened { paths, document } => {
            if known {
                return opened(state, paths, document, kind == Some(JobKind::OpenReference));
            }
        }
        JobResult::Exists { format, path } => {
            let text = path.display().to_string();
            let purpose = PathPurpose::Export(format);
            state.overlay = Overlay::Path(PathQuestion { purpose, text, exists: Some(path) });
        }
        JobResult::Written { path, bytes } => {
            let size = number::bytes(bytes as f64);
            let text = format!("Written, {size}: {}", path.display());
            state.notices.push(Severity::Done, text);
        }
        JobResult::Aggregated(tables) => {
            if known {
                state.tables = Some(*tables);
            }
        }
        JobResult::Explained(sentences) => {
            if known {
                state.explaining.sentences = Some(sentences);
            }
        }
        JobResult::Compared(report) => {
            if known && let Some(comparison) = &mut state.comparison {
                comparison.report = Some(Arc::new(*report));
            }
        }
        #[cfg(not(target_arch = "wasm32"))]
        result @ (JobResult::Cluster(_) | JobResult::Within(_) | JobResult::Groups(..)) => {
            return super::cluster::take(state, result);
        }
        JobResult::Found(hits) => {
            take_hits(state, hits);
        }
        JobResult::Statistics(found) => {
            if known {
                state.statistics.found = Some(found);
            }
        }
        JobResult::WhatIf(outcome) => take_predicted(state, *outcome, known),
        JobResult::Sql(outcome) => {
            if known {
                take_outcome(state, *outcome);
            }
        }
        #[cfg(feature = "live")]
        JobResult::Calibrated(calibrated) => {
            if known {
                super::live::take_calibration(state, *calibrated);
            }
        }
        #[cfg(feature = "live")]
        JobResult::Neighbour(run) => {
            if known {
                super::neighbours::take_run(state, *run);
            }
        }
        #[cfg(feature = "live")]
        JobResult::Lesson { attempt, truth } => {
            if known {
                super::lessons::take_truth(state, attempt, truth);
            }
        }
        JobResult::Done => {}
    }
    Vec::new()
}

/// Says why a job failed, where anybody still wants to know.
fn failed(state: &mut State, cause: Option<String>) {
    if let Some(cause) = cause {
        state.notices.push(Severity::Error, cause);
    }
    wait_no_longer(state);
}

/// What was waited for will not come: there is something else to look at, if anything.
fn wait_no_longer(state: &mut State) {
    if state.shown == Shown::Nothing && !state.is_opening() && state.watching().is_none() {
        state.shown = state.fallback_shown();
    }
}

fn take_hits(state: &mut State, hits: Arc<Hits>) {
    if let Some(document) = state.document().cloned()
        && let Some(view) = state.view_mut()
    {
        view.take_hits(&document.timeline, hits);
    }
}

/// Shows what was opened, or holds what is in view against it.
fn opened(
    state: &mut State,
    paths: Vec<PathBuf>,
    document: Arc<Document>,
    is_reference: bool,
) -> Vec<Effect> {
    // Samples are offered anyway.
    let is_sample = |path: &PathBuf| !matches!(Sample::of_path(path), Ok(None));
    if !paths.iter().any(is_sample)
        && let Some(recent) = Recent::of(&paths)
    {
        state.settings.remember(recent);
    }
    // The same files again: the newer reading replaces the older, which may have been a part of it.
    let older = state.documents.iter().position(|open| open.paths == paths);
    let older = older.map(|at| state.documents.remove(at));
    // What was asked of the same trace, explained only now, is still right.
    let same = older.as_ref().filter(|older| Arc::ptr_eq(&older.document.trace, &document.trace));
    let id = match same {
        Some(older) => older.id,
        None => DocumentId(state.fresh_id()),
    };
    let marks = MarkStore::of(&paths);
    let view = match &older {
        Some(older) if paths.is_empty() => {
            older.view.moved_along(&older.document.timeline, &document.timeline)
        }
        Some(older) => older.view.regrown(&older.document.timeline, &document.timeline),
        None => ViewState::new(&document.timeline),
    };
    let open = OpenDocument { id, paths, document, view, marks };
    let reading = marks::begin(&open);
    if is_reference {
        hold_opened(state, open.name(), Arc::clone(&open.document));
    } else {
        state.shown = Shown::File(id);
    }
    state.documents.push(open);
    reading.into_iter().collect()
}
