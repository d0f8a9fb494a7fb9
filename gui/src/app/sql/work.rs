//! Works out what a task asks for, off the thread of the window.

use std::sync::Arc;

use web_time::Instant;
use weftscope_query::{QueryError, StretchTaker};
use weftscope_traces::{
    Trace,
    edit::{with_answer, without_answer},
    words::counted,
};

use super::{SqlAnswer, SqlFailure, SqlOutcome, SqlTask};
use crate::{
    app::{document::Document, event::JobResult, queries::Queries},
    jobs::JobControl,
};

/// Works it out.
pub(crate) fn work_out(
    document: &Arc<Document>,
    task: &SqlTask,
    control: &JobControl,
) -> JobResult {
    let outcome = match task {
        SqlTask::Rows { query } => rows_of(document, query, control),
        SqlTask::Track { name, query } => track(document, (name, query), control),
        SqlTask::Remove { name } => changed(document, format!("SQL: {name} removed"), |trace| {
            without_answer(trace, name).map_err(|error| error.to_string())
        }),
    };
    match outcome {
        Some(outcome) if !control.is_cancelled() => JobResult::Sql(Box::new(outcome)),
        _ => JobResult::Cancelled,
    }
}

/// `None`: stopped.
fn rows_of(document: &Document, query: &str, control: &JobControl) -> Option<SqlOutcome> {
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    if let Some(asker) = document.asker() {
        let question = crate::app::part::Question::Rows(query.to_owned());
        use crate::app::queries::Unanswered;
        let why = match asker.answer(question, control) {
            Ok(Ok(answer)) => return Some(SqlOutcome::Rows(answer)),
            Ok(Err(failure)) => return Some(SqlOutcome::Failed(failure)),
            Err(Unanswered::Stopped) => return None,
            Err(Unanswered::Gone) => "the run has gone on: pause it, and ask then".to_owned(),
            Err(Unanswered::Failed(why)) => why,
        };
        return Some(SqlOutcome::Failed(SqlFailure { why, place: None }));
    }
    Some(match rows(document.queries(), query, control)? {
        Ok(answer) => SqlOutcome::Rows(answer),
        Err(failure) => SqlOutcome::Failed(failure),
    })
}

/// The rows of a query, to be shown; `None`: stopped.
pub(crate) fn rows(
    queries: &Queries,
    query: &str,
    control: &JobControl,
) -> Option<Result<SqlAnswer, SqlFailure>> {
    let began = Instant::now();
    let mut answer = SqlAnswer::to(query);
    Some(match queries.ask(query, control, &mut answer) {
        Ok(()) => {
            answer.took_s = began.elapsed().as_secs_f64();
            Ok(answer)
        }
        Err(error) => Err(failed(&error, query)?),
    })
}

fn failed(error: &QueryError, query: &str) -> Option<SqlFailure> {
    match error {
        QueryError::Stopped => None,
        error => Some(SqlFailure::of(error, query)),
    }
}

fn track(
    document: &Arc<Document>,
    (name, query): (&str, &str),
    control: &JobControl,
) -> Option<SqlOutcome> {
    let mut taker = StretchTaker::new(name, query);
    if let Err(error) = document.queries().ask(query, control, &mut taker) {
        return failed(&error, query).map(SqlOutcome::Failed);
    }
    let (answer, skipped) = taker.finish();
    let mut what =
        format!("{} as the track SQL: {name}", counted(answer.slices.len() as u64, "slice"));
    if skipped > 0 {
        what += &format!("; {} without a time passed over", counted(skipped, "row"));
    }
    changed(document, what, |trace| with_answer(trace, answer).map_err(|error| error.to_string()))
}

fn changed(
    document: &Arc<Document>,
    what: String,
    change: impl FnOnce(Trace) -> Result<Trace, String>,
) -> Option<SqlOutcome> {
    Some(match change((*document.trace).clone()) {
        Ok(trace) => {
            // What explains it stays, since no figure counts an answer.
            let new = Arc::new(document.redrawn(Arc::new(trace)));
            SqlOutcome::Changed { old: Arc::clone(document), new, what }
        }
        Err(why) => SqlOutcome::Failed(SqlFailure { why, place: None }),
    })
}
