use egui::{Align2, Mesh, Shape, Stroke, pos2};
use weftscope_traces::CounterSeries;

use super::Pen;
use crate::timeline::{Row, RowKind};

/// Draws a counter as a small area chart, scaled to its own peak over the whole trace.
pub(in crate::timeline) fn paint_counter(pen: &Pen<'_>, row: &Row) {
    let RowKind::Counter(index) = row.kind else { return };
    let series = &pen.data.trace.counters[index];
    let y = pen.row_y(row).shrink(2.0);
    let peak = pen.data.counter_peaks[index];
    let painter = pen.in_plot();
    let line = Stroke::new(1.0, pen.theme.surfaces.grid);
    painter.hline(pen.areas.plot.x_range(), y.max, line);
    if peak <= 0.0 {
        return;
    }
    let top = |value: f64| y.max - (value.max(0.0) / peak) as f32 * y.span();
    let fill = pen.theme.surfaces.weak.gamma_multiply(0.35);
    let mut mesh = Mesh::default();
    let mut edge = Vec::new();
    for (left, right, value) in steps(pen, series) {
        let rect =
            egui::Rect::from_min_max(pos2(left, top(value)), pos2(right.max(left + 0.5), y.max));
        mesh.add_colored_rect(rect, fill);
        edge.push(rect.left_top());
        edge.push(rect.right_top());
    }
    painter.add(Shape::mesh(mesh));
    if edge.len() > 1 {
        painter.add(Shape::line(edge, Stroke::new(1.0, pen.theme.surfaces.weak)));
    }
    if let Some(hover) = pen.view.hover
        && let Some(value) = value_at(series, hover.time_ns)
    {
        let text = crate::theme::number::with_unit(value, &series.unit);
        value_plate(pen, y.center(), text);
    }
}

/// The value under the pointer, on a plate of background so that the chart does not run through it.
fn value_plate(pen: &Pen<'_>, y: f32, text: String) {
    let s = &pen.theme.surfaces;
    let painter = pen.in_plot();
    let galley = painter.layout_no_wrap(text, pen.theme.mono(), s.text);
    let right_centre = pos2(pen.areas.plot.right() - 12.0, y);
    let rect = Align2::RIGHT_CENTER.anchor_size(right_centre, galley.size());
    painter.rect_filled(rect.expand2(egui::vec2(4.0, 0.0)), 2.0, s.plot.gamma_multiply(0.85));
    painter.galley(rect.min, galley, s.text);
}

/// Stretches of one value on the screen: the largest sample of each point's width.
fn steps(pen: &Pen<'_>, series: &CounterSeries) -> Vec<(f32, f32, f64)> {
    let window = pen.scale.window();
    let first = series.at_ns.partition_point(|&at| at <= window.start_ns).saturating_sub(1);
    let last = series.at_ns.partition_point(|&at| at < window.end_ns);
    let plot = pen.areas.plot;
    let mut out: Vec<(f32, f32, f64)> = Vec::new();
    for index in first..last {
        let left = pen.scale.x_from_time(series.at_ns[index]).max(plot.left());
        let right = series
            .at_ns
            .get(index + 1)
            .map_or(left + 1.0, |&at| pen.scale.x_from_time(at).min(plot.right()));
        match out.last_mut() {
            Some(step) if right - step.0 < 1.0 => {
                step.1 = right;
                step.2 = step.2.max(series.value[index]);
            }
            _ => out.push((left, right, series.value[index])),
        }
    }
    out
}

/// The sample that holds at `t_ns`; none behind the last one, where nothing is drawn either.
pub(in crate::timeline) fn value_at(series: &CounterSeries, t_ns: i64) -> Option<f64> {
    if series.at_ns.last().is_none_or(|&last_ns| t_ns > last_ns) {
        return None;
    }
    let after = series.at_ns.partition_point(|&at| at <= t_ns);
    series.value.get(after.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_holds_until_the_next_and_the_last_holds_nothing() {
        let series = CounterSeries {
            at_ns: vec![10, 20, 30],
            value: vec![1.0, 2.0, 0.0],
            ..CounterSeries::default()
        };
        let values = [9, 10, 19, 20, 30, 31].map(|t_ns| value_at(&series, t_ns));
        assert_eq!(values, [None, Some(1.0), Some(1.0), Some(2.0), Some(0.0), None]);
    }
}
