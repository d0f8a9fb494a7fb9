//! Guess and truth on the timeline.

use weftscope_traces::{Label, Span};

use super::{Playing, Stage};
use crate::{
    app::{document::Shown, state::State},
    lessons::{Answer, Drawn, DrawnOf, Guess, Place, Step},
    timeline::{Sign, SignOf, TimelineData},
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
    let (truth, guess) = (playing.truth()?, playing.guess()?);
    let drawn = playing.step().drawn().filter(|drawn| drawn.run == playing.shown);
    let timeline = &state.document()?.timeline;
    let shown = ShownTruth { answer: &truth.answer, source: playing.source(), who: "you" };
    shown.signs(timeline, (playing.step(), drawn), &guess)
}

/// What a guess is held against, and what both are called.
pub(crate) struct ShownTruth<'a> {
    /// What is so.
    pub(crate) answer: &'a Answer,
    /// Who says it.
    pub(crate) source: &'a str,
    /// Whose the guess is.
    pub(crate) who: &'a str,
}

impl ShownTruth<'_> {
    /// Both as signs on a timeline; `None` where they have no place on it. `drawn` is what the time that is asked for is the
    /// length of, where that is in the timeline.
    pub(crate) fn signs(
        &self,
        timeline: &TimelineData,
        (step, drawn): (&Step, Option<Drawn<'_>>),
        guess: &Guess,
    ) -> Option<Vec<Sign>> {
        let start_ns = timeline.trace.span().start_ns;
        let predict = &step.predict;
        let Self { answer, source, who } = *self;
        Some(match (answer, guess) {
            (Answer::Number(value), Guess::Number(guessed)) => {
                let Drawn { of: drawn, .. } = drawn?;
                let from_ns = match drawn {
                    DrawnOf::Iteration => start_ns,
                    DrawnOf::Op(op) => first(timeline, &|label| label.name == op)?.start_ns,
                    DrawnOf::CommOfPhase(phase) => {
                        let is_its =
                            |label: &Label| label.phase.name() == phase && label.kind.is_comm();
                        first(timeline, &is_its)?.start_ns
                    }
                };
                let is_end = drawn == DrawnOf::Iteration;
                // Of an iteration its end, of an op its length.
                let line = |ns: f64, of, words: String| {
                    let at_ns = from_ns + ns as i64;
                    let span = Span::new(if is_end { at_ns } else { from_ns }, at_ns);
                    Sign { span, of, words }
                };
                let [guessed_words, simulated] = [guess.words(predict), answer.words(predict)];
                vec![
                    line(value.number, SignOf::Truth, format!("{source}: {simulated}")),
                    line(guessed.number, SignOf::Guess, format!("{who}: {guessed_words}")),
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
                let span = Span::new(at_ns, at_ns);
                let guess = Sign { span, of: SignOf::Guess, words: who.to_owned() };
                truths.chain([guess]).collect()
            }
            _ => return None,
        })
    }
}

/// The first op of a sort on the first rank.
pub(super) fn first(timeline: &TimelineData, is_it: &dyn Fn(&Label) -> bool) -> Option<Span> {
    let trace = &timeline.trace;
    let streams = &timeline.ranks.first()?.streams;
    let lanes = streams.iter().flat_map(|&track| &trace.track(track).lanes);
    let spans = lanes.filter_map(|&lane| {
        let slices = &trace.lane(lane).slices;
        let is_it = |row: &usize| is_it(trace.label(slices.label[*row]));
        (0..slices.len()).find(is_it).map(|row| slices.span(row))
    });
    spans.min_by_key(|span| span.start_ns)
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
