//! The left panel: what may be turned while it runs, by group, each with its unit and its default.
//!
//! What a knob is called and what it turns stands in the table [`Knob`](crate::app::live::Knob); here is its control.

mod batch;
mod calibration;
mod choice;
mod communication;
mod gpus;
mod machine;
mod row;
mod split;
mod split_slider;
mod strategy;

use std::time::Duration;

use egui::{RichText, ScrollArea, Ui};

use super::widgets::{Cx, heading, weak};
use crate::{
    app::{
        Shown, State,
        live::{Backend, Knob, KnobEdit, Live, LiveCommand, Status},
    },
    theme::size,
};

/// The left panel.
pub(super) fn knobs_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let Some(live) = &cx.state.live else { return };
    ScrollArea::vertical().auto_shrink(false).show(ui, |ui| groups_ui(ui, cx, live));
}

/// A file has nothing to turn.
pub(super) fn has_content(state: &State) -> bool {
    state.live.is_some() && state.shown == Shown::Live
}

fn groups_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    status_ui(ui, cx, live);
    heading(ui, cx.theme, "Batch");
    batch::batch_ui(ui, cx, live);
    heading(ui, cx.theme, "Strategy");
    strategy::strategy_ui(ui, cx, live);
    heading(ui, cx.theme, "Split");
    split::split_ui(ui, cx, live);
    heading(ui, cx.theme, "Communication");
    communication::communication_ui(ui, cx, live);
    heading(ui, cx.theme, "Machine");
    machine::machine_ui(ui, cx, live);
    gpus::gpus_ui(ui, cx, live);
    ui.add_space(size::MARGIN);
}

/// What stands between the knobs and the picture, if anything does.
fn status_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    match &live.status {
        Status::Refused(cause) | Status::Ended(cause) => {
            ui.add_space(size::GAP);
            ui.label(RichText::new(cause).color(cx.theme.surfaces.error));
            ui.label(weak(cx.theme, "The picture is of the last run that worked."));
            if live.backend != Backend::Simulated {
                simulate_ui(ui, cx);
            }
        }
        Status::Broke { cause, retry_at_s } => {
            ui.add_space(size::GAP);
            ui.label(RichText::new(cause).color(cx.theme.surfaces.error));
            retry_ui(ui, cx, *retry_at_s);
            ui.label(weak(cx.theme, "The picture is of the last run that worked."));
        }
        Status::Starting if live.backend != Backend::Simulated => {
            ui.add_space(size::GAP);
            ui.horizontal(|ui| {
                ui.spinner();
                ui.label("Opening the GPUs…");
            });
            let mut text = "Kernels are compiled, weights are filled.".to_owned();
            if live.shown().is_some() {
                text += " The picture is of the run before.";
            }
            ui.label(weak(cx.theme, text));
        }
        Status::Starting | Status::Ready => {}
    }
}

/// When GPUs that failed are tried again, and what else can be done.
pub(super) fn retry_ui(ui: &mut Ui, cx: &mut Cx<'_>, retry_at_s: Option<f64>) {
    if let Some(at_s) = retry_at_s {
        let left_s = (at_s - cx.state.now_s).max(0.0).ceil();
        ui.label(weak(cx.theme, format!("They are tried again in {left_s} s.")));
        ui.ctx().request_repaint_after(Duration::from_millis(250));
    }
    ui.horizontal_wrapped(|ui| {
        let again = ui.button("Try again").on_hover_text("Open the GPUs anew and run");
        if again.clicked() {
            cx.live(LiveCommand::Retry);
        }
        simulate_ui(ui, cx);
    });
}

/// The way back from GPUs that do not run it.
pub(super) fn simulate_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let simulate = ui.button("Use the simulator");
    if simulate.on_hover_text("Back to the machine of the first start").clicked() {
        cx.live(LiveCommand::Turn(KnobEdit::Reset(Knob::Machine)));
    }
}
