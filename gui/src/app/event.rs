//! Everything that can reach the window from outside its thread.

use std::{path::PathBuf, sync::Arc};

use weftscope_traces::analysis::{CompareReport, Hits, Statistics};

use super::{
    aggregate::RangeTables, document::Document, marks::MarksEvent, path_question::PathPurpose,
    sql::SqlOutcome, what_if::WhatIfOutcome,
};
use crate::jobs::{ExportFormat, JobId};

/// One thing that happened. The list is closed: what is not here cannot wake the window.
pub enum Event {
    /// Files were dropped on the window.
    Dropped(Vec<PathBuf>),
    /// The desktop's dialog was answered.
    Picked(PathPurpose, Vec<PathBuf>),
    /// The desktop showed no dialog.
    NoDialog,
    /// A file is being read, and this is what was read so far.
    Opening {
        /// The job that reads it.
        id: JobId,
        /// The file.
        paths: Vec<PathBuf>,
        /// What was read of it.
        document: Arc<Document>,
    },
    /// A job ended.
    JobDone {
        /// Which.
        id: JobId,
        /// How.
        result: JobResult,
    },
    /// Marks were read, or could not be kept.
    Marks(MarksEvent),
    /// The live run.
    #[cfg(feature = "live")]
    Live(Box<super::live::LiveEvent>),
}

/// How a job ended.
pub enum JobResult {
    /// It was cancelled.
    Cancelled,
    /// It failed: cause and place.
    Failed(String),
    /// Files were read.
    Opened {
        /// The files; for folders what lay in them.
        paths: Vec<PathBuf>,
        /// What they hold.
        document: Arc<Document>,
    },
    /// A file was not written, because something lies there already and nobody has said that it may be replaced.
    Exists {
        /// As what.
        format: ExportFormat,
        /// Where.
        path: PathBuf,
    },
    /// A file was written.
    Written {
        /// Where.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// Two documents were compared.
    Compared(Box<CompareReport>),
    /// Digests of the ranks of a job were read.
    #[cfg(not(target_arch = "wasm32"))]
    Cluster(Box<crate::cluster::Cluster>),
    /// An iteration of theirs was.
    #[cfg(not(target_arch = "wasm32"))]
    Within(Box<crate::cluster::Within>),
    /// The groups of theirs were.
    #[cfg(not(target_arch = "wasm32"))]
    Groups(Arc<crate::cluster::Cluster>, Box<crate::cluster::Groups>),
    /// What is selected was explained.
    Explained(Vec<String>),
    /// A range was aggregated.
    Aggregated(Box<RangeTables>),
    /// The hits of a search were found.
    Found(Arc<Hits>),
    /// Statistics were worked out.
    Statistics(Box<Statistics>),
    /// A recording was run once more, changed.
    WhatIf(Box<WhatIfOutcome>),
    /// A query was answered, or what else was asked of the tab of queries.
    Sql(Box<SqlOutcome>),
    /// The GPUs of this computer were calibrated.
    #[cfg(feature = "live")]
    Calibrated(Box<crate::here::Calibrated>),
    /// A neighbour was simulated.
    #[cfg(feature = "live")]
    Neighbour(Box<super::neighbours::NeighbourRun>),
    /// The runs of a step of a lesson were simulated.
    #[cfg(feature = "live")]
    Lesson {
        /// For whom.
        attempt: u64,
        /// What they say, or why they say nothing.
        truth: Result<Arc<crate::lessons::Truth>, String>,
    },
    /// It sent what it found as it went.
    Done,
}
