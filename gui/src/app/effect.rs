//! What the mutator wants done outside the state.

use std::{path::PathBuf, sync::Arc};

use weftscope_traces::analysis::{CompareConfig, Search};

use super::{
    document::Document, marks::MarksTask, path_question::PathPurpose, sql::SqlTask,
    what_if::WhatIfTask,
};
#[cfg(feature = "live")]
use crate::{jobs::JobId, theme::number};
use crate::{
    jobs::{Asked, Export, JobStatus},
    timeline::{RangeSelection, Selection},
};

/// Work for [`Runner`](super::Runner): the state says what it wants, never how.
#[derive(Clone)]
pub enum Effect {
    /// Show the desktop's own file dialog.
    Browse(PathPurpose, PathBuf),
    /// Read files into one document.
    Open(JobStatus, Asked),
    /// Write a document.
    Export(JobStatus, Arc<Document>, Export),
    /// Say what differs between two documents.
    Compare(JobStatus, [Arc<Document>; 2], CompareConfig),
    /// Explain what is selected.
    Explain(JobStatus, Arc<Document>, Selection),
    /// Aggregate what is selected.
    Aggregate(JobStatus, Arc<Document>, RangeSelection),
    /// Find what a search matches.
    Search(JobStatus, Arc<Document>, Arc<Search>),
    /// Read or write the marks of a file.
    Marks(MarksTask),
    /// Work out the statistics of a document.
    Statistics(JobStatus, Arc<Document>),
    /// Work out what a query answers.
    Sql(JobStatus, Arc<Document>, SqlTask),
    /// Run a recording once more, changed.
    WhatIf(JobStatus, Arc<Document>, Arc<WhatIfTask>),
    /// Read an iteration of the ranks of a job, op by op.
    #[cfg(not(target_arch = "wasm32"))]
    Within(JobStatus, Arc<crate::cluster::Cluster>, usize),
    /// Read which groups the ranks of a job are in.
    #[cfg(not(target_arch = "wasm32"))]
    Groups(JobStatus, Arc<crate::cluster::Cluster>),
    /// Text for the clipboard.
    Copy(String),
    /// End the program.
    Quit,
    /// Start a program and watch it.
    #[cfg(feature = "gpus")]
    Watch(JobStatus, Arc<crate::jobs::Watched>),
    /// Tell the session something.
    #[cfg(feature = "live")]
    Session(weftscope_engine::command::Command),
    /// A new session in place of the old.
    #[cfg(feature = "live")]
    Restart(super::live::Backend, super::live::SessionId, Arc<weftscope_engine::spec::RunSpec>),
    /// Run the baselines of a spec.
    #[cfg(feature = "live")]
    Baselines(JobStatus, super::live::Backend, Arc<weftscope_engine::spec::RunSpec>),
    /// Reach a server, after a while.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    Connect {
        /// Told with what becomes of it.
        attempt: u64,
        /// How.
        ssh: crate::remote::Ssh,
        /// Who.
        target: crate::remote::Target,
        /// When.
        after: std::time::Duration,
    },
    /// Copy this program to a server; told with what becomes of it.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    Install(u64, crate::remote::Ssh, crate::remote::SshTarget),
    /// Run what is live at the other end of this, or here.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    UseLink(Option<crate::remote::Link>),
    /// Ask for the run there that several windows see.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    TakeControl,
    /// Calibrate the GPUs of this computer.
    #[cfg(feature = "live")]
    Calibrate(JobStatus, super::live::Backend),
    /// Serve requests.
    #[cfg(feature = "live")]
    Serving(JobStatus, Arc<super::live::ServingRun>),
    /// Look up what an iteration of requests that were served computed.
    #[cfg(feature = "live")]
    ServingBatch(JobStatus, Arc<super::live::ServingRun>, Arc<super::live::ServedRun>, usize),
    /// Simulate a neighbour, with its idea and without.
    #[cfg(feature = "live")]
    Neighbour(JobStatus, Arc<weftscope_engine::neighbours::Settings>),
    /// Simulate the runs of a step of a lesson.
    #[cfg(feature = "live")]
    Lesson(JobStatus, Arc<super::lessons::LessonWork>),
    /// Run a curve of a spec.
    #[cfg(feature = "live")]
    Curve(
        JobStatus,
        super::live::Backend,
        Arc<weftscope_engine::spec::RunSpec>,
        weftscope_profiler::sweep::SweepAxis,
    ),
}

#[cfg(feature = "live")]
impl Effect {
    /// The job that the part of a document which is here does not suffice for, and which is not asked where all of it lies either;
    /// and why.
    pub(super) fn lacks(&self) -> Option<(JobId, String)> {
        let one = std::slice::from_ref;
        let (job, documents, needs_all) = match self {
            // A search says itself that it lacks some of what it looks at.
            Self::Aggregate(..) | Self::Search(..) | Self::Sql(_, _, SqlTask::Rows { .. }) => {
                return None;
            }
            Self::Export(_, _, export) if export.format.is_had_there() => return None,
            Self::Export(job, document, export) => {
                (job, one(document), export.format.is_of_slices())
            }
            Self::Sql(job, document, _) => (job, one(document), true),
            Self::Statistics(job, document)
            | Self::WhatIf(job, document, _)
            | Self::Explain(job, document, _) => (job, std::slice::from_ref(document), false),
            Self::Compare(job, documents, _) => (job, &documents[..], false),
            _ => return None,
        };
        let parts = documents.iter().filter_map(|document| document.part.as_ref());
        let part = parts.into_iter().find(|part| needs_all || part.ops_folded > 0)?;
        let cause = format!(
            "{}: that needs all of the recording, and {} of {} slices are here: all of a run comes once it is paused; a long \
             recording is copied here for that",
            job.title,
            number::count(part.here()),
            number::count(part.slices),
        );
        Some((job.id, cause))
    }
}
