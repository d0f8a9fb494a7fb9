//! What a lesson does once a frame: has its runs simulated, keeps how a step went, draws guess and truth.

use std::sync::Arc;

use super::{LessonWork, Stage, signs::signs};
use crate::{
    app::{
        asking::{Older, Same},
        document::{Document, Shown},
        effect::Effect,
        settings::Settings,
        state::State,
    },
    jobs::JobKind,
    lessons::{BEFORE, Predict, Recording},
};

/// Called once a frame.
pub(crate) fn flush_lessons(state: &mut State) -> Option<Effect> {
    state.lessons.playing.as_ref()?;
    take_setting(state);
    note(state);
    sign(state);
    begin(state)
}

/// The settings as they are kept: a lesson has folded panels, and that is nobody's wish.
pub(crate) fn settings_to_keep(state: &State) -> Settings {
    let mut settings = state.settings.clone();
    if let Some(playing) = &state.lessons.playing {
        settings.layout = playing.kept.layout.clone();
    }
    settings
}

fn begin(state: &mut State) -> Option<Effect> {
    let recording = recording(state);
    let playing = state.lessons.playing.as_mut()?;
    // What is not yet read, or not yet explained, is asked when it is.
    if playing.lesson.recording.is_some() && recording.is_none() {
        return None;
    }
    let wanted = (playing.attempt, recording.as_ref().map(Same::of));
    let jobs = (&state.jobs[..], JobKind::Lesson);
    playing.asking.next(Some(wanted), Older::Stops, jobs)?;
    let (lesson, step) = (Arc::clone(&playing.lesson), playing.step);
    // Only once they are the prediction: until then they are being turned.
    let yours = playing.draft.setting.clone().filter(|_| playing.stage == Stage::Why);
    let work = LessonWork { lesson, step, recording, yours, attempt: playing.attempt };
    let job = state.begin_job(JobKind::Lesson, "Simulating the lesson");
    Some(Effect::Lesson(job, work.into()))
}

/// The recording that the lesson reads, once it is whole and explained.
fn recording(state: &State) -> Option<Arc<Document>> {
    let playing = state.lessons.playing.as_ref()?;
    let recording = playing.lesson.recording.as_ref()?;
    let document = match recording {
        Recording::Sample(_) => {
            let path = recording.sample_path();
            let open = state.documents.iter().find(|open| open.paths == [path.clone()])?;
            &open.document
        }
        Recording::Yours(_) => match state.shown {
            Shown::File(id) => &state.open_document(id)?.document,
            _ => return None,
        },
    };
    document.is_explained.then(|| Arc::clone(document))
}

/// The knobs as they stand are the prediction, where those are asked for and have been turned.
fn take_setting(state: &mut State) {
    let (Some(playing), Some(live)) = (&mut state.lessons.playing, &state.live) else { return };
    if playing.stage != Stage::Predict || !matches!(playing.step().predict, Predict::Setting(_)) {
        return;
    }
    let (now, known) = (&live.draft.spec, &playing.draft.setting);
    if playing.step().run(BEFORE) == Some(now) {
        playing.draft.setting = None;
    } else if known.as_deref() != Some(now) {
        playing.draft.setting = Some(Box::new(now.clone()));
    }
}

/// Keeps how the step went, once that is known.
fn note(state: &mut State) {
    let Some(playing) = &mut state.lessons.playing else { return };
    if playing.is_noted || playing.stage != Stage::Why {
        return;
    }
    if let Some(is_right) = playing.is_right() {
        playing.is_noted = true;
        let slug = playing.lesson.slug.clone();
        state.settings.lessons.keep(&slug, playing.step, is_right);
    }
}

/// Draws guess and truth into what is in view, once both are known.
fn sign(state: &mut State) {
    let wanted = signs(state);
    if let Some(view) = state.view_mut()
        && view.signs != wanted
    {
        view.signs = wanted;
    }
}
