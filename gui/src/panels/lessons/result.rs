//! What was said beside what is so.

use egui::{Align, Grid, Label, Layout, RichText, Ui};

use super::number_line::number_line_ui;
use crate::{
    app::lessons::Playing,
    lessons::{Answer, Guess, Predict, Truth},
    panels::{
        icon::{Icon, paint_icon},
        widgets::{Cx, mono, weak},
    },
    theme::size,
};

/// Draws whether the prediction is right, and both.
pub(super) fn result_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing, truth: &Truth) {
    let Some(guess) = playing.guess() else { return };
    let predict = &playing.step().predict;
    let is_right = truth.answer.accepts(&guess, predict);
    let s = &cx.theme.surfaces;
    ui.horizontal(|ui| {
        let (icon, ink) = if is_right { (Icon::Tick, s.accent) } else { (Icon::Cross, s.warn) };
        let (rect, _) = ui.allocate_exact_size(egui::vec2(14.0, 14.0), egui::Sense::hover());
        paint_icon(ui.painter(), rect, icon, ink);
        let text = match (predict, is_right) {
            (Predict::Setting(_), true) => "It holds with your knobs",
            (Predict::Setting(_), false) => "It does not hold with your knobs",
            (_, true) => "As you predicted",
            (_, false) => "Not as you predicted",
        };
        ui.label(RichText::new(text).color(s.strong).strong());
    });
    match (&truth.answer, &guess, predict) {
        (Answer::Number(truth), Guess::Number(guess), Predict::Number { within, asked, .. }) => {
            let words = playing.source();
            number_line_ui(ui, cx.theme, (*guess, *truth, ["you", words]), (*within, asked));
        }
        (Answer::Order(order), Guess::Order(guessed), Predict::Order { runs, .. }) => {
            order_ui(ui, cx, (order, guessed), runs);
        }
        (Answer::Places { .. }, _, _) => {
            let point = playing.draft.point.as_ref().map(|(_, name)| name.as_str());
            let you = format!("{}, {}", point.unwrap_or_default(), guess.words(predict));
            both_ui(ui, cx, playing, [&you, &truth.answer.words(predict)]);
            let words = "Both are in the timeline: yours dashed, what is so shaded.";
            ui.add(Label::new(weak(cx.theme, words)).wrap());
        }
        (Answer::Setting(_), _, _) => {
            ui.add(Label::new(guess.words(predict)).wrap());
        }
        _ => both_ui(ui, cx, playing, [&guess.words(predict), &truth.answer.words(predict)]),
    }
    ui.add_space(size::GRID);
}

fn both_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing, [you, simulated]: [&str; 2]) {
    let s = &cx.theme.surfaces;
    for (who, words, ink) in [("you", you, s.warn), (playing.source(), simulated, s.accent)] {
        ui.horizontal_top(|ui| {
            ui.add_sized([64.0, 16.0], Label::new(RichText::new(who).small().color(ink)));
            ui.add(Label::new(RichText::new(words).color(s.text)).wrap());
        });
    }
}

fn order_ui(
    ui: &mut Ui,
    cx: &Cx<'_>,
    (order, guessed): (&[(usize, crate::lessons::Value)], &[usize]),
    runs: &[String],
) {
    let s = &cx.theme.surfaces;
    Grid::new("lesson order").spacing(egui::vec2(24.0, 4.0)).show(ui, |ui| {
        ui.label(RichText::new("you").small().color(s.warn));
        ui.label(RichText::new("simulated").small().color(s.accent));
        ui.label("");
        ui.end_row();
        for (&mine, (run, value)) in guessed.iter().zip(order) {
            let ink = if mine == *run { s.text } else { s.warn };
            ui.label(RichText::new(&runs[mine]).color(ink));
            ui.label(RichText::new(&runs[*run]).color(s.text));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(mono(cx.theme, value.words()));
            });
            ui.end_row();
        }
    });
}
