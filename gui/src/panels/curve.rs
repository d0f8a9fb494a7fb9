//! Iteration time over a knob, run in the background.

use egui::{Ui, Vec2b};
use egui_plot::{HoverPosition, Line, Plot, PlotPoints, Points, VLine};
use weftscope_profiler::sweep::SweepAxis;

use super::widgets::{Cx, weak};
use crate::{
    app::{
        Command,
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
    head_ui(ui, cx, live);
    if live.curve.spec.is_none() {
        ui.label(weak(
            cx.theme,
            "Choose what to vary: each point is one simulated iteration of this run.",
        ));
        return;
    }
    plot_ui(ui, cx, live);
}

fn head_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
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
        } else if live.curve.is_stale(&live.draft.spec) {
            ui.label(weak(cx.theme, "of another run").color(cx.theme.surfaces.warn));
            if ui.button("Run again").clicked() {
                cx.live(LiveCommand::RunCurve(live.curve.axis));
            }
        }
        if let Some(FailedPoints { count, cause }) = &live.curve.failed {
            let text = weak(cx.theme, format!("{count} points cannot run"));
            ui.label(text.color(cx.theme.surfaces.warn)).on_hover_text(cause);
        }
    });
}

fn plot_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live) {
    let (theme, axis) = (cx.theme, live.curve.axis);
    let points: Vec<[f64; 2]> =
        live.curve.points.iter().map(|point| [f64::from(point.x), point.time_ns as f64]).collect();
    let current = live.current(axis).map(f64::from);
    let plot = Plot::new("curve")
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .auto_bounds(Vec2b::TRUE)
        .set_margin_fraction(egui::vec2(0.02, 0.12))
        .show_background(false)
        .x_axis_label(axis.name())
        .y_axis_formatter(|mark, _| number::duration_ns(mark.value.round() as i64))
        .label_formatter(move |position| match position {
            HoverPosition::NearDataPoint { position: at, .. } => {
                let time = number::duration_ns(at.y as i64);
                Some(format!("{:.0} {}\n{time}", at.x, axis.name()))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    let response = plot.show(ui, |plot| {
        let ink = theme.surfaces.text;
        plot.line(
            Line::new("iteration time", PlotPoints::from(points.clone())).color(ink).width(1.0),
        );
        plot.points(Points::new("points", PlotPoints::from(points.clone())).color(ink).radius(2.0));
        if let Some(x) = current {
            plot.vline(VLine::new("now", x).color(theme.surfaces.accent).width(1.5));
        }
        plot.pointer_coordinate()
    });
    let clicked = response.response.clicked();
    response.response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if clicked && let Some(at) = response.inner {
        let nearest = live.curve.points.iter().min_by(|a, b| {
            let distance = |x: u32| (f64::from(x) - at.x).abs();
            distance(a.x).total_cmp(&distance(b.x))
        });
        if let Some(point) = nearest {
            cx.live(LiveCommand::GoToPoint(axis, point.x));
        }
    }
}
