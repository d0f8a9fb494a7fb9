//! How the panel is changed, and what becomes of what a job has worked out.

use std::sync::Arc;

use weftscope_traces::replay::Edit;

use super::{Predicted, WhatIf, WhatIfCommand, WhatIfFound, WhatIfOutcome};
use crate::{
    app::{
        asking::Same,
        comparison::{hold_predicted, release_predicted, replace_predicted},
        panel::PanelId,
        state::State,
    },
    what_if::parsed,
};

/// Changes that can be gone back from.
const STEPS: usize = 100;

/// Applies a request.
pub(crate) fn update_what_if(state: &mut State, command: WhatIfCommand) {
    match command {
        WhatIfCommand::Type(text) => {
            state.what_if.wrong = None;
            state.what_if.typed = text;
        }
        WhatIfCommand::AddTyped => {
            let typed = state.what_if.typed.trim().to_owned();
            if !typed.is_empty() && add(state, &typed) {
                state.what_if.typed.clear();
            }
        }
        WhatIfCommand::Add(text) => {
            add(state, &text);
        }
        WhatIfCommand::Set(at, text) => set(state, at, &text),
        WhatIfCommand::Remove(at) => change(&mut state.what_if, |edits| {
            if at < edits.len() {
                edits.remove(at);
            }
        }),
        WhatIfCommand::Clear => change(&mut state.what_if, Vec::clear),
        WhatIfCommand::Undo => {
            let tab = &mut state.what_if;
            if let Some(before) = tab.before.pop() {
                tab.edits = before;
                (tab.turned_s, tab.turning, tab.wrong) = (0.0, None, None);
            }
        }
        WhatIfCommand::Suggest => {
            state.settings.layout.set_open(PanelId::WhatIf, true);
            let number = state.fresh_id();
            state.what_if.wants_suggestions = Some(number);
            (state.what_if.suggestions, state.what_if.shows_suggestions) = (None, true);
        }
        WhatIfCommand::ToggleSuggestions => {
            state.what_if.shows_suggestions = !state.what_if.shows_suggestions;
        }
        WhatIfCommand::Take(at) => take(state, at),
        WhatIfCommand::ToggleBeside => {
            if !release_predicted(state)
                && let Some(predicted) = state.what_if.predicted.clone()
            {
                hold_predicted(state, name(&predicted), Arc::clone(&predicted.document));
            }
        }
    }
    if state.what_if.edits.is_empty() {
        (state.what_if.predicted, state.what_if.refused) = (None, None);
        release_predicted(state);
    }
}

/// The edits that a text stands for, of the recording in view.
fn edits_of(state: &mut State, text: &str) -> Option<Vec<Edit>> {
    let meta = state.document().map(|document| &document.trace.meta);
    let parsed = parsed(text, meta);
    state.what_if.wrong = parsed.as_ref().err().map(ToString::to_string);
    parsed.ok()
}

fn add(state: &mut State, text: &str) -> bool {
    let Some(added) = edits_of(state, text) else { return false };
    change(&mut state.what_if, |edits| edits.extend(added));
    true
}

fn set(state: &mut State, at: usize, text: &str) {
    let Some(one) = edits_of(state, text) else { return };
    let now_s = state.now_s;
    let tab = &mut state.what_if;
    if at >= tab.edits.len() || tab.edits.get(at..=at) == Some(&one[..]) {
        return;
    }
    // Turn after turn of one value is one change.
    let is_further = tab.turning == Some(at) && now_s - tab.turned_s < 1.0;
    let before = is_further.then(|| tab.before.pop()).flatten();
    change(tab, |edits| {
        edits.splice(at..=at, one);
    });
    if let (Some(before), Some(last)) = (before, tab.before.last_mut()) {
        *last = before;
    }
    (tab.turned_s, tab.turning) = (now_s, Some(at));
}

fn take(state: &mut State, at: usize) {
    let Some(Ok(suggestions)) = &state.what_if.suggestions else { return };
    let Some(suggestion) = suggestions.ranked.get(at) else { return };
    let texts = suggestion.edits.clone();
    let mut all = Vec::new();
    for text in texts {
        let Some(edits) = edits_of(state, &text) else { return };
        all.extend(edits);
    }
    change(&mut state.what_if, |edits| *edits = all);
    state.what_if.shows_suggestions = false;
}

fn change(tab: &mut WhatIf, how: impl FnOnce(&mut Vec<Edit>)) {
    let before = tab.edits.clone();
    how(&mut tab.edits);
    (tab.turned_s, tab.turning) = (0.0, None);
    if tab.edits != before {
        tab.before.push(before);
        if tab.before.len() > STEPS {
            tab.before.remove(0);
        }
    }
}

/// Takes what a job has worked out; of one that was stopped (`is_wanted` false) only what the next begins with.
pub(crate) fn take_predicted(state: &mut State, outcome: WhatIfOutcome, is_wanted: bool) {
    let WhatIfOutcome { document, prepared, found } = outcome;
    if !state.document().is_some_and(|shown| Arc::ptr_eq(shown, &document)) {
        return;
    }
    let tab = &mut state.what_if;
    (tab.prepared, tab.prepared_of) = (Some(prepared), Some(Same::of(&document)));
    let Some(found) = found.filter(|_| is_wanted) else { return };
    match found {
        WhatIfFound::Unchanged => (tab.predicted, tab.refused) = (None, None),
        WhatIfFound::Suggestions(found) => tab.suggestions = Some(found),
        WhatIfFound::Answer(Ok(predicted)) => {
            (tab.predicted, tab.refused) = (Some(Arc::clone(&predicted)), None);
            replace_predicted(state, name(&predicted), &predicted.document);
        }
        WhatIfFound::Answer(Err(why)) => {
            (tab.predicted, tab.refused) = (None, Some(why));
            release_predicted(state);
        }
    }
}

/// Short name of a predicted timeline.
fn name(predicted: &Predicted) -> String {
    predicted.answer.edits.join(", ")
}
