//! Work under way: a bar for each job that takes longer than half a second.

use egui::{ProgressBar, Ui};

use super::icon::{Icon, icon_button};
use super::widgets::Cx;
use crate::{app::Command, jobs::JobKind};

/// A job younger than this shows no bar: what is over at once needs none.
const PATIENCE_S: f64 = 0.5;

/// The bars, as a strip; nothing when nothing takes long.
pub(crate) fn jobs_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    for job in state.jobs.iter().filter(|job| state.now_s - job.began_s >= PATIENCE_S) {
        ui.horizontal(|ui| {
            ui.add(egui::Label::new(&job.title).truncate());
            let bar = match job.progress() {
                Some(share) => ProgressBar::new(share).text(format!("{:>3.0} %", share * 100.0)),
                None => ProgressBar::new(0.0).animate(true),
            };
            ui.add(bar.desired_width(160.0).desired_height(12.0));
            let stopping = job.is_cancelled();
            if stopping {
                ui.label("stopping");
            } else if icon_button(ui, Icon::Cross, "Cancel", about_stopping(job.kind)).clicked() {
                cx.send(Command::CancelJob(job.id));
            }
        });
    }
}

/// What stopping a job does.
fn about_stopping(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Watch => "Stop recording and show all of it; the program goes on",
        _ => "Stop this",
    }
}

/// True when a bar is on screen, or will be: the window must keep drawing.
pub(crate) fn has_bars(cx: &Cx<'_>) -> bool {
    cx.state.jobs.iter().any(|job| cx.state.now_s - job.began_s >= PATIENCE_S)
}
