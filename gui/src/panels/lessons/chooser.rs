use egui::{Align, Button, Label, Layout, RichText, Ui};

use crate::{
    app::lessons::LessonCommand,
    lessons::{Lesson, all},
    panels::widgets::{Cx, heading, mono, weak},
    theme::size,
};

/// The list of lessons, with how far each was played.
pub(super) fn chooser_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    heading(ui, cx.theme, "Lessons");
    let words =
        "Predict, try on the simulator, see why. Your knobs and panels come back when you leave.";
    ui.add(Label::new(weak(cx.theme, words)).wrap());
    ui.add_space(size::GAP);
    for lesson in all() {
        match lesson {
            Ok(lesson) => row_ui(ui, cx, lesson),
            Err(error) => {
                let text = RichText::new(error.to_string()).color(cx.theme.surfaces.error);
                ui.add(Label::new(text).wrap());
            }
        }
    }
}

fn row_ui(ui: &mut Ui, cx: &mut Cx<'_>, lesson: &Lesson) {
    let done = cx.state.settings.lessons.of(&lesson.slug);
    let (count, of) = (done.len().min(lesson.steps.len()), lesson.steps.len());
    let how = match count {
        0 => format!("{} min", lesson.minutes),
        _ if count == of => {
            let right = done.iter().filter(|is_right| **is_right).count();
            format!("done, {right} of {of} right")
        }
        _ => format!("{count} of {of} steps"),
    };
    ui.horizontal(|ui| {
        ui.label(mono(cx.theme, format!("{:>2}", lesson.number)).color(cx.theme.surfaces.weak));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let colour = if count == of { cx.theme.surfaces.text } else { cx.theme.surfaces.weak };
            ui.label(weak(cx.theme, &how).color(colour).font(cx.theme.small()));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let text = RichText::new(&lesson.title);
                let button = Button::new(text).frame_when_inactive(false).truncate();
                let response = ui.add(button);
                let name = format!("Lesson {}: {}, {how}", lesson.number, lesson.title);
                crate::panels::widgets::name_widget(&response, &name);
                if response.clicked() {
                    cx.lesson(LessonCommand::Start(lesson.number));
                }
            });
        });
    });
}
