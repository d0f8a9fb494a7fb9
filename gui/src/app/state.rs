//! All the window knows, as plain data.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use weftscope_traces::analysis::Search;

use super::{
    aggregate::RangeTables,
    asking::{Asking, Same},
    comparison::Comparison,
    document::{Document, DocumentId, OpenDocument, Shown},
    explaining::Explaining,
    notice::Notices,
    path_question::PathQuestion,
    settings::Settings,
    sql::SqlTab,
    statistics::StatisticsTab,
    table_sort::{TableId, TableSort},
    what_if::WhatIf,
};
use crate::{
    jobs::{ExportFormat, JobId, JobKind, JobStatus},
    timeline::{RangeSelection, ViewState},
};

/// What the program is called.
pub(super) const PROGRAM: &str = "Weftscope";

/// The state of the window. Only [`update`](super::update()) and [`apply`](super::apply()) change it.
#[derive(Default)]
pub struct State {
    /// What is remembered between starts.
    pub settings: Settings,
    /// Opened files.
    pub documents: Vec<OpenDocument>,
    /// What the centre shows.
    pub shown: Shown,
    /// What lies over the window.
    pub overlay: Overlay,
    /// Work under way.
    pub jobs: Vec<JobStatus>,
    /// Messages to the user.
    pub notices: Notices,
    /// What is drawn as boxes for want of a font, a sentence each.
    pub boxes: Vec<String>,
    /// The search strip is open.
    pub searching: bool,
    /// Show the window's own frame times.
    pub frame_times: bool,
    /// The desktop prefers dark, as last heard.
    pub desktop_dark: bool,
    /// Tables of the selected range, when they are ready.
    pub tables: Option<RangeTables>,
    /// The range that [`State::tables`] are of, or will be.
    pub(crate) tables_asking: Asking<RangeSelection>,
    /// The search whose hits are being found.
    pub(crate) search_asking: Asking<(Same<Search>, Same<Document>)>,
    /// The aggregate table on screen where only one fits.
    pub table_shown: TableId,
    /// Orders of the tables that have one.
    pub table_sorts: BTreeMap<TableId, TableSort>,
    /// Statistics of what is in view.
    pub statistics: StatisticsTab,
    /// Queries of the user's own.
    pub sql: SqlTab,
    /// What the recording in view would be, changed.
    pub what_if: WhatIf,
    /// What is selected, in sentences.
    pub explaining: Explaining,
    /// UI clock, s since the start, as of this frame.
    pub now_s: f64,
    /// The ranks of a job, as their digests say.
    #[cfg(not(target_arch = "wasm32"))]
    pub cluster: Option<super::cluster::ClusterView>,
    /// What the document in view is held against.
    pub comparison: Option<Comparison>,
    /// The live run.
    #[cfg(feature = "live")]
    pub live: Option<super::live::Live>,
    /// Systems beside TokenWeave.
    #[cfg(feature = "live")]
    pub neighbours: super::neighbours::NeighboursTab,
    /// Lessons.
    #[cfg(feature = "live")]
    pub lessons: super::lessons::Classroom,
    next_id: u64,
}

/// What lies over the window; one thing at a time.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Overlay {
    /// Nothing.
    #[default]
    None,
    /// The list of commands.
    Palette {
        /// What is typed.
        query: String,
        /// Row under the cursor.
        cursor: usize,
    },
    /// The sheet of keys.
    Help,
    /// The words and what they mean.
    Glossary,
    /// What is selected, in sentences.
    Explanation,
    /// A question for a path.
    Path(PathQuestion),
}

impl State {
    /// The document in the centre.
    pub fn document(&self) -> Option<&Arc<Document>> {
        match self.shown {
            Shown::Nothing => None,
            #[cfg(not(target_arch = "wasm32"))]
            Shown::Cluster => None,
            #[cfg(feature = "live")]
            Shown::Live => self.live.as_ref()?.shown().map(|iteration| &iteration.document),
            Shown::File(id) => self.open_document(id).map(|open| &open.document),
        }
    }

    /// Title of the window: the file in view first, by which windows are told apart.
    pub fn title(&self) -> String {
        match self.shown {
            Shown::File(id) => {
                let name = self.open_document(id).map(OpenDocument::name);
                name.map_or_else(|| PROGRAM.to_owned(), |name| format!("{name} – {PROGRAM}"))
            }
            _ => PROGRAM.to_owned(),
        }
    }

    /// The view of what the centre shows.
    pub fn view(&self) -> Option<&ViewState> {
        match self.shown {
            Shown::Nothing => None,
            #[cfg(not(target_arch = "wasm32"))]
            Shown::Cluster => None,
            #[cfg(feature = "live")]
            Shown::Live => self.live.as_ref()?.view.as_ref(),
            Shown::File(id) => self.open_document(id).map(|open| &open.view),
        }
    }

    /// The view of what the centre shows, to change it.
    pub(crate) fn view_mut(&mut self) -> Option<&mut ViewState> {
        match self.shown {
            Shown::Nothing => None,
            #[cfg(not(target_arch = "wasm32"))]
            Shown::Cluster => None,
            #[cfg(feature = "live")]
            Shown::Live => self.live.as_mut()?.view.as_mut(),
            Shown::File(id) => {
                self.documents.iter_mut().find(|open| open.id == id).map(|open| &mut open.view)
            }
        }
    }

    /// Puts another document in the place of one that is open, with its view; false where that is open no longer.
    pub(crate) fn replace(&mut self, old: &Arc<Document>, new: &Arc<Document>) -> bool {
        let mut is_replaced = false;
        for open in self.documents.iter_mut().filter(|open| Arc::ptr_eq(&open.document, old)) {
            open.view = open.view.regrown(&old.timeline, &new.timeline);
            open.document = Arc::clone(new);
            is_replaced = true;
        }
        #[cfg(feature = "live")]
        if let Some(live) = &mut self.live {
            is_replaced |= live.replace(old, new);
        }
        is_replaced
    }

    /// What to show when what was shown is gone.
    pub(crate) fn fallback_shown(&self) -> Shown {
        #[cfg(feature = "live")]
        if self.live.is_some() {
            return Shown::Live;
        }
        self.documents.last().map_or(Shown::Nothing, |open| Shown::File(open.id))
    }

    /// An opened file.
    pub fn open_document(&self, id: DocumentId) -> Option<&OpenDocument> {
        self.documents.iter().find(|open| open.id == id)
    }

    /// Dark colours are in use.
    pub fn dark(&self) -> bool {
        match self.settings.theme {
            super::settings::ThemeChoice::System => self.desktop_dark,
            super::settings::ThemeChoice::Light => false,
            super::settings::ThemeChoice::Dark => true,
        }
    }

    /// Order of a table.
    pub fn table_sort(&self, table: TableId) -> Option<TableSort> {
        self.table_sorts.get(&table).copied()
    }

    /// Registers a job of this kind and gives its status.
    pub(crate) fn begin_job(&mut self, kind: JobKind, title: impl Into<String>) -> JobStatus {
        let job = JobStatus::new(JobId(self.fresh_id()), kind, title, self.now_s);
        self.jobs.push(job.clone());
        job
    }

    #[cfg(feature = "live")]
    /// Cancels and forgets every job of a kind: a newer question made them worthless.
    pub(crate) fn drop_jobs(&mut self, kind: JobKind) {
        self.jobs.retain(|job| {
            if job.kind == kind {
                job.cancel();
            }
            job.kind != kind
        });
    }

    /// A number not given before.
    pub(crate) fn fresh_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Files that are being opened or shown, for the empty screen.
    pub fn is_opening(&self) -> bool {
        self.jobs.iter().any(|job| matches!(job.kind, JobKind::Open | JobKind::OpenReference))
    }

    /// The program that is being watched.
    pub fn watching(&self) -> Option<&JobStatus> {
        self.jobs.iter().find(|job| job.kind == JobKind::Watch)
    }

    /// A file name for an export of the document in view.
    pub fn suggested_path(&self, format: ExportFormat) -> PathBuf {
        let stem = self.document().map_or("weftscope", |document| document.file_stem.as_str());
        let what = match format {
            ExportFormat::Figure(kind) => format!("-{}", kind.name()),
            ExportFormat::Predicted(_) => "-predicted".to_owned(),
            _ => String::new(),
        };
        PathBuf::from(format!("{stem}{what}.{}", format.extension()))
    }
}
