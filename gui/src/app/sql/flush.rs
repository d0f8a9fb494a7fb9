use crate::{
    app::{
        asking::Older,
        effect::Effect,
        sql::{SqlShown, SqlTask},
        state::State,
    },
    jobs::JobKind,
};

/// Begins what the user asked for last; called once a frame. What is under way is stopped for it. An answer about what is
/// no longer in view goes, and a document that takes another's place is not asked anew.
pub(crate) fn flush_sql(state: &mut State) -> Option<Effect> {
    let shown = state.shown;
    if state.sql.of.is_some_and(|of| of != shown) {
        (state.sql.shown, state.sql.of, state.sql.wanted) = (SqlShown::Nothing, None, None);
        state.sql.order.clear();
    }
    let wanted = state.sql.wanted.clone().zip(state.document().cloned());
    let number = wanted.as_ref().map(|((number, _), _)| *number);
    let jobs = (&state.jobs[..], JobKind::Sql);
    state.sql.asking.next(number, Older::Stops, jobs)?;
    let ((_, task), document) = wanted?;
    state.sql.of = Some(shown);
    let title = match &task {
        SqlTask::Rows { .. } => "Asking in SQL".to_owned(),
        SqlTask::Track { name, .. } => format!("Making the track SQL: {name}"),
        SqlTask::Remove { name } => format!("Removing the track SQL: {name}"),
    };
    let job = state.begin_job(JobKind::Sql, title);
    Some(Effect::Sql(job, document, task))
}
