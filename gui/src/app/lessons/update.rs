//! What a student asks for, applied.

use std::sync::Arc;

use super::{
    GuessDraft, LessonCommand, Playing, Stage,
    closely::{look_closely, stand_back},
    play::Kept,
};
use crate::{
    app::{
        asking::Asking,
        document::{OpenDocument, Shown},
        effect::Effect,
        live::{Backend, Draft, Running},
        look::look,
        notice::Severity,
        opening::{close, open},
        panel::PanelId,
        state::State,
    },
    jobs::{Asked, JobKind},
    lessons::{AFTER, BEFORE, Predict, RECORDING, Recording, Truth, lessons},
    timeline::ViewCommand,
};

/// Applies a request.
pub(crate) fn update_lessons(state: &mut State, command: LessonCommand) -> Vec<Effect> {
    match command {
        LessonCommand::Start(number) => return start(state, number),
        LessonCommand::Restart => {
            let Some(playing) = &state.lessons.playing else { return Vec::new() };
            let (number, slug) = (playing.lesson.number, playing.lesson.slug.clone());
            state.settings.lessons.forget(&slug);
            return start(state, number);
        }
        LessonCommand::Leave => return leave(state),
        LessonCommand::Show(name) => return show(state, &name),
        LessonCommand::Try => return try_it(state),
        LessonCommand::Next => return next(state),
        LessonCommand::Again => {
            let Some(playing) = &state.lessons.playing else { return Vec::new() };
            let (step, hints) = (playing.step, playing.hints);
            let effects = enter(state, step);
            if let Some(playing) = &mut state.lessons.playing {
                playing.hints = hints;
            }
            return effects;
        }
        LessonCommand::Type(_)
        | LessonCommand::Choose(_)
        | LessonCommand::Move { .. }
        | LessonCommand::Answer
        | LessonCommand::Hint => {
            let attempt = state.fresh_id();
            let Some(playing) = &mut state.lessons.playing else { return Vec::new() };
            predict(playing, command);
            if playing.stage == Stage::Try && matches!(playing.step().predict, Predict::Setting(_))
            {
                // It has been tried: what is to be known is what these knobs do.
                playing.stage = Stage::Why;
                playing.truth = None;
                playing.attempt = attempt;
            }
            if playing.stage == Stage::Try {
                // What was pointed at is known; selected, it would dim everything else.
                return look(state, ViewCommand::ClearSelection);
            }
        }
    }
    Vec::new()
}

fn predict(playing: &mut Playing, command: LessonCommand) {
    if playing.stage != Stage::Predict {
        return;
    }
    match command {
        LessonCommand::Type(typed) => playing.draft.typed = typed,
        LessonCommand::Choose(at) => playing.draft.choice = Some(at),
        LessonCommand::Move { at, by } => playing.draft.move_run(at, by),
        LessonCommand::Hint => {
            playing.hints = (playing.hints + 1).min(playing.step().words.hints.len());
        }
        LessonCommand::Answer if playing.guess().is_some() => playing.stage = Stage::Try,
        _ => {}
    }
}

/// Plays a lesson from where it was left; one that was seen to its end from the beginning.
fn start(state: &mut State, number: usize) -> Vec<Effect> {
    let Some(lesson) = lessons().find(|lesson| lesson.number == number) else {
        let text = format!("There is no lesson {number}");
        state.notices.push(Severity::Warning, text);
        return Vec::new();
    };
    let lesson = Arc::clone(lesson);
    // From lesson to lesson, what was there before the first is kept.
    let before = state.lessons.playing.take().map(|playing| playing.kept);
    let Some(kept) = before.or_else(|| kept(state)) else { return Vec::new() };
    let done = state.settings.lessons.of(&lesson.slug).len();
    let step = if done < lesson.steps.len() { done } else { 0 };
    let layout = &mut state.settings.layout;
    layout.set_open(PanelId::Lessons, true);
    // The answer stands there, and the text takes its room.
    layout.set_open(PanelId::Why, false);
    layout.set_open(PanelId::Bottom, false);
    state.lessons.playing = Some(Playing {
        draft: GuessDraft::of(&lesson.steps[step].predict),
        lesson,
        step,
        stage: Stage::Predict,
        hints: 0,
        truth: None,
        shown: String::new(),
        attempt: 0,
        asking: Asking::default(),
        kept,
        is_noted: false,
    });
    enter(state, step)
}

/// What is put back at the end. What something was held against goes meanwhile: a lesson is of one run.
fn kept(state: &mut State) -> Option<Kept> {
    let live = state.live.as_ref()?;
    Some(Kept {
        draft: live.draft.clone(),
        running: live.running,
        shown: state.shown,
        layout: state.settings.layout.clone(),
        documents: state.documents.iter().map(|open| open.id).collect(),
        comparison: state.comparison.take(),
        history: live.history.clone(),
        pinned: live.pinned,
        view: live.view.clone(),
    })
}

/// Begins a step.
fn enter(state: &mut State, step: usize) -> Vec<Effect> {
    let attempt = state.fresh_id();
    let Some(playing) = &mut state.lessons.playing else { return Vec::new() };
    let predict = &playing.lesson.steps[step].predict;
    playing.draft = GuessDraft::of(predict);
    (playing.step, playing.stage, playing.hints) = (step, Stage::Predict, 0);
    (playing.truth, playing.attempt, playing.is_noted) = (None, attempt, false);
    let name = if playing.lesson.recording.is_some() { RECORDING } else { BEFORE };
    show(state, name)
}

/// Brings a run of the step into view.
fn show(state: &mut State, name: &str) -> Vec<Effect> {
    let Some(playing) = &mut state.lessons.playing else { return Vec::new() };
    name.clone_into(&mut playing.shown);
    if let Some(recording) = playing.lesson.recording.clone() {
        return show_recording(state, &recording);
    }
    let Some(spec) = playing.step().run(name).cloned() else { return Vec::new() };
    state.shown = Shown::Live;
    let Some(live) = &mut state.live else { return Vec::new() };
    live.draft = Draft { backend: Backend::Simulated, ..Draft::new(spec) };
    live.pinned = None;
    live.running = Running::Run;
    Vec::new()
}

fn show_recording(state: &mut State, recording: &Recording) -> Vec<Effect> {
    let path = recording.sample_path();
    let is_sample = |open: &&OpenDocument| open.paths == [path.clone()];
    let sample = state.documents.iter().find(is_sample);
    let found = match recording {
        Recording::Sample(_) => sample,
        Recording::Yours(_) => {
            // The one in view, else the one opened last.
            let in_view = state.documents.iter().find(|open| Shown::File(open.id) == state.shown);
            in_view.or(state.documents.last())
        }
    };
    match found.map(|open| open.id) {
        Some(id) => {
            state.shown = Shown::File(id);
            Vec::new()
        }
        None => open(state, Asked::Paths(vec![path]), JobKind::Open),
    }
}

fn try_it(state: &mut State) -> Vec<Effect> {
    let Some(playing) = &mut state.lessons.playing else { return Vec::new() };
    if playing.stage != Stage::Try {
        return Vec::new();
    }
    playing.stage = Stage::Why;
    if let Some(op) = playing.step().look {
        return look_closely(state, op);
    }
    if playing.lesson.recording.is_some() || !playing.step().changes() {
        return Vec::new();
    }
    show(state, AFTER)
}

fn next(state: &mut State) -> Vec<Effect> {
    let Some(playing) = &mut state.lessons.playing else { return Vec::new() };
    if playing.stage != Stage::Why {
        return Vec::new();
    }
    let was_near = playing.step().look.is_some();
    let mut effects = Vec::new();
    if playing.step + 1 < playing.lesson.steps.len() {
        let step = playing.step + 1;
        effects = enter(state, step);
    } else {
        playing.stage = Stage::Done;
    }
    if was_near {
        effects.extend(stand_back(state));
    }
    effects
}

/// Puts back what was there before; a sample that only the lesson has opened is closed.
fn leave(state: &mut State) -> Vec<Effect> {
    let Some(Playing { lesson, kept, .. }) = state.lessons.playing.take() else {
        return Vec::new();
    };
    state.drop_jobs(JobKind::Lesson);
    let Kept { draft, running, shown, mut layout, documents, comparison, history, pinned, view } =
        kept;
    state.comparison = comparison;
    layout.set_open(PanelId::Lessons, true);
    state.settings.layout = layout;
    if let Some(live) = &mut state.live {
        live.draft = draft;
        live.running = running;
        // Where no iteration was there yet, those of the lesson are better than none.
        if !history.is_empty() {
            (live.history, live.pinned, live.view) = (history, pinned, view);
        }
    }
    let mut effects = Vec::new();
    if let Some(recording) = &lesson.recording {
        let path = recording.sample_path();
        let is_ours =
            |open: &&OpenDocument| open.paths == [path.clone()] && !documents.contains(&open.id);
        if let Some(id) = state.documents.iter().find(is_ours).map(|open| open.id) {
            effects.extend(close(state, id));
        }
    }
    let is_there = match shown {
        Shown::File(id) => state.open_document(id).is_some(),
        _ => true,
    };
    state.shown = if is_there { shown } else { state.fallback_shown() };
    for open in &mut state.documents {
        open.view.signs.clear();
    }
    if let Some(view) = state.live.as_mut().and_then(|live| live.view.as_mut()) {
        view.signs.clear();
    }
    effects
}

/// Takes what was worked out for a step; of another step it is worth nothing.
pub(crate) fn take_truth(state: &mut State, attempt: u64, truth: Result<Arc<Truth>, String>) {
    if let Some(playing) = &mut state.lessons.playing
        && playing.attempt == attempt
    {
        playing.truth = Some(truth);
    }
}
