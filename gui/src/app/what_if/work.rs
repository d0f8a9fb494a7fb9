//! Works out what a task asks for, off the thread of the window.

use std::{ops::ControlFlow, sync::Arc};

use weftscope_traces::{
    analysis::{Config, Ops},
    replay::{Answer, AnswerError, Edit, Prepared, suggest},
};

use super::{Predicted, WhatIfFound, WhatIfOutcome, WhatIfQuestion, WhatIfTask};
use crate::{
    app::{document::Document, event::JobResult},
    jobs::{Cancelled, JobControl},
};

/// Works it out. What the recording was made into is given back whatever becomes of the rest: the next question begins with it.
pub(crate) fn work_out(
    document: &Arc<Document>,
    task: &WhatIfTask,
    control: &JobControl,
) -> JobResult {
    if control.is_cancelled() {
        return JobResult::Cancelled;
    }
    let ops = Ops::of(&document.trace, &Config::default());
    let prepared = match &task.prepared {
        Some(prepared) => Arc::clone(prepared),
        None => Arc::new(Prepared::of(&ops)),
    };
    let found = match &task.question {
        WhatIfQuestion::Answer(edits) if edits.is_empty() => Ok(WhatIfFound::Unchanged),
        WhatIfQuestion::Answer(edits) => answer(document, (&ops, &prepared), edits, control),
        WhatIfQuestion::Suggest => suggestions((&ops, &prepared), control),
    };
    let found = found.ok();
    JobResult::WhatIf(Box::new(WhatIfOutcome { document: Arc::clone(document), prepared, found }))
}

fn answer(
    document: &Document,
    (ops, prepared): (&Ops<'_>, &Prepared),
    edits: &[Edit],
    control: &JobControl,
) -> Result<WhatIfFound, Cancelled> {
    control.step(1, 3)?;
    let answer = match Answer::of(ops, prepared, edits) {
        Ok(answer) => answer,
        Err(error) => return Ok(WhatIfFound::Answer(Err(error.to_string()))),
    };
    control.step(2, 3)?;
    let stem = format!("{}-predicted", document.file_stem);
    let predicted = Arc::new(Document::prepare(Arc::clone(&answer.predicted), stem));
    Ok(WhatIfFound::Answer(Ok(Arc::new(Predicted { answer, document: predicted }))))
}

fn suggestions(
    (ops, prepared): (&Ops<'_>, &Prepared),
    control: &JobControl,
) -> Result<WhatIfFound, Cancelled> {
    let mut go_on = |done, total| match control.step(done, total) {
        Ok(()) => ControlFlow::Continue(()),
        Err(Cancelled) => ControlFlow::Break(()),
    };
    match suggest(ops, prepared, &mut go_on) {
        Err(AnswerError::Stopped) => Err(Cancelled),
        found => Ok(WhatIfFound::Suggestions(found.map_err(|error| error.to_string()))),
    }
}
