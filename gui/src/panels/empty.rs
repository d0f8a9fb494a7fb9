//! Screens for when there is nothing to draw: each says what happened, what still works, what to do.

#[cfg(feature = "live")]
use egui::RichText;
use egui::Ui;

use super::widgets::{Cx, quiet_screen, sentence, weak};
use crate::{app::Command, files::SAMPLES};

/// The centre without a document.
pub(super) fn empty_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    if let Some(job) = state.watching() {
        watching_ui(ui, cx, &job.title);
        return;
    }
    if state.is_opening() {
        quiet_screen(ui, cx.theme, "Reading…", |ui| {
            ui.spinner();
        });
        return;
    }
    #[cfg(feature = "live")]
    if let Some(live) = &state.live {
        live_ui(ui, cx, live);
        return;
    }
    let theme = cx.theme;
    quiet_screen(ui, theme, "No trace is open", |ui| {
        sentence(
            ui,
            theme,
            "Weftscope shows what every SM of every rank did, and how much of the communication was hidden.",
        );
        ui.add_space(8.0);
        offers_ui(ui, cx);
        #[cfg(not(feature = "live"))]
        ui.label(weak(
            theme,
            "This build views files; the simulator and the recorder are not part of it.",
        ));
    });
}

/// Before the first kernel of a program that is watched.
fn watching_ui(ui: &mut Ui, cx: &mut Cx<'_>, title: &str) {
    let theme = cx.theme;
    quiet_screen(ui, theme, "Waiting for the first kernel", |ui| {
        ui.spinner();
        sentence(ui, theme, title);
        ui.add_space(8.0);
        sentence(ui, theme, "What runs is drawn here as soon as a kernel was launched on a GPU.");
        #[cfg(feature = "live")]
        if cx.state.live.is_some() && ui.link("Look at the simulated run meanwhile").clicked() {
            cx.send(Command::Show(crate::app::Shown::Live));
        }
    });
}

#[cfg(feature = "live")]
fn live_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &crate::app::live::Live) {
    use crate::app::live::{Backend, LiveCommand, Status};
    let theme = cx.theme;
    match &live.status {
        Status::Starting | Status::Ready => {
            quiet_screen(ui, theme, "Running the first iteration…", |ui| {
                ui.spinner();
            });
        }
        Status::Refused(cause) => quiet_screen(ui, theme, "This run is not possible", |ui| {
            ui.label(RichText::new(cause).color(theme.surfaces.error));
            ui.add_space(8.0);
            sentence(ui, theme, "Turn a knob on the left, or start from the defaults.");
            if ui.button("Reset all knobs").clicked() {
                cx.live(LiveCommand::ResetAll);
            }
            if live.backend != Backend::Simulated {
                super::knobs::simulate_ui(ui, cx);
            }
        }),
        Status::Broke { cause, retry_at_s } => {
            quiet_screen(ui, theme, "The GPUs failed", |ui| {
                ui.label(RichText::new(cause).color(theme.surfaces.error));
                ui.add_space(8.0);
                super::knobs::retry_ui(ui, cx, *retry_at_s);
            });
        }
        Status::Ended(cause) => quiet_screen(ui, theme, "The live run has ended", |ui| {
            ui.label(RichText::new(cause).color(theme.surfaces.error));
            ui.add_space(8.0);
            sentence(ui, theme, "Files can still be opened, looked at and exported.");
            offers_ui(ui, cx);
        }),
    }
}

fn offers_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if ui.button("Open a trace…").clicked() {
        cx.send(Command::AskOpen);
    }
    for sample in SAMPLES {
        let link = ui.link(format!("Sample: {}", sample.name));
        if link.on_hover_text("A recording that comes with the program").clicked() {
            cx.send(Command::Open(vec![sample.path()]));
        }
    }
    for recent in cx.state.settings.recent.iter().take(4) {
        if ui.link(recent.name()).on_hover_text(recent.place()).clicked() {
            cx.send(Command::Open(recent.paths()));
        }
    }
    let known: Vec<String> =
        weftscope_traces::FORMATS.iter().map(weftscope_traces::Format::in_words).collect();
    ui.label(weak(cx.theme, format!("{}; drop them anywhere.", known.join(", "))));
}
