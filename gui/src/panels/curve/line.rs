//! Time over one knob.

use egui::{Align2, RichText, Ui, Vec2b};
use egui_plot::{
    HLine, HoverPosition, Line, LineStyle, Plot, PlotPoint, PlotPoints, PlotUi, Points, Text, VLine,
};
use weftscope_engine::spec::StrategyKind;

use crate::{
    app::live::{CurvePoint, Live, LiveCommand},
    panels::widgets::Cx,
    theme::{Theme, number},
};

/// The curve; with the baselines, unless it is of another run than they.
pub(super) fn line_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live, is_stale: bool) {
    let (theme, axis) = (cx.theme, live.curve.axis);
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
        if !is_stale {
            draw_baselines(plot, theme, live);
        }
        draw(plot, theme, live);
        plot.pointer_coordinate()
    });
    let clicked = response.response.clicked();
    response.response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if clicked && let Some(at) = response.inner {
        let distance = |point: &&CurvePoint| (f64::from(point.at.x) - at.x).abs();
        let nearest = live.curve.points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(point) = nearest {
            cx.live(LiveCommand::GoToPoint(axis, point.at));
        }
    }
}

fn draw(plot: &mut PlotUi<'_>, theme: &Theme, live: &Live) {
    let ink = theme.surfaces.text;
    let position = |point: &CurvePoint| [f64::from(point.at.x), point.time_ns as f64];
    let points: Vec<[f64; 2]> = live.curve.points.iter().map(position).collect();
    plot.line(Line::new("iteration time", PlotPoints::from(points.clone())).color(ink).width(1.0));
    plot.points(Points::new("points", PlotPoints::from(points)).color(ink).radius(2.0));
    if let Some(at) = live.current(live.curve.axis) {
        plot.vline(VLine::new("now", f64::from(at.x)).color(theme.surfaces.accent).width(1.5));
    }
    if let Some(fastest) = live.curve.fastest() {
        let mark = Points::new("fastest", PlotPoints::from(vec![position(&fastest)]));
        plot.points(mark.color(theme.surfaces.strong).radius(4.0));
    }
}

fn draw_baselines(plot: &mut PlotUi<'_>, theme: &Theme, live: &Live) {
    let weak = theme.surfaces.weak;
    let last_x = live.curve.points.last().map_or(0.0, |last| f64::from(last.at.x));
    for (strategy, ns) in baselines(live) {
        let line = HLine::new(strategy.name(), ns as f64).color(weak).width(1.0);
        plot.hline(line.style(LineStyle::dashed_loose()));
        let name = RichText::new(strategy.name()).font(theme.small()).color(weak);
        let at = PlotPoint::new(last_x, ns as f64);
        plot.text(Text::new("name", at, name).anchor(Align2::RIGHT_BOTTOM));
    }
}

/// Baselines of the same batch that lie where the curve does: one far above would press the curve flat. The weave's own
/// two are points of the curve.
fn baselines(live: &Live) -> Vec<(StrategyKind, i64)> {
    let times = || live.curve.points.iter().map(|point| point.time_ns);
    let (Some(least), Some(most)) = (times().min(), times().max()) else { return Vec::new() };
    let room = (most - least).max(least / 20);
    let is_near = |ns: &i64| (least - room..=most + room).contains(ns);
    let all = live.baselines.iter().filter_map(|baseline| {
        let ns = *baseline.outcome.as_ref().ok()?;
        let is_weave =
            matches!(baseline.strategy, StrategyKind::EqualSplit | StrategyKind::TokenWeave);
        (is_near(&ns) && !is_weave).then_some((baseline.strategy, ns))
    });
    all.collect()
}
