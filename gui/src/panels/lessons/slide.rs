//! A step on a slide for the instructor: the question, a guess that people make beside what is so, and the timeline under both.

use egui::{Frame, Grid, Label, Margin, RichText, Ui};

use super::number_line::number_line_ui;
use crate::{
    lessons::{Answer, Guess, Lesson, Predict, Step},
    theme::{Theme, size},
};

/// What stands on it.
pub(crate) struct Slide<'a> {
    /// The lesson.
    pub(crate) lesson: &'a Lesson,
    /// The step, and its place from 1.
    pub(crate) step: (usize, &'a Step),
    /// The question, with its figures.
    pub(crate) question: &'a str,
    /// What people say, and what is so.
    pub(crate) guess: &'a Guess,
    /// What is so.
    pub(crate) answer: &'a Answer,
    /// Who says that.
    pub(crate) source: &'a str,
}

/// What a guess is called that nobody of those in the room has made.
pub(crate) const GUESS: &str = "a guess";

/// Question, guess and truth; the timeline follows below.
pub(crate) fn slide_ui(ui: &mut Ui, theme: &Theme, slide: &Slide<'_>) {
    let s = &theme.surfaces;
    let predict = &slide.step.1.predict;
    Frame::new().inner_margin(Margin::symmetric(14, 10)).show(ui, |ui| {
        ui.set_width(ui.available_width());
        let (number, title) = (slide.lesson.number, &slide.lesson.title);
        let (at, name) = (slide.step.0, &slide.step.1.words.title);
        let head = format!("Lesson {number}: {title} · step {at}: {name}");
        ui.label(RichText::new(head).color(s.strong).strong());
        let question = slide.question.replace(['`', '*'], "").replace('\n', " ");
        ui.add(Label::new(RichText::new(question).color(s.text)).wrap());
        ui.add_space(size::GRID);
        match (slide.answer, slide.guess, predict) {
            (
                Answer::Number(truth),
                Guess::Number(guess),
                Predict::Number { within, asked, .. },
            ) => {
                ui.set_max_width(720.0);
                let names = [GUESS, slide.source];
                number_line_ui(ui, theme, (*guess, *truth, names), (*within, asked));
            }
            _ => both_ui(ui, theme, slide),
        }
    });
}

fn both_ui(ui: &mut Ui, theme: &Theme, slide: &Slide<'_>) {
    let s = &theme.surfaces;
    let predict = &slide.step.1.predict;
    let truth = match predict {
        // Knobs are no truth; what they reach is.
        Predict::Setting(_) => slide.step.1.reference.words(predict),
        _ => slide.answer.words(predict),
    };
    let rows = [(GUESS, slide.guess.words(predict), s.warn), (slide.source, truth, s.accent)];
    Grid::new("guess and truth").spacing(egui::vec2(16.0, 4.0)).show(ui, |ui| {
        for (who, words, ink) in rows {
            ui.label(RichText::new(who).small().color(ink));
            ui.label(RichText::new(words).color(s.strong));
            ui.end_row();
        }
    });
}
