//! The left panel: what may be turned while it runs, by group, each with its unit and its default.
//!
//! What a knob is called and what it turns stands in the table [`Knob`](crate::app::live::Knob); here is its control.

mod batch;
mod choice;
mod communication;
mod machine;
mod row;
mod split;
mod split_slider;
mod strategy;

use egui::{RichText, ScrollArea, Ui};

use super::widgets::{Cx, heading, weak};
use crate::{
    app::{
        Shown, State,
        live::{Backend, Live, Status},
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
    ui.add_space(size::MARGIN);
}

/// What stands between the knobs and the picture, if anything does.
fn status_ui(ui: &mut Ui, cx: &Cx<'_>, live: &Live) {
    match &live.status {
        Status::Refused(cause) | Status::Ended(cause) => {
            ui.add_space(size::GAP);
            ui.label(RichText::new(cause).color(cx.theme.surfaces.error));
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
