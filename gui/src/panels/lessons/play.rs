//! A lesson that is played: its text, the step under way, and the one button that goes on.

use egui::{Align, Button, CollapsingHeader, Label, Layout, RichText, Ui};

use super::{answer::answer_ui, keys, markdown::markdown_ui, result::result_ui};
use crate::{
    app::lessons::{LessonCommand, Playing, Stage},
    lessons::{AFTER, BEFORE, Predict, Recording, Template, lessons},
    panels::widgets::{Cx, heading, strong, weak},
    theme::size,
};

/// Draws it.
pub(super) fn play_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    head_ui(ui, cx, playing);
    let s = cx.theme.surfaces;
    let text = filled(playing, &playing.lesson.text);
    let title = RichText::new("The text").color(s.weak);
    if playing.step == 0 && playing.stage != Stage::Done {
        markdown_ui(ui, cx.theme, &text, s.text);
    } else {
        CollapsingHeader::new(title).id_salt(("lesson text", playing.lesson.number)).show(
            ui,
            |ui| {
                markdown_ui(ui, cx.theme, &text, s.text);
            },
        );
    }
    yours_ui(ui, cx, playing);
    if playing.stage == Stage::Done {
        return done_ui(ui, cx, playing);
    }
    ui.separator();
    steps_ui(ui, cx, playing);
    let step = playing.step();
    heading(ui, cx.theme, &step.words.title);
    markdown_ui(ui, cx.theme, &filled(playing, &step.words.question), s.text);
    ui.add_space(size::GRID);
    match playing.stage {
        Stage::Predict => predict_ui(ui, cx, playing),
        Stage::Try => try_ui(ui, cx, playing),
        Stage::Why => why_ui(ui, cx, playing),
        Stage::Done => {}
    }
}

/// A text as far as its figures are known.
fn filled(playing: &Playing, template: &Template) -> String {
    let known = playing.truth().and_then(|truth| truth.filled(template).ok());
    known.unwrap_or_else(|| template.unfilled())
}

fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    ui.add_space(size::GAP);
    ui.horizontal(|ui| {
        let count = lessons().count();
        let text = format!("Lesson {} of {count}", playing.lesson.number);
        ui.label(weak(cx.theme, text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let leave = ui.button("Leave");
            if leave.on_hover_text("Knobs, panels and files as before the lesson").clicked() {
                cx.lesson(LessonCommand::Leave);
            }
            if ui.button("Restart").on_hover_text("Begin this lesson anew").clicked() {
                cx.lesson(LessonCommand::Restart);
            }
        });
    });
    ui.add(Label::new(strong(cx.theme, &playing.lesson.title)).wrap());
    ui.add_space(size::GRID);
}

/// Whose recording it is, where that is the question.
fn yours_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing) {
    let Some(Recording::Yours(sample)) = &playing.lesson.recording else { return };
    let Some(document) = cx.state.document() else { return };
    let text = if document.title.is_empty() { &document.file_stem } else { &document.title };
    let is_sample = cx.state.documents.iter().any(|open| {
        std::sync::Arc::ptr_eq(&open.document, document)
            && open.paths.iter().any(|path| path.ends_with(format!("sample:{sample}")))
    });
    let words = if is_sample {
        "The sample stands for your recording. Open your own with Ctrl+O: the questions are then about that.".to_owned()
    } else {
        format!("About: {text}")
    };
    ui.add(Label::new(weak(cx.theme, words)).wrap());
}

/// Where the student is: steps, and the three parts of this one.
fn steps_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing) {
    let parts = [("Predict", Stage::Predict), ("Try", Stage::Try), ("See why", Stage::Why)];
    ui.horizontal(|ui| {
        let text = format!("Step {} of {}", playing.step + 1, playing.lesson.steps.len());
        ui.label(weak(cx.theme, text));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (at, (name, stage)) in parts.into_iter().enumerate().rev() {
                let s = &cx.theme.surfaces;
                let ink = if stage == playing.stage { s.accent } else { s.weak };
                ui.label(RichText::new(name).color(ink));
                if at > 0 {
                    ui.label(RichText::new("›").color(s.weak));
                }
            }
        });
    });
}

fn predict_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    if let Predict::Setting(_) = playing.step().predict {
        // What is tried is the answer here.
        markdown_ui(
            ui,
            cx.theme,
            &filled(playing, &playing.step().words.doing),
            cx.theme.surfaces.text,
        );
    }
    let is_entered = answer_ui(ui, cx, playing);
    ui.add_space(size::GRID);
    let missing = playing.draft.guess(&playing.step().predict).err();
    let hints = &playing.step().words.hints;
    let mut answer = false;
    ui.horizontal(|ui| {
        let button = primary(cx, "Answer");
        let response = ui.add_enabled(missing.is_none(), button);
        answer = response.on_disabled_hover_text(missing.as_deref().unwrap_or("")).clicked();
        let left = hints.len() - playing.hints;
        let hint = ui.add_enabled(left > 0, Button::new("Hint"));
        let why = format!("Hint {} of {}", playing.hints + 1, hints.len());
        if hint.on_hover_text(why).on_disabled_hover_text("There are no more").clicked() {
            cx.lesson(LessonCommand::Hint);
        }
        // What is typed and is no number, not an empty field.
        if let Some(missing) = missing.as_ref().filter(|_| !playing.draft.typed.trim().is_empty()) {
            ui.label(RichText::new(missing).color(cx.theme.surfaces.warn));
        }
    });
    let is_ready = missing.is_none();
    // What is typed in this very frame counts too: it is known when the answer is taken in.
    if is_entered || is_ready && (answer || keys::enter(ui, cx)) {
        cx.lesson(LessonCommand::Answer);
    }
    hints_ui(ui, cx, playing);
}

fn hints_ui(ui: &mut Ui, cx: &Cx<'_>, playing: &Playing) {
    for (at, hint) in playing.step().words.hints.iter().take(playing.hints).enumerate() {
        ui.add_space(size::GRID);
        ui.label(weak(cx.theme, format!("Hint {}", at + 1)).font(cx.theme.small()));
        markdown_ui(ui, cx.theme, &filled(playing, hint), cx.theme.surfaces.text);
    }
}

fn try_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    let s = cx.theme.surfaces;
    if let Some(guess) = playing.guess() {
        let words = format!("You say: {}", guess.words(&playing.step().predict));
        ui.add(Label::new(RichText::new(words).color(s.warn)).wrap());
        ui.add_space(size::GRID);
    }
    markdown_ui(ui, cx.theme, &filled(playing, &playing.step().words.doing), s.text);
    ui.add_space(size::GRID);
    let name = if playing.step().changes() { "Try it" } else { "Look" };
    if ui.add(primary(cx, name)).clicked() || keys::enter(ui, cx) {
        cx.lesson(LessonCommand::Try);
    }
}

fn why_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    let s = cx.theme.surfaces;
    match &playing.truth {
        None => {
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label(weak(cx.theme, "Simulating"));
            });
        }
        Some(Err(cause)) => {
            let text = format!("This cannot be judged here: {cause}");
            ui.add(Label::new(RichText::new(text).color(s.error)).wrap());
        }
        Some(Ok(truth)) => {
            result_ui(ui, cx, playing, truth);
            ui.label(strong(cx.theme, "Why"));
            markdown_ui(ui, cx.theme, &filled(playing, &playing.step().words.why), s.text);
        }
    }
    ui.add_space(size::GRID);
    let is_over = playing.truth.is_some();
    ui.horizontal(|ui| {
        let is_last = playing.step + 1 == playing.lesson.steps.len();
        let name = if is_last { "Finish" } else { "Next step" };
        if ui.add_enabled(is_over, primary(cx, name)).clicked() {
            cx.lesson(LessonCommand::Next);
        }
        if ui.add_enabled(is_over, Button::new("Predict again")).clicked() {
            cx.lesson(LessonCommand::Again);
        }
        both_ui(ui, cx, playing);
    });
    if is_over && keys::enter(ui, cx) {
        cx.lesson(LessonCommand::Next);
    }
}

/// Between the runs before and after.
fn both_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    if playing.lesson.recording.is_some() || !playing.step().changes() {
        return;
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        for (run, name) in [(AFTER, "After"), (BEFORE, "Before")] {
            let response = ui.selectable_label(playing.shown == run, name);
            if response.on_hover_text("Show this run in the timeline").clicked() {
                cx.lesson(LessonCommand::Show(run.to_owned()));
            }
        }
    });
}

fn done_ui(ui: &mut Ui, cx: &mut Cx<'_>, playing: &Playing) {
    let steps = cx.state.settings.lessons.of(&playing.lesson.slug);
    let right = steps.iter().filter(|is_right| **is_right).count();
    heading(ui, cx.theme, "Done");
    let text = format!("{right} of {} predictions were right.", steps.len());
    ui.add(Label::new(text).wrap());
    ui.add_space(size::GAP);
    let next = lessons().find(|lesson| lesson.number > playing.lesson.number);
    let mut go_on = false;
    if let Some(next) = next {
        let name = format!("Next: {}", next.title);
        go_on = ui.add(primary(cx, &name)).clicked() || keys::enter(ui, cx);
    }
    if let Some(next) = next.filter(|_| go_on) {
        cx.lesson(LessonCommand::Start(next.number));
    }
    if ui.button("All lessons").clicked() {
        cx.lesson(LessonCommand::Leave);
    }
}

/// The button that goes on, which Enter presses too.
fn primary<'a>(cx: &Cx<'_>, name: &'a str) -> Button<'a> {
    let s = &cx.theme.surfaces;
    Button::new(RichText::new(name).color(s.strong)).fill(s.accent_fill)
}
