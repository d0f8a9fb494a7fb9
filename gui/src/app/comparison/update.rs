//! How the comparison is changed.

use std::sync::Arc;

use weftscope_traces::{SliceRef, Span, TrackKind, analysis::OpKey};

use super::{CompareCommand, Comparison, Pane, Role, align::part};
use crate::{
    app::{Effect, Severity, Shown, State, document::Document, look::look},
    timeline::{TimelineData, ViewCommand},
};

/// Applies a request.
pub(crate) fn update_comparison(state: &mut State, command: CompareCommand) -> Vec<Effect> {
    match command {
        CompareCommand::Hold => hold(state),
        CompareCommand::HoldFile(id) => {
            let file =
                state.open_document(id).map(|open| (open.name(), Arc::clone(&open.document)));
            if let Some((name, document)) = file {
                hold_opened(state, name, document);
            }
        }
        CompareCommand::Release => release(state),
        CompareCommand::Look(view) => return look_there(state, view),
        CompareCommand::GoTo(op) => return go_to(state, &op),
        CompareCommand::Iteration(pane, by) => turn_iteration(state, pane, by),
        CompareCommand::ToggleBeside | CompareCommand::ToggleGhost | CompareCommand::Share(_) => {
            let Some(comparison) = &mut state.comparison else { return Vec::new() };
            match command {
                CompareCommand::ToggleBeside => comparison.is_beside = !comparison.is_beside,
                CompareCommand::ToggleGhost => comparison.has_ghost = !comparison.has_ghost,
                CompareCommand::Share(share) => comparison.share = share.clamp(0.15, 0.85),
                _ => {}
            }
        }
    }
    Vec::new()
}

fn release(state: &mut State) {
    state.comparison = None;
    part(state);
}

/// Holds a document, whatever is in view.
pub(crate) fn hold_opened(state: &mut State, name: String, document: Arc<Document>) {
    let mut comparison = held_like(state, name, document, Role::Before);
    if let Some(document) = state.document()
        && Arc::ptr_eq(document, &comparison.reference.document)
    {
        let iterations = document.timeline.iterations();
        (comparison.reference.iteration, comparison.iteration) = two_of(iterations, state);
    }
    state.comparison = Some(comparison);
}

/// Something held as what was held before.
fn held_like(state: &mut State, name: String, document: Arc<Document>, role: Role) -> Comparison {
    let before = state.comparison.take();
    part(state);
    let mut comparison = Comparison::new(name, document, role);
    if let Some(before) = before {
        comparison.is_beside = before.is_beside;
        comparison.has_ghost = before.has_ghost;
        comparison.share = before.share;
    }
    comparison
}

/// Holds what was predicted against the recording in view, and draws it into its rows: of one that is looked at closely the iteration in
/// view, else all of them.
pub(crate) fn hold_predicted(state: &mut State, name: String, document: Arc<Document>) {
    let iteration = state.document().and_then(|shown| {
        let iterations = shown.timeline.iterations();
        let window = state.view()?.window;
        let is_whole = window.start_ns <= iterations.first()?.start_ns;
        let centre_ns = window.start_ns + window.len_ns() / 2;
        let started = iterations.partition_point(|span| span.start_ns <= centre_ns);
        (!is_whole).then(|| started.saturating_sub(1))
    });
    let mut comparison = held_like(state, name, document, Role::Predicted);
    comparison.has_ghost = true;
    (comparison.reference.iteration, comparison.iteration) = (iteration, iteration);
    state.comparison = Some(comparison);
}

/// Puts what was predicted anew in the place of what was predicted before, if that is held.
pub(crate) fn replace_predicted(state: &mut State, name: String, document: &Arc<Document>) {
    let Some(before) = state.comparison.as_ref() else { return };
    if before.reference.role != Role::Predicted {
        return;
    }
    let iterations = (before.reference.iteration, before.iteration);
    let report = before.report.clone();
    let mut comparison = held_like(state, name, Arc::clone(document), Role::Predicted);
    // While the newest is worked out, the one before stays.
    comparison.report = report;
    (comparison.reference.iteration, comparison.iteration) = iterations;
    state.comparison = Some(comparison);
}

/// Holds what was predicted no longer; says whether it was held.
pub(crate) fn release_predicted(state: &mut State) -> bool {
    let is_held = |comparison: &Comparison| comparison.reference.role == Role::Predicted;
    let is_held = state.comparison.as_ref().is_some_and(is_held);
    if is_held {
        release(state);
    }
    is_held
}

/// Of a recording held against itself: the iteration in view, and the one after it.
fn two_of(iterations: &[Span], state: &State) -> (Option<usize>, Option<usize>) {
    if iterations.len() < 2 {
        return (None, None);
    }
    let window = state.view().map_or(iterations[0], |view| view.window);
    let centre_ns = window.start_ns + window.len_ns() / 2;
    let started = iterations.partition_point(|span| span.start_ns <= centre_ns);
    // With all of it in view, the first.
    let whole = window.start_ns <= iterations[0].start_ns;
    let first = if whole { 0 } else { started.saturating_sub(1).min(iterations.len() - 2) };
    (Some(first), Some(first + 1))
}

fn hold(state: &mut State) {
    let Some(document) = state.document().cloned() else {
        let text = "There is nothing to hold yet: run or open something first";
        state.notices.push(Severity::Warning, text);
        return;
    };
    let name = name_in_view(state, &document);
    hold_opened(state, name, document);
}

/// A short name for what is in view.
fn name_in_view(state: &State, document: &Document) -> String {
    match state.shown {
        Shown::File(id) => state.open_document(id).map(crate::app::OpenDocument::name),
        #[cfg(feature = "live")]
        Shown::Live => state.live.as_ref().and_then(|live| live.shown()).map(|iteration| {
            let strategy = iteration.plan.spec.knobs.strategy.name();
            format!("iteration {} of the live run, {strategy}", iteration.number)
        }),
        Shown::Nothing => None,
        #[cfg(not(target_arch = "wasm32"))]
        Shown::Cluster => None,
    }
    .unwrap_or_else(|| document.title.clone())
}

fn turn_iteration(state: &mut State, pane: Pane, by: i32) {
    let document = state.document().cloned();
    let Some(comparison) = &mut state.comparison else { return };
    let (of, iteration) = match pane {
        Pane::Reference => {
            (Some(&comparison.reference.document), &mut comparison.reference.iteration)
        }
        Pane::InView => (document.as_ref(), &mut comparison.iteration),
    };
    let Some(of) = of else { return };
    let count = of.timeline.iterations().len() as i64;
    // 0 stands for all of them.
    let at = iteration.map_or(0, |index| index as i64 + 1).min(count) + i64::from(by);
    *iteration = usize::try_from(at.rem_euclid(count + 1) - 1).ok();
    // An iteration is held against what is predicted of it.
    if comparison.reference.role == Role::Predicted {
        let turned = *iteration;
        (comparison.reference.iteration, comparison.iteration) = (turned, turned);
    }
}

/// What moves both views moves the one in view, which can be undone there; the reference follows.
fn look_there(state: &mut State, view: ViewCommand) -> Vec<Effect> {
    let Some(document) = state.document().cloned() else { return Vec::new() };
    let Some(comparison) = &mut state.comparison else { return Vec::new() };
    let zeros_ns = comparison.zeros_ns(&document);
    let shift_ns = zeros_ns[1] - zeros_ns[0];
    if view.is_shared() {
        return look(state, view.shifted(shift_ns));
    }
    let (held, timeline) =
        (&mut comparison.reference.view, &comparison.reference.document.timeline);
    let (window, open) = (held.window, held.open.clone());
    view.apply(held, timeline);
    let mut effects = Vec::new();
    let opened: Vec<_> = held.open.difference(&open).copied().collect();
    let moved = (held.window != window).then_some(ViewCommand::Show(held.window).shifted(shift_ns));
    for command in opened.into_iter().map(ViewCommand::Toggle).chain(moved) {
        effects.extend(look(state, command));
    }
    effects
}

/// Selects the longest run of an op in what is in view and brings it there; the reference selects its own.
fn go_to(state: &mut State, op: &OpKey) -> Vec<Effect> {
    let Some(document) = state.document().cloned() else { return Vec::new() };
    let Some(comparison) = &mut state.comparison else { return Vec::new() };
    let iteration = comparison.iteration_of(&document);
    if let Some(slice) = longest(&document.timeline, op, iteration) {
        let span = document.trace.span_of(slice);
        let mut effects = look(state, ViewCommand::Select(slice));
        let is_out = state.view().is_some_and(|view| !span.overlaps(view.window));
        if is_out {
            effects.extend(look(state, ViewCommand::FitSelection));
        }
        return effects;
    }
    // Only the reference has it.
    let (held, iteration) = (&comparison.reference.document, comparison.reference.iteration);
    let Some(slice) = longest(&held.timeline, op, iteration) else { return Vec::new() };
    let is_out = !held.trace.span_of(slice).overlaps(comparison.reference.view.window);
    let mut effects = look_there(state, ViewCommand::Select(slice));
    if is_out {
        effects.extend(look_there(state, ViewCommand::FitSelection));
    }
    effects
}

fn longest(data: &TimelineData, op: &OpKey, iteration: Option<usize>) -> Option<SliceRef> {
    let within = iteration.and_then(|index| data.iterations().get(index).copied());
    let trace = &data.trace;
    let is_op: Vec<bool> =
        trace.labels.iter().map(|label| (&label.name, label.kind) == (&op.name, op.kind)).collect();
    let lanes = trace.lanes.iter().enumerate();
    let on_stream =
        lanes.filter(|(_, lane)| matches!(trace.track(lane.track).kind, TrackKind::Stream { .. }));
    let slices = on_stream.flat_map(|(lane, table)| {
        let labels = table.slices.label.iter().enumerate();
        labels.filter(|(_, label)| is_op[label.0 as usize]).map(move |(index, _)| SliceRef {
            lane: weftscope_traces::LaneId(lane as u32),
            index: index as u32,
        })
    });
    slices
        .filter(|&slice| within.is_none_or(|span| span.contains(trace.span_of(slice).start_ns)))
        .max_by_key(|&slice| trace.span_of(slice).len_ns())
}
