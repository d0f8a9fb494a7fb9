//! Time over one knob.

use egui::{Align2, Pos2, Rect, RichText, Ui, Vec2, Vec2b, vec2};
use egui_plot::{
    FilledArea, HLine, HoverPosition, Line, LineStyle, Plot, PlotPoint, PlotPoints, PlotUi, Points,
    Text, VLine,
};
use weftscope_engine::spec::StrategyKind;
use weftscope_traces::Doubt;

use crate::{
    app::live::{Curve, CurvePoint, Live, LiveCommand},
    panels::{doubt::with_doubt, widgets::Cx},
    theme::{Surfaces, Theme, number},
};

/// The curve; with the baselines, unless it is of another run than they.
pub(super) fn line_ui(ui: &mut Ui, cx: &mut Cx<'_>, live: &Live, is_stale: bool) {
    let (theme, axis) = (cx.theme, live.curve.axis);
    let doubt = live.curve.doubt();
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
                let time = with_doubt(at.y as i64, doubt);
                Some(format!("{:.0} {}\n{time}", at.x, axis.name()))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    let response = plot.show(ui, |plot| {
        if !is_stale {
            draw_baselines(plot, theme, live);
        }
        draw_band(plot, theme, &live.curve);
        draw(plot, theme, live);
        plot.pointer_coordinate()
    });
    let clicked = response.response.clicked();
    response.response.on_hover_cursor(egui::CursorIcon::PointingHand);
    if clicked && let Some(at) = response.inner {
        let distance = |point: &&CurvePoint| (live.curve.x(point.at) - at.x).abs();
        let nearest = live.curve.points.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(point) = nearest {
            cx.live(LiveCommand::GoToPoint(point.at));
        }
    }
}

/// As far as predicted times may be off, below and above the line.
fn draw_band(plot: &mut PlotUi<'_>, theme: &Theme, curve: &Curve) {
    let Some(share) = curve.doubt().and_then(Doubt::share) else { return };
    let xs: Vec<f64> = curve.points.iter().map(|point| curve.x(point.at)).collect();
    let edge = |factor: f64| -> Vec<f64> {
        curve.points.iter().map(|point| point.time_ns as f64 * factor).collect()
    };
    let band = FilledArea::new("expected error", &xs, &edge(1.0 - share), &edge(1.0 + share));
    plot.add(band.fill_color(theme.surfaces.weak.gamma_multiply(BAND)).allow_hover(false));
}

/// How much of the ink of captions the band has.
const BAND: f32 = 0.25;

fn draw(plot: &mut PlotUi<'_>, theme: &Theme, live: &Live) {
    let ink = theme.surfaces.text;
    let position = |point: &CurvePoint| [live.curve.x(point.at), point.time_ns as f64];
    let points: Vec<[f64; 2]> = live.curve.points.iter().map(position).collect();
    plot.line(Line::new("iteration time", PlotPoints::from(points.clone())).color(ink).width(1.0));
    plot.points(Points::new("points", PlotPoints::from(points)).color(ink).radius(2.0));
    if let Some(at) = live.current(live.curve.axis) {
        plot.vline(VLine::new("now", live.curve.x(at)).color(theme.surfaces.accent).width(1.5));
    }
    if let Some(fastest) = live.curve.fastest() {
        let mark = Points::new("fastest", PlotPoints::from(vec![position(&fastest)]));
        plot.points(mark.color(theme.surfaces.strong).radius(4.0));
    }
}

/// All lines before all names, so that none runs through a name; names stand where the curve, which comes after both, does not.
fn draw_baselines(plot: &mut PlotUi<'_>, theme: &Theme, live: &Live) {
    let Surfaces { weak, panel, .. } = theme.surfaces;
    let baselines = baselines(live);
    for (strategy, ns) in &baselines {
        let line = HLine::new(strategy.name(), *ns as f64).color(weak).width(1.0);
        plot.hline(line.style(LineStyle::dashed_loose()));
    }
    let last_x = live.curve.points.last().map_or(0.0, |last| live.curve.x(last.at));
    let mut taken = curve_rects(plot, live);
    let left = plot.screen_from_plot(plot.plot_bounds().min().into()).x;
    for (strategy, ns) in baselines {
        let size = plot.ctx().fonts_mut(|fonts| {
            fonts.layout_no_wrap(strategy.name().to_owned(), theme.small(), weak).size()
        });
        let end = plot.screen_from_plot(PlotPoint::new(last_x, ns as f64));
        let corner = free_corner(end - vec2(0.0, 2.0), size, (&taken, left));
        taken.push(name_rect(corner, size));
        let text = RichText::new(strategy.name()).font(theme.small()).color(weak);
        let at = plot.plot_from_screen(corner);
        let name = Text::new("name", at, text.background_color(panel));
        plot.text(name.anchor(Align2::RIGHT_BOTTOM));
    }
}

fn name_rect(corner: Pos2, size: Vec2) -> Rect {
    Rect::from_min_max(corner - size, corner)
}

/// Where the curve runs on screen, from point to point, and the line of where the run is.
fn curve_rects(plot: &PlotUi<'_>, live: &Live) -> Vec<Rect> {
    let curve = &live.curve;
    let on_screen = |point: &CurvePoint| {
        plot.screen_from_plot(PlotPoint::new(curve.x(point.at), point.time_ns as f64))
    };
    let points: Vec<Pos2> = curve.points.iter().map(on_screen).collect();
    let stretch = |two: &[Pos2]| Rect::from_two_pos(two[0], two[1]).expand(MARK);
    let mut rects: Vec<Rect> = points.windows(2).map(stretch).collect();
    rects.extend(live.current(curve.axis).map(|at| {
        let x = plot.screen_from_plot(PlotPoint::new(curve.x(at), 0.0)).x;
        Rect::from_x_y_ranges(x - MARK..=x + MARK, f32::NEG_INFINITY..=f32::INFINITY)
    }));
    rects
}

/// Points around a line that its marks take.
const MARK: f32 = 4.0;

/// The lower right corner of a name that would end at `corner`, further left where something else stands; where all is
/// taken as far as `left`, at `corner` itself.
fn free_corner(wanted: Pos2, size: Vec2, (taken, left): (&[Rect], f32)) -> Pos2 {
    const GAP: f32 = 8.0;
    let mut corner = wanted;
    let in_the_way = |corner| {
        let rect = name_rect(corner, size);
        taken.iter().find(|other| other.intersects(rect))
    };
    while let Some(other) = in_the_way(corner) {
        corner.x = other.left() - GAP;
    }
    if corner.x - size.x < left { wanted } else { corner }
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

#[cfg(test)]
mod tests {
    use egui::pos2;

    use super::*;

    #[test]
    fn names_of_baselines_never_stand_on_each_other() {
        let size = vec2(40.0, 12.0);
        let mut taken: Vec<Rect> = Vec::new();
        for y in [100.0, 104.0, 92.0, 300.0] {
            let corner = free_corner(pos2(500.0, y), size, (&taken, 0.0));
            assert_eq!(corner.y, y, "a name stays at its line");
            let rect = name_rect(corner, size);
            assert!(taken.iter().all(|other| !other.intersects(rect)), "{rect} {taken:?}");
            taken.push(rect);
        }
        let rights = taken.iter().map(Rect::right).collect::<Vec<_>>();
        assert_eq!(rights, [500.0, 452.0, 404.0, 500.0]);
    }

    /// A curve that comes down through the place where the name would stand.
    #[test]
    fn names_of_baselines_stand_beside_the_curve() {
        let (size, wanted) = (vec2(40.0, 12.0), pos2(500.0, 100.0));
        let curve = [pos2(300.0, 140.0), pos2(480.0, 95.0), pos2(520.0, 60.0)];
        let rects: Vec<Rect> =
            curve.windows(2).map(|two| Rect::from_two_pos(two[0], two[1])).collect();
        assert!(rects.iter().any(|rect| rect.intersects(name_rect(wanted, size))));
        let corner = free_corner(wanted, size, (&rects, 0.0));
        assert_eq!(corner, pos2(292.0, 100.0));
        assert_eq!(free_corner(wanted, size, (&rects, 260.0)), wanted, "nowhere else to stand");
    }
}
