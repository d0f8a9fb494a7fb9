//! A job as the window shows it, and what the job holds of that.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use thiserror::Error;

/// Identifies a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// What a job does; a newer one of the same kind makes an older one worthless for some kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// Reads files.
    Open,
    /// Reads files to compare with.
    OpenReference,
    /// Says what differs.
    Compare,
    /// Writes a file.
    Export,
    /// Runs the baselines of a batch.
    Baselines,
    /// Runs the points of a curve.
    Curve,
    /// Serves requests.
    Serving,
    /// Looks up an iteration of theirs.
    ServingBatch,
    /// Simulates a neighbour.
    Neighbour,
    /// Simulates the runs of a step of a lesson.
    Lesson,
    /// Measures the GPUs of this computer.
    Calibrate,
    /// Aggregates a range.
    Aggregate,
    /// Explains what is selected.
    Explain,
    /// Finds the hits of a search.
    Search,
    /// Works out statistics.
    Statistics,
    /// Answers a query.
    Sql,
    /// Runs a recording once more, changed.
    WhatIf,
    /// Tries which change of a recording would pay.
    Suggest,
    /// Reads what the ranks of a job did in an iteration.
    Cluster,
    /// Watches a program; stopped, it has something to show all the same.
    Watch,
}

/// The job stopped because it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("cancelled")]
pub struct Cancelled;

/// A job as the window shows it: shared with the job, read each frame.
#[derive(Clone, Debug)]
pub struct JobStatus {
    /// Its id.
    pub id: JobId,
    /// What it does.
    pub kind: JobKind,
    /// As shown, e.g. `Opening rank0.json.gz`.
    pub title: String,
    /// UI time at which it began, s; a bar appears after half a second.
    pub began_s: f64,
    control: JobControl,
}

impl JobStatus {
    /// Describes a new job.
    pub fn new(id: JobId, kind: JobKind, title: impl Into<String>, began_s: f64) -> Self {
        Self { id, kind, title: title.into(), began_s, control: JobControl::default() }
    }

    /// The side the job holds.
    pub fn control(&self) -> JobControl {
        self.control.clone()
    }

    /// Share done, 0…1; `None` while it is not known.
    pub fn progress(&self) -> Option<f32> {
        self.control.progress()
    }

    /// Asks it to stop.
    pub fn cancel(&self) {
        self.control.cancel();
    }

    /// It was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.control.is_cancelled()
    }
}

/// What a job holds of its status.
#[derive(Clone, Default)]
pub struct JobControl {
    cancelled: Arc<AtomicBool>,
    /// Thousandths done, plus one; 0: not known.
    permille: Arc<AtomicU32>,
    /// Who else is told.
    heard: Option<Arc<dyn Fn(u32) + Send + Sync>>,
}

impl fmt::Debug for JobControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cancelled, permille, heard: _ } = self;
        f.debug_struct("JobControl")
            .field("cancelled", cancelled)
            .field("permille", permille)
            .finish_non_exhaustive()
    }
}

impl JobControl {
    /// One that is cancelled with this, and tells somebody else too, in thousandths, each time there are more.
    #[cfg(feature = "live")]
    pub(crate) fn telling(&self, heard: impl Fn(u32) + Send + Sync + 'static) -> Self {
        let cancelled = Arc::clone(&self.cancelled);
        Self { cancelled, heard: Some(Arc::new(heard)), ..Self::default() }
    }

    /// Asks the job to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Somebody else holds it too.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(crate) fn is_shared(&self) -> bool {
        Arc::strong_count(&self.cancelled) > 1
    }

    /// The job was asked to stop.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }

    /// Tells how far the job is, and whether to stop; called between pieces of work.
    ///
    /// # Errors
    /// [`Cancelled`] when the job was asked to stop.
    pub fn step(&self, done: u64, total: u64) -> Result<(), Cancelled> {
        let permille = (done.min(total) * 1000).checked_div(total).unwrap_or(0);
        let permille = u32::try_from(permille).unwrap_or(1000);
        let before = self.permille.swap(permille + 1, Ordering::Relaxed);
        if let Some(heard) = &self.heard
            && before != permille + 1
        {
            heard(permille);
        }
        if self.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    fn progress(&self) -> Option<f32> {
        let permille = self.permille.load(Ordering::Relaxed);
        permille.checked_sub(1).map(|permille| permille as f32 / 1000.0)
    }
}
