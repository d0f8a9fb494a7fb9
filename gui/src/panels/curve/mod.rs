//! Iteration time over a knob, or over two, run in the background: what was tried, where it is fastest, where the run is.

mod grid;
mod line;

use egui::Ui;
use weftscope_profiler::sweep::{Setting, SweepAxis};

use super::{
    doubt::with_covered,
    top_bar::live_title,
    widgets::{Cx, weak},
};
use crate::{
    app::{
        Command, Shown,
        live::{FailedPoints, Live, LiveCommand},
    },
    jobs::JobKind,
    theme::number,
};

/// The curve's tab.
pub(super) fn curve_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let state = cx.state;
    let Some(live) = &state.live else {
        ui.label(weak(cx.theme, "A curve needs the live run."));
        return;
    };
    whose_ui(ui, cx, live);
    let is_stale = live.curve.is_stale(&live.draft.spec);
    head_ui(ui, cx, live, is_stale);
    if live.curve.spec.is_none() {
        ui.label(weak(
            cx.theme,
            "Choose what to vary: each point is one iteration of the live run, unrecorded.",
        ));
        return;
    }
    if live.curve.axis.is_grid() {
        grid::grid_ui(ui, cx, live);
    } else {
        line::line_ui(ui, cx, live, is_stale);
    }
}

/// Beside a recording: of what the curve is, since its times are none of the recording's.
fn whose_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    if cx.state.shown == Shown::Live {
        return;
    }
    let shown = live.shown();
    let origin = shown.map(|it| format!(", {}", it.document.trace.meta.provenance.name()));
    let what = format!("{}{}", live_title(live), origin.unwrap_or_default());
    ui.horizontal_wrapped(|ui| {
        let text = format!("Of the live run, not of the recording in view: {what}.");
        ui.label(weak(cx.theme, text).color(cx.theme.surfaces.warn));
        if ui.link("Show it").clicked() {
            cx.send(Command::Show(Shown::Live));
        }
    });
}

fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live, is_stale: bool) {
    ui.horizontal_wrapped(|ui| {
        ui.label(weak(cx.theme, "Iteration time over"));
        for axis in SweepAxis::ALL {
            let selected = live.curve.spec.is_some() && live.curve.axis == axis;
            if ui.selectable_label(selected, axis.short_name()).on_hover_text(axis.name()).clicked()
            {
                cx.live(LiveCommand::RunCurve(axis));
            }
        }
        if let Some(job) = cx.state.jobs.iter().find(|job| job.kind == JobKind::Curve) {
            let share = job.progress().unwrap_or(0.0);
            ui.add(egui::ProgressBar::new(share).desired_width(120.0).desired_height(10.0));
            if ui.button("Cancel").clicked() {
                cx.send(Command::CancelJob(job.id));
            }
        } else if is_stale {
            ui.label(weak(cx.theme, "of another run").color(cx.theme.surfaces.warn));
            if ui.button("Run again").clicked() {
                cx.live(LiveCommand::RunCurve(live.curve.axis));
            }
        }
        if let Some(fastest) = live.curve.fastest().filter(|_| !is_stale) {
            let text = format!(
                "fastest {} at {}",
                number::duration_ns(fastest.time_ns),
                at_in_words(fastest.at)
            );
            let now = live.current(live.curve.axis).filter(|&at| at != fastest.at);
            let now_ns = now.and_then(|at| live.curve.time_at(at));
            let hover = with_covered("Go there", live.curve.doubt(), (fastest.time_ns, now_ns));
            if ui.link(text).on_hover_text(hover).clicked() {
                cx.live(LiveCommand::GoToPoint(fastest.at));
            }
        }
        band_ui(ui, cx, live);
        if let Some(FailedPoints { count, cause }) = &live.curve.failed {
            let text = weak(
                cx.theme,
                format!("{count} {} cannot run", if *count == 1 { "point" } else { "points" }),
            );
            ui.label(text.color(cx.theme.surfaces.warn)).on_hover_text(cause);
        }
    });
}

/// What the band around the line is.
fn band_ui(ui: &mut Ui, cx: &Cx<'_>, live: &Live) {
    let Some(doubt) = live.curve.doubt().filter(|_| live.curve.spec.is_some()) else { return };
    let hover = match doubt.share() {
        Some(_) => format!(
            "{}\nWhere points differ by less, another may be the fastest on the machine itself.",
            doubt.sentence()
        ),
        None => doubt.sentence(),
    };
    let has_band = doubt.share().is_some() && !live.curve.axis.is_grid();
    let name = if has_band { "band " } else { "" };
    ui.label(weak(cx.theme, format!("{name}{}", doubt.sign()))).on_hover_text(hover);
}

/// A setting with its units.
fn at_in_words(at: Setting) -> String {
    let ctas = |count: u32| if count == 1 { "1 CTA".to_owned() } else { format!("{count} CTAs") };
    let ctas = match (at.attn_ctas, at.mlp_ctas) {
        (Some(attn), Some(mlp)) => {
            Some(format!("{} under attention, {mlp} under the MLP", ctas(attn)))
        }
        (one, other) => one.or(other).map(ctas),
    };
    let cut = at.first_tokens.map(|first| format!("{first} + rest"));
    [cut, ctas].into_iter().flatten().collect::<Vec<_>>().join(", ")
}
