//! How the tab of queries is changed, and what becomes of what a job has worked out.

use weftscope_query::Question;
use weftscope_traces::edit::answers;

use super::{SqlCommand, SqlOutcome, SqlShown, SqlTask, go_to::go_to};
use crate::app::{
    effect::Effect,
    notice::Severity,
    panel::BottomTab,
    state::State,
    table_sort::{SortKey, TableId},
};

/// Applies a request.
pub(crate) fn update_sql(state: &mut State, command: SqlCommand) -> Vec<Effect> {
    match command {
        SqlCommand::Type(query) => {
            // Another query is another track, but for a name that the user gave.
            if Question::of_name(&state.sql.track_name).is_some() {
                state.sql.track_name.clear();
            }
            state.sql.query = query;
        }
        SqlCommand::Run => run(state),
        SqlCommand::Ready(name) => {
            if let Some(question) = Question::of_name(name) {
                state.sql.query = question.sql.to_owned();
                state.sql.track_name = name.to_owned();
                run(state);
            }
        }
        SqlCommand::NameTrack(name) => state.sql.track_name = name,
        SqlCommand::AsTrack => {
            let query = state.sql.answer().map(|answer| answer.query.clone());
            if let Some(query) = query {
                let name = state.sql.track_name.trim();
                let name = if name.is_empty() { "answer" } else { name }.to_owned();
                want(state, SqlTask::Track { name, query });
            }
        }
        SqlCommand::Again(name) => {
            let held = state.document().map(|document| answers(&document.trace));
            let held = held.into_iter().flatten().find(|held| held.name == name);
            if let Some(query) = held.and_then(|held| held.query) {
                want(state, SqlTask::Track { name, query });
            }
        }
        SqlCommand::Remove(name) => want(state, SqlTask::Remove { name }),
        SqlCommand::GoTo(row) => return go_to(state, row),
    }
    Vec::new()
}

fn run(state: &mut State) {
    state.settings.layout.show(BottomTab::Sql);
    let query = state.sql.query.clone();
    if query.trim().is_empty() {
        return;
    }
    state.sql.shown = SqlShown::Nothing;
    state.sql.order.clear();
    want(state, SqlTask::Rows { query });
}

fn want(state: &mut State, task: SqlTask) {
    let is_whole = state.document().is_none_or(|document| document.is_explained);
    if !is_whole && !matches!(task, SqlTask::Rows { .. }) {
        // What is read next would take its place.
        let text = "The recording is still being read: make tracks of it once it is whole";
        state.notices.push(Severity::Warning, text);
        return;
    }
    let number = state.fresh_id();
    state.sql.wanted = Some((number, task));
}

/// Takes what a job has worked out.
pub(crate) fn take_outcome(state: &mut State, outcome: SqlOutcome) {
    match outcome {
        SqlOutcome::Rows(answer) => {
            // Columns are others now.
            state.table_sorts.remove(&TableId::Sql);
            state.sql.order.clear();
            state.sql.shown = SqlShown::Rows(Box::new(answer));
        }
        SqlOutcome::Failed(failure) => state.sql.shown = SqlShown::Failed(failure),
        SqlOutcome::Changed { old, new, what } => {
            if state.replace(&old, &new) {
                state.notices.push(Severity::Done, what);
            } else {
                let text = "The recording is no longer open: nothing was changed";
                state.notices.push(Severity::Warning, text);
            }
        }
    }
}

/// Puts the rows of the answer into the order that the user chose.
pub(crate) fn sorted(state: &mut State) {
    let sort = state.table_sort(TableId::Sql);
    let tab = &mut state.sql;
    tab.order.clear();
    let (SqlShown::Rows(answer), Some(sort)) = (&tab.shown, sort) else { return };
    tab.order.extend(0..answer.rows.len());
    tab.order.sort_by(|&one, &other| {
        let cells = [one, other].map(|row| answer.rows[row].get(sort.column));
        let [Some(one), Some(other)] = cells else { return std::cmp::Ordering::Equal };
        let order = one.order(other);
        if sort.key == SortKey::Descending { order.reverse() } else { order }
    });
}
