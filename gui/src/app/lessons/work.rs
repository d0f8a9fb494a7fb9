//! Simulates the runs of a step, off the thread of the window.

use std::sync::Arc;

use weftscope_engine::spec::RunSpec;

use crate::{
    app::{document::Document, event::JobResult},
    jobs::JobControl,
    lessons::{Facts, Lesson, Simulated, Truth},
};

/// What a job works out.
pub struct LessonWork {
    /// The lesson.
    pub lesson: Arc<Lesson>,
    /// Place of the step.
    pub step: usize,
    /// The recording that it reads.
    pub recording: Option<Arc<Document>>,
    /// The knobs as they were turned, where those are the question.
    pub yours: Option<Box<RunSpec>>,
    /// Whose answer it is.
    pub attempt: u64,
}

impl LessonWork {
    /// What is to be simulated.
    pub(crate) fn specs(&self) -> impl Iterator<Item = &RunSpec> {
        let runs = self.lesson.steps[self.step].runs.iter().map(|run| &run.spec);
        runs.chain(self.yours.as_deref())
    }
}

/// Works it out; simulates what is not known yet.
pub(crate) fn work_out(
    work: &LessonWork,
    simulated: &mut Simulated,
    control: &JobControl,
) -> JobResult {
    let facts = work.recording.as_ref().map(|document| {
        let reports = document.explanation.reports.clone();
        Arc::new(Facts::answered(Arc::clone(&document.trace), reports))
    });
    let step = &work.lesson.steps[work.step];
    let is_stopped = || control.is_cancelled();
    let truth = Truth::of(step, facts, work.yours.as_deref(), simulated, &is_stopped);
    if control.is_cancelled() {
        return JobResult::Cancelled;
    }
    JobResult::Lesson { attempt: work.attempt, truth: truth.map(Arc::new) }
}
