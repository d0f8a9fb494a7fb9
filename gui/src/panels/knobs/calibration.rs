//! Whose constants this computer's GPUs are planned and predicted with, and the offer to measure their own.

use egui::{ProgressBar, RichText, Ui};
use weftscope_engine::machine::HERE;
use weftscope_profiler::collect::expected_error;
use weftscope_traces::Doubt;

use crate::{
    app::{
        Command,
        live::{Live, LiveCommand},
    },
    here::constants,
    jobs::JobKind,
    panels::widgets::{Cx, weak},
};

/// What constants that are another machine's are worth here.
const NOT_CALIBRATED: &str = "Splits are chosen and times predicted with constants of another machine; how far they are off here is not known";
const OFFER: &str = "Measure these GPUs for about a minute, fit the constants to them and keep them. The live run waits meanwhile";

/// Nothing where another machine is simulated.
pub(super) fn calibration_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let machine = &live.draft.spec.machine;
    if machine.name != HERE {
        return;
    }
    let error = expected_error(machine);
    let hover = match machine.calibrated {
        Some(_) => Doubt(error.as_ref()).sentence(),
        None => NOT_CALIBRATED.to_owned(),
    };
    let words = weak(cx.theme, constants(machine)).font(cx.theme.small());
    ui.label(words).on_hover_text(hover);
    if let Some(refused) = live.catalog.refused() {
        let text = RichText::new(refused.to_string());
        ui.label(text.font(cx.theme.small()).color(cx.theme.surfaces.warn));
    }
    if let Some(job) = cx.state.jobs.iter().find(|job| job.kind == JobKind::Calibrate) {
        let share = job.progress().unwrap_or(0.0);
        ui.horizontal(|ui| {
            ui.add(ProgressBar::new(share).desired_width(120.0).desired_height(10.0));
            if job.is_cancelled() {
                ui.label("stopping");
            } else if ui.button("Cancel").on_hover_text("Stop; nothing is changed").clicked() {
                cx.send(Command::CancelJob(job.id));
            }
        });
        ui.label(weak(cx.theme, "Measuring; the live run waits.").font(cx.theme.small()));
    } else if machine.calibrated.is_none()
        && ui.button("Calibrate (about a minute)").on_hover_text(OFFER).clicked()
    {
        cx.live(LiveCommand::Calibrate);
    }
}
