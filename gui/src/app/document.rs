//! A trace ready to be drawn and explained.

use std::{panic::resume_unwind, path::PathBuf, sync::Arc, thread};

use weftscope_traces::{
    Trace,
    analysis::{Config, Ops},
};

use super::{
    batch_picture::BatchPicture, explain::Explanation, marks::MarkStore, queries::Queries,
};
use crate::timeline::{TimelineData, ViewState};

/// Identifies an opened document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub u64);

/// What the centre shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Nothing: the empty screen.
    #[default]
    Nothing,
    /// The live run.
    #[cfg(feature = "live")]
    Live,
    /// An opened file.
    File(DocumentId),
    /// The ranks of a job, as their digests say.
    #[cfg(not(target_arch = "wasm32"))]
    Cluster,
}

/// A trace with all that is derived from it once. Made off the UI thread.
pub struct Document {
    /// One line: what it is.
    pub title: String,
    /// For file names made from it.
    pub file_stem: String,
    /// The trace.
    pub trace: Arc<Trace>,
    /// What the timeline draws from.
    pub timeline: Arc<TimelineData>,
    /// The batch, where the trace says what it was.
    pub batch: Option<BatchPicture>,
    /// What the panels say.
    pub explanation: Arc<Explanation>,
    /// That was worked out: until it is, a large recording can be looked at without.
    pub is_explained: bool,
    /// What of it is not here, where it lies at the other end of a link.
    #[cfg(feature = "live")]
    pub part: Option<Arc<super::part::Part>>,
    /// The end of a link at which all of it lies, to be asked.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(crate) asker: Option<super::part::Asker>,
    /// What answers queries; of the trace, so that it stays when that is explained.
    queries: Arc<Queries>,
}

impl Document {
    /// Derives what the window needs: what explains the trace beside what draws it, each of which costs a pass or two
    /// over all slices.
    pub fn prepare(trace: Arc<Trace>, file_stem: impl Into<String>) -> Self {
        let explain = || Explanation::of(&Ops::of(&trace, &Config::default()));
        let (explanation, timeline) = thread::scope(|scope| {
            let explaining = thread::Builder::new()
                .name("weftscope-explain".to_owned())
                .spawn_scoped(scope, explain);
            let timeline = TimelineData::indexed(Arc::clone(&trace));
            let explanation = match explaining {
                Ok(explaining) => explaining.join().unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => explain(),
            };
            (explanation, timeline)
        });
        Self::of(trace, file_stem.into(), timeline, Arc::new(explanation))
    }

    /// Derives what draws the trace and nothing else, for a first look.
    pub fn drawn(trace: Arc<Trace>, file_stem: impl Into<String>) -> Self {
        let timeline = TimelineData::indexed(Arc::clone(&trace));
        let explanation = Arc::new(Explanation::none());
        Self { is_explained: false, ..Self::of(trace, file_stem.into(), timeline, explanation) }
    }

    /// The same document with what explains it.
    #[must_use]
    pub fn explained(&self) -> Self {
        let trace = Arc::clone(&self.trace);
        let explanation = Arc::new(Explanation::of(&Ops::of(&trace, &Config::default())));
        let timeline = TimelineData::clone(&self.timeline);
        let (batch, queries) = (self.batch.clone(), Arc::clone(&self.queries));
        Self { batch, queries, ..Self::of(trace, self.file_stem.clone(), timeline, explanation) }
    }

    pub(super) fn of(
        trace: Arc<Trace>,
        file_stem: String,
        mut timeline: TimelineData,
        explanation: Arc<Explanation>,
    ) -> Self {
        timeline.set_overlap(&explanation.reports.overlap);
        timeline.set_lengths(&explanation.lengths_ns);
        timeline.set_slack(&explanation.reports.phases);
        timeline.set_places(Arc::clone(&explanation.op_places));
        let queries = Arc::new(Queries::of(Arc::clone(&trace)));
        Self {
            title: trace.meta.title.clone(),
            file_stem,
            trace,
            timeline: Arc::new(timeline),
            batch: None,
            explanation,
            is_explained: true,
            #[cfg(feature = "live")]
            part: None,
            #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
            asker: None,
            queries,
        }
    }

    /// The same with another trace, of which everything that explains this one is as true: it has rows more, or less,
    /// that no figure counts.
    pub(crate) fn redrawn(&self, trace: Arc<Trace>) -> Self {
        let timeline = TimelineData::indexed(Arc::clone(&trace));
        let explanation = Arc::clone(&self.explanation);
        let (batch, is_explained) = (self.batch.clone(), self.is_explained);
        Self {
            batch,
            is_explained,
            ..Self::of(trace, self.file_stem.clone(), timeline, explanation)
        }
    }

    /// What answers queries, one after another: what the last has made serves the next.
    pub(crate) fn queries(&self) -> &Queries {
        &self.queries
    }

    /// Whom to ask what needs all of the recording, where a part of it is here.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(crate) fn asker(&self) -> Option<&super::part::Asker> {
        self.asker.as_ref().filter(|_| self.part.is_some())
    }
}

/// A document that came from files.
pub struct OpenDocument {
    /// Its id.
    pub id: DocumentId,
    /// Where it came from.
    pub paths: Vec<PathBuf>,
    /// What it holds.
    pub document: Arc<Document>,
    /// How it is looked at.
    pub view: ViewState,
    /// Where its marks are kept.
    pub marks: MarkStore,
}

impl OpenDocument {
    /// Short name for a tab: the file's name, and how many more there are.
    pub fn name(&self) -> String {
        // A watched program has no file yet.
        let unnamed = || self.document.file_stem.clone();
        let first = self.paths.first().map_or_else(unnamed, |path| short_name(path));
        match self.paths.len() {
            0 | 1 => first,
            n => format!("{first} + {}", n - 1),
        }
    }
}

/// The last part of a path.
pub fn short_name(path: &std::path::Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
