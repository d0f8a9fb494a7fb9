//! Guess and truth on the timeline.

use weftscope_traces::Span;

use super::{Playing, Stage};
use crate::{
    app::{document::Shown, state::State},
    lessons::{Answer, Guess, Place},
    timeline::{Sign, SignOf},
};

/// Stretches that are shaded, at most: those of eight ranks and eighty layers would cover everything.
const MOST: usize = 24;

/// What is to be drawn now; nothing before the student has seen why.
pub(super) fn signs(state: &State) -> Vec<Sign> {
    found(state).unwrap_or_default()
}

fn found(state: &State) -> Option<Vec<Sign>> {
    let playing = state.lessons.playing.as_ref()?;
    if playing.stage != Stage::Why || !is_in_view(state, playing) {
        return None;
    }
    let start_ns = state.document()?.trace.span().start_ns;
    let (truth, guess) = (playing.truth()?, playing.guess()?);
    let step = playing.step();
    let predict = &step.predict;
    Some(match (&truth.answer, &guess) {
        (Answer::Number(value), Guess::Number(guessed)) => {
            if step.drawn_in() != Some(playing.shown.as_str()) {
                return None;
            }
            let line = |ns: f64, of, words: String| {
                let at_ns = start_ns + ns as i64;
                Sign { span: Span::new(at_ns, at_ns), of, words }
            };
            let [you, simulated] = [guess.words(predict), truth.answer.words(predict)];
            vec![
                line(value.number, SignOf::Truth, format!("simulated: {simulated}")),
                line(guessed.number, SignOf::Guess, format!("you: {you}")),
            ]
        }
        (Answer::Places { places, .. }, Guess::Place(point)) => {
            let rank = point.rank.filter(|rank| places.iter().any(|place| place.rank == *rank));
            let rank = rank.or_else(|| places.first().map(|place| place.rank));
            let shown = |place: &&Place| Some(place.rank) == rank;
            let words = |at: usize| if at == 0 { "here" } else { "" }.to_owned();
            let truths = places.iter().filter(shown).take(MOST).enumerate();
            let truths = truths.map(|(at, place)| Sign {
                span: place.span.shifted(start_ns),
                of: SignOf::Truth,
                words: words(at),
            });
            let at_ns = start_ns + point.time_ns;
            let you = Sign {
                span: Span::new(at_ns, at_ns),
                of: SignOf::Guess,
                words: "you".to_owned(),
            };
            truths.chain([you]).collect()
        }
        _ => return None,
    })
}

/// What is in view is the run that the step shows, and not the one before it.
fn is_in_view(state: &State, playing: &Playing) -> bool {
    if playing.lesson.recording.is_some() {
        return matches!(state.shown, Shown::File(_));
    }
    let shown = state.live.as_ref().and_then(|live| live.shown());
    let spec = playing.step().run(&playing.shown);
    state.shown == Shown::Live
        && shown.zip(spec).is_some_and(|(shown, spec)| *shown.plan.spec == *spec)
}
