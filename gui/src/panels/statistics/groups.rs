//! A kernel by rank and by iteration.

use egui::{Align2, CursorIcon, Sense, Stroke, Ui, Vec2b, pos2, vec2};
use egui_plot::{HoverPosition, Line, Plot, PlotPoint, PlotPoints, Points};
use weftscope_traces::{
    Split,
    analysis::{GroupDurations, KernelStats},
};

use super::{go_to, iteration_name};
use crate::{
    app::Document,
    panels::widgets::{Cx, draw_as, heading},
    theme::number,
};

const PLOT_HEIGHT: f32 = 110.0;
const ROW: f32 = 16.0;
/// Room for a rank's number, and for its durations.
const NAME: f32 = 52.0;
const NUMBERS: f32 = 128.0;
/// A click may miss a point by so many points.
const REACH: f32 = 24.0;

/// The median of every iteration, a line a rank; nothing with fewer than two iterations.
pub(super) fn iterations_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    document: &Document,
    kernel: &KernelStats,
) {
    let groups = &kernel.iterations;
    let last = groups.iter().filter_map(|group| group.iteration).max();
    if last.is_none_or(|last| last == 0) {
        return;
    }
    heading(ui, cx.theme, "Median by iteration, a line a rank");
    let theme = cx.theme;
    let colour = theme.kind(kernel.key.kind, Split::Whole);
    let place = |group: &GroupDurations| {
        PlotPoint::new(group.iteration.unwrap_or_default() as f64, group.median_ns as f64)
    };
    // Ranks of one job have the same iterations.
    let first_rank = groups[0].rank;
    let name_at = |x: f64| {
        let is_whole = x >= 0.0 && (x - x.round()).abs() < 1e-6;
        iteration_name(document, first_rank, is_whole.then_some(x.round() as usize))
    };
    let plot = Plot::new("iterations")
        .height(PLOT_HEIGHT)
        .allow_drag(false)
        .allow_scroll(false)
        .allow_zoom(false)
        .allow_boxed_zoom(false)
        .auto_bounds(Vec2b::TRUE)
        .set_margin_fraction(vec2(0.02, 0.12))
        .show_background(false)
        .show_grid([false, true])
        .show_axes([false, true])
        .y_axis_formatter(|mark, _| {
            number::duration_on_axis(mark.value.round() as i64, mark.step_size.round() as i64)
        })
        .label_formatter(|position| match position {
            HoverPosition::NearDataPoint { plot_name, position, .. } => {
                let median = number::duration_ns(position.y.round() as i64);
                let name = name_at(position.x).unwrap_or_default();
                Some(format!("{plot_name}, {name}\nmedian {median}"))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    let response = plot.show(ui, |plot| {
        for of_rank in groups.chunk_by(|a, b| a.rank == b.rank) {
            let name = format!("rank {}", of_rank[0].rank);
            let points: Vec<PlotPoint> = of_rank.iter().map(place).collect();
            plot.line(Line::new(name.clone(), PlotPoints::Owned(points.clone())).color(colour));
            plot.points(Points::new(name, PlotPoints::Owned(points)).color(colour).radius(2.0));
        }
    });
    let clicked = response.response.interact_pointer_pos().filter(|_| response.response.clicked());
    response.response.on_hover_cursor(CursorIcon::PointingHand);
    if let Some(at) = clicked {
        let distance = |group: &GroupDurations| {
            response.transform.position_from_point(&place(group)).distance(at)
        };
        let nearest = groups.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)));
        if let Some(group) = nearest.filter(|group| distance(group) <= REACH) {
            go_to(cx, group.longest);
        }
    }
}

/// Median and longest of every rank, as bars of one scale.
pub(super) fn ranks_ui(ui: &mut Ui, cx: &mut Cx<'_>, kernel: &KernelStats) {
    heading(ui, cx.theme, "By rank: median, and a line to the longest");
    let longest_ns = kernel.durations.max_ns.max(1) as f32;
    for group in &kernel.ranks {
        rank_ui(ui, cx, kernel, group, longest_ns);
    }
}

fn rank_ui(
    ui: &mut Ui,
    cx: &mut Cx<'_>,
    kernel: &KernelStats,
    group: &GroupDurations,
    longest_ns: f32,
) {
    let (theme, surfaces) = (cx.theme, &cx.theme.surfaces);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let name = format!("rank {}", group.rank);
    draw_as(&response, egui::Role::Button, &name);
    let painter = ui.painter();
    if response.hovered() {
        painter.rect_filled(rect, 2.0, surfaces.control_hover);
    }
    painter.text(rect.left_center(), Align2::LEFT_CENTER, name, theme.small(), surfaces.weak);
    let bars = rect.with_min_x(rect.left() + NAME).with_max_x(rect.right() - NUMBERS);
    if bars.is_positive() {
        let x = |ns: i64| bars.left() + bars.width() * (ns as f32 / longest_ns);
        let (median_x, max_x) = (x(group.median_ns), x(group.durations.max_ns));
        let bar = bars.with_max_x(median_x).shrink2(vec2(0.0, 3.0));
        painter.rect_filled(bar, 0.0, theme.kind(kernel.key.kind, Split::Whole));
        let stroke = Stroke::new(1.0, surfaces.text);
        let y = rect.center().y;
        painter.hline(median_x..=max_x, y, stroke);
        painter.vline(max_x, y - 3.0..=y + 3.0, stroke);
    }
    let [median, max] = [group.median_ns, group.durations.max_ns].map(number::duration_fixed);
    let right = pos2(rect.right(), rect.center().y);
    let text = format!("{median} {max}");
    painter.text(right, Align2::RIGHT_CENTER, text, theme.mono(), surfaces.text);
    let ops = number::counted(group.durations.count as u64, "op");
    let total = number::duration_ns(group.durations.total_ns);
    let clicked = response.clicked();
    response
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_text(format!("{ops}, {total} in all\nA click goes to the longest"));
    if clicked {
        go_to(cx, group.longest);
    }
}
