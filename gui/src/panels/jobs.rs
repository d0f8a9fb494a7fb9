//! Work under way, at the right end of the lowest line: a bar for each job that takes longer than half a second.

use egui::{Align, Label, Layout, ProgressBar, Ui, vec2};

use super::{
    icon::{Icon, icon_button},
    widgets::Cx,
};
use crate::{
    app::Command,
    jobs::{JobKind, JobStatus},
};

/// A job younger than this shows no bar: what is over at once needs none.
const PATIENCE_S: f64 = 0.5;
/// Points of a bar, of a job with its title and its button, and of the button behind which further jobs stand.
const BAR: f32 = 110.0;
const JOB: f32 = 320.0;
const MORE: f32 = 80.0;
/// Share of the line that jobs take at most.
const SHARE: f32 = 0.75;

/// The jobs, the first at the left; those for which there is no room behind a button. In a layout from right to left.
pub(crate) fn jobs_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let is_slow = |job: &&JobStatus| state.now_s - job.began_s >= PATIENCE_S;
    let slow: Vec<&JobStatus> = state.jobs.iter().filter(is_slow).collect();
    let (beside, behind) = slow.split_at(fitting(slow.len(), ui.available_width() * SHARE));
    if !behind.is_empty() {
        ui.menu_button(format!("{} more", behind.len()), |ui| {
            for job in behind {
                ui.horizontal(|ui| job_ui(ui, cx, job));
            }
        });
    }
    for job in beside.iter().rev() {
        let size = vec2(JOB, ui.available_height());
        ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
            job_ui(ui, cx, job);
        });
    }
}

/// How many of `count` jobs stand beside one another in `room` points; one always does.
fn fitting(count: usize, room: f32) -> usize {
    let all = (room / JOB) as usize;
    let fitting = if count <= all { count } else { ((room - MORE) / JOB) as usize };
    fitting.max(1).min(count)
}

/// Its title, how far it is, and what stops it.
fn job_ui(ui: &mut Ui, cx: &mut Cx<'_>, job: &JobStatus) {
    let is_backwards = ui.layout().prefer_right_to_left();
    if is_backwards {
        stop_ui(ui, cx, job);
        bar_ui(ui, job);
        ui.add(Label::new(&job.title).truncate());
    } else {
        ui.label(&job.title);
        bar_ui(ui, job);
        stop_ui(ui, cx, job);
    }
}

fn bar_ui(ui: &mut Ui, job: &JobStatus) {
    let bar = match job.progress() {
        Some(share) => ProgressBar::new(share).text(format!("{:>3.0} %", share * 100.0)),
        None => ProgressBar::new(0.0).animate(true),
    };
    ui.add(bar.desired_width(BAR).desired_height(12.0));
}

fn stop_ui(ui: &mut Ui, cx: &mut Cx<'_>, job: &JobStatus) {
    if job.is_cancelled() {
        ui.label("stopping");
    } else if icon_button(ui, Icon::Cross, "Cancel", about_stopping(job.kind)).clicked() {
        cx.send(Command::CancelJob(job.id));
    }
}

/// What stopping a job does.
fn about_stopping(kind: JobKind) -> &'static str {
    match kind {
        JobKind::Watch => "Stop recording and show all of it; the program goes on",
        _ => "Stop this",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_take_no_more_room_than_there_is() {
        for (count, room) in [(0, 900.0), (1, 100.0), (2, 640.0), (3, 640.0), (9, 1300.0)] {
            let beside = fitting(count, room);
            let more = if beside < count { MORE } else { 0.0 };
            assert!(beside <= 1 || beside as f32 * JOB + more <= room, "{count} in {room}");
            assert!(
                beside == count || (beside as f32 + 1.0) * JOB + MORE > room,
                "{count} in {room}"
            );
        }
        assert_eq!((fitting(0, 900.0), fitting(1, 100.0)), (0, 1), "one always stands there");
    }
}
