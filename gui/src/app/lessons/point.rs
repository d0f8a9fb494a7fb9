use super::{Playing, Stage};
use crate::{
    app::state::State,
    lessons::{Point, Predict},
    theme::number,
    timeline::Selection,
};

/// What was just selected on the timeline is the prediction, where a place is asked for.
pub(crate) fn take_point(state: &mut State) {
    let is_asked = |playing: &Playing| {
        playing.stage == Stage::Predict && matches!(playing.step().predict, Predict::Place(_))
    };
    if !state.lessons.playing.as_ref().is_some_and(is_asked) {
        return;
    }
    let found = point(state);
    if let Some(playing) = &mut state.lessons.playing {
        playing.draft.point = found;
    }
}

/// The point, and what lies there.
fn point(state: &State) -> Option<(Point, String)> {
    let (document, view) = (state.document()?, state.view()?);
    let trace = &document.trace;
    let start_ns = trace.span().start_ns;
    let slice = match &view.selection {
        Selection::None => return None,
        Selection::Slice(slice) => *slice,
        // By keys gaps and exposed communication are selected so: their middle stands for them.
        Selection::Range(range) => {
            let rank = range.tracks.first().and_then(|track| trace.track(*track).kind.rank());
            let time_ns = range.span.start_ns + range.span.len_ns() / 2 - start_ns;
            let name = format!("a stretch of {}", number::duration_ns(range.span.len_ns()));
            return Some((Point { rank, time_ns }, name));
        }
    };
    let span = trace.span_of(slice);
    let rank = trace.track(trace.lane(slice.lane).track).kind.rank();
    let hovered = view.hover.filter(|hover| hover.slice == Some(slice)).map(|hover| hover.time_ns);
    // By keys a whole op is selected: its middle stands for it.
    let at_ns = hovered.unwrap_or(span.start_ns + span.len_ns() / 2);
    let time_ns = at_ns - start_ns;
    let layer = document.timeline.place_of(slice).0.layer;
    let layer = layer.map_or_else(String::new, |layer| format!(", layer {layer}"));
    let name = format!("{}{layer}", trace.label_of(slice).name);
    Some((Point { rank, time_ns }, name))
}
