//! The slide of a step on which a guess stands beside the truth.

use std::sync::Arc;

use egui::vec2;
use weftscope_traces::{
    Span, Trace,
    analysis::{Config, Ops},
};

use crate::{
    app::lessons::ShownTruth,
    lessons::{AFTER, DrawnOf, Guess, Lesson, RECORDING, Step, Truth, YOURS},
    panels::{GUESS, Slide, slide_ui},
    picture::{Caption, Picture},
    theme::{Mode, Theme},
    timeline::{TimelineData, timeline_ui, view_for_height},
};

/// Points of a slide, and about how high its text is.
const SIZE: [f32; 2] = [1280.0, 720.0];
const TEXT: f32 = 150.0;
/// Pixels a point is wide: what is read from the last row is larger than in a window.
const PIXELS_PER_POINT: f32 = 1.25;

/// Question, guess and truth over the timeline that trying shows, both drawn into it where they have a place there.
pub(super) fn answered<'a>(
    lesson: &'a Lesson,
    step: (usize, &'a Step),
    truth: &'a Truth,
    trace: &Arc<Trace>,
) -> Picture<'a> {
    let theme = Theme::of(Mode::Light);
    let mut data = TimelineData::indexed(Arc::clone(trace));
    data.ask(&Ops::of(trace, &Config::default()));
    let source = if lesson.recording.is_some() { "recorded" } else { "simulated" };
    let guess: &Guess = step.1.wrong.first().unwrap_or(&step.1.reference);
    let words = &step.1.words;
    let question = truth.filled(&words.question).unwrap_or_else(|_| words.question.unfilled());
    let mut view = view_for_height(&data, SIZE[1] - TEXT);
    let shown = ShownTruth { answer: &truth.answer, source, who: GUESS };
    let of_shown = [YOURS, AFTER, RECORDING].into_iter().find(|run| truth.facts(run).is_some());
    let drawn = step.1.drawn().filter(|drawn| Some(drawn.run) == of_shown);
    let is_op = drawn.is_some_and(|drawn| drawn.of != DrawnOf::Iteration);
    view.signs = shown.signs(&data, (step.1, drawn), guess).unwrap_or_default();
    if is_op && let Some(all) = view.signs.iter().map(|sign| sign.span).reduce(Span::hull) {
        // An op is a few points of an iteration: close enough to see both ends.
        let air_ns = all.len_ns();
        view.window = Span::new(all.start_ns - air_ns, all.end_ns + air_ns);
    }
    let caption = Caption {
        title: format!("Lesson {}, step {}: {}", lesson.number, step.0, words.title),
        description: format!("{GUESS} beside what is {source}"),
    };
    let (width, height) = (SIZE[0], SIZE[1]);
    let mut picture = Picture::new(vec2(width, height), theme, caption, move |ui| {
        let slide =
            Slide { lesson, step, question: &question, guess, answer: &truth.answer, source };
        slide_ui(ui, &theme, &slide);
        ui.spacing_mut().item_spacing = egui::Vec2::ZERO;
        timeline_ui(ui, &data, &view, &theme);
    });
    picture.pixels_per_point = PIXELS_PER_POINT;
    picture
}
