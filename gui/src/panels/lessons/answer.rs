//! The controls of a prediction: a number, a choice, an order, a point.

use egui::{EventFilter, Id, Key, Label, RichText, Sense, TextEdit, Ui};

use super::keys;
use crate::{
    app::lessons::{LessonCommand, Playing},
    keys::{plain, take},
    lessons::{Choice, Predict, knobs},
    panels::{
        icon::{Icon, icon_button},
        widgets::{Cx, draw_as, name_widget, weak},
    },
    theme::size,
};

/// Draws the controls; true where Enter in a field means that the prediction is made.
pub(super) fn answer_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) -> bool {
    match &playing.step().predict {
        Predict::Number { asked, .. } => number_ui(ui, cx, playing, &asked.word),
        Predict::Choice(choices) => {
            choices_ui(ui, cx, playing, choices);
            false
        }
        Predict::Order { runs, .. } => {
            order_ui(ui, cx, playing, runs);
            false
        }
        Predict::Setting(_) => {
            setting_ui(ui, cx, playing);
            false
        }
        Predict::Place(_) => {
            place_ui(ui, cx, playing);
            false
        }
    }
}

fn number_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing, unit: &str) -> bool {
    let mut typed = playing.draft.typed.clone();
    let mut is_entered = false;
    ui.horizontal(|ui| {
        let id = Id::unique(("lesson number", &playing.lesson.slug, playing.step));
        let field =
            TextEdit::singleline(&mut typed).id(id).desired_width(96.0).font(cx.theme.mono());
        let response = ui.add(field);
        name_widget(&response, &format!("Your prediction in {unit}"));
        ui.label(weak(cx.theme, unit));
        // The first frame of the step: whoever types, types here.
        let fresh = id.with("fresh");
        if !ui.data(|data| data.get_temp::<bool>(fresh).unwrap_or(false)) {
            ui.data_mut(|data| data.insert_temp(fresh, true));
            response.request_focus();
        }
        if response.changed() {
            cx.lesson(LessonCommand::Type(typed.clone()));
        }
        is_entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    });
    is_entered
}

fn choices_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing, choices: &[Choice]) {
    for (at, choice) in choices.iter().enumerate() {
        let is_chosen = playing.draft.choice == Some(at);
        let text = format!("{}  {}", at + 1, choice.words);
        let response = ui.radio(is_chosen, RichText::new(&text));
        name_widget(&response, &text);
        if response.clicked() {
            cx.lesson(LessonCommand::Choose(at));
        }
    }
    if let Some(at) = keys::digit(ui, cx, choices.len()) {
        cx.lesson(LessonCommand::Choose(at));
    }
}

/// Rows that are moved by arrows and by buttons; the least stands on top.
fn order_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing, runs: &[String]) {
    ui.add(
        Label::new(weak(
            cx.theme,
            "Move the rows with their arrows, or with the arrow keys once a row has the focus.",
        ))
        .wrap(),
    );
    for (at, &run) in playing.draft.order.iter().enumerate() {
        let name = &runs[run];
        ui.horizontal(|ui| {
            let id = Id::unique(("lesson order", &playing.lesson.slug, playing.step, run));
            let height = 24.0;
            let width = (ui.available_width() - 64.0).min(240.0);
            let (rect, _) = ui.allocate_exact_size(egui::vec2(width, height), Sense::hover());
            let response = ui.interact(rect, id, Sense::click());
            let said = format!("{}. {name}", at + 1);
            draw_as(&response, egui::Role::Button, &said);
            if response.clicked() {
                response.request_focus();
            }
            let s = &cx.theme.surfaces;
            let fill = if response.has_focus() { s.accent_fill } else { s.control };
            ui.painter().rect_filled(rect, 3.0, fill);
            let from = rect.left_center() + egui::vec2(8.0, 0.0);
            let anchor = egui::Align2::LEFT_CENTER;
            ui.painter().text(from, anchor, &said, cx.theme.body(), s.strong);
            if response.has_focus() {
                let filter = EventFilter { vertical_arrows: true, ..EventFilter::default() };
                ui.memory_mut(|memory| memory.set_focus_lock_filter(id, filter));
                for (key, by) in [(Key::ArrowUp, -1), (Key::ArrowDown, 1)] {
                    if ui.ctx().input_mut(|input| take(input, &plain(key))) {
                        cx.lesson(LessonCommand::Move { at, by });
                    }
                }
            }
            arrow_ui(ui, cx, (at > 0, Icon::Up), &format!("Move {name} up"), at, -1);
            let is_last = at + 1 == runs.len();
            arrow_ui(ui, cx, (!is_last, Icon::Down), &format!("Move {name} down"), at, 1);
        });
    }
    ui.add_space(size::GRID);
}

fn arrow_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    (is_possible, icon): (bool, Icon),
    name: &str,
    at: usize,
    by: i32,
) {
    let response = ui.add_enabled_ui(is_possible, |ui| icon_button(ui, icon, name, name));
    if response.inner.clicked() {
        cx.lesson(LessonCommand::Move { at, by });
    }
}

fn setting_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing) {
    let text = match &playing.draft.setting {
        Some(spec) => {
            let words = format!("Your knobs: {}", knobs(spec));
            RichText::new(words).color(cx.theme.surfaces.strong)
        }
        None => weak(cx.theme, "Turn the knobs; answer when it holds."),
    };
    ui.add(Label::new(text).wrap());
}

fn place_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing) {
    let s = &cx.theme.surfaces;
    let text = match &playing.draft.point {
        Some((point, name)) => {
            let rank = point.rank.map_or_else(String::new, |rank| format!(", rank {rank}"));
            RichText::new(format!("You point at {name}{rank}")).color(s.strong)
        }
        None => weak(
            cx.theme,
            "Click on an op in the timeline, or drag over a stretch. By keys: E goes to exposed communication, G to gaps, . and , along a row.",
        ),
    };
    ui.add(Label::new(text).wrap());
}
