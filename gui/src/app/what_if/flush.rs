//! Asks what the edits in force make of the recording in view, once a frame.

use std::{sync::Arc, time::Duration};

use super::{WhatIf, WhatIfQuestion, WhatIfTask};
use crate::{
    app::{
        asking::{Older, Same},
        comparison::release_predicted,
        document::{Document, Shown},
        effect::Effect,
        panel::PanelId,
        state::State,
    },
    jobs::JobKind,
};

/// A value that is being turned is asked about once it has stood still for so long, s: of many, the last.
const STILL_S: f64 = 0.12;

/// Begins what is to be known of the recording in view; the newest edits stop what is worked out for older ones. What is of a recording
/// that is no longer in view goes, with the timeline that was predicted from it.
pub(crate) fn flush_what_if(state: &mut State) -> Option<Effect> {
    if state.what_if.of != Some(state.shown) {
        forget(state);
    }
    let document = state.document().filter(|document| document.is_explained).cloned();
    let is_asked = is_on_screen(state) || !state.what_if.edits.is_empty();
    let document = document.filter(|_| is_asked && matches!(state.shown, Shown::File(_)))?;
    if settling(state).is_some() {
        return None;
    }
    let tab = &mut state.what_if;
    let same = Same::of(&document);
    let suggest = tab.wants_suggestions.map(|number| (same.clone(), number));
    let jobs = (&state.jobs[..], JobKind::Suggest);
    if tab.suggesting.next(suggest, Older::Stops, jobs).is_some() {
        let task = task(tab, &document, WhatIfQuestion::Suggest);
        let job = state.begin_job(JobKind::Suggest, "Trying what would pay");
        return Some(Effect::WhatIf(job, document, task));
    }
    let question = (same, tab.edits.clone());
    let jobs = (&state.jobs[..], JobKind::WhatIf);
    let (_, edits) = tab.asking.next(Some(question), Older::Stops, jobs)?;
    let task = task(tab, &document, WhatIfQuestion::Answer(edits));
    let job = state.begin_job(JobKind::WhatIf, "Running it again, changed");
    Some(Effect::WhatIf(job, document, task))
}

/// How long the value that is being turned has still to stand; `None` where nothing is waited for.
pub(crate) fn settling(state: &State) -> Option<Duration> {
    let left_s = state.what_if.turned_s + STILL_S - state.now_s;
    (left_s > 0.0 && state.what_if.turned_s > 0.0).then(|| Duration::from_secs_f64(left_s))
}

fn is_on_screen(state: &State) -> bool {
    state.settings.layout.is_open(PanelId::WhatIf)
}

fn task(tab: &WhatIf, document: &Arc<Document>, question: WhatIfQuestion) -> Arc<WhatIfTask> {
    let is_of_it = tab.prepared_of.as_ref() == Some(&Same::of(document));
    let prepared = tab.prepared.clone().filter(|_| is_of_it);
    Arc::new(WhatIfTask { prepared, question })
}

fn forget(state: &mut State) {
    for job in &state.jobs {
        if matches!(job.kind, JobKind::WhatIf | JobKind::Suggest) {
            job.cancel();
        }
    }
    release_predicted(state);
    state.what_if = WhatIf { of: Some(state.shown), ..WhatIf::default() };
}
