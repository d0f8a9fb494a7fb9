//! Scales: ticks at round numbers, their labels, and lines through what is drawn.

use egui::{Align2, Painter, Rangef, Rect, Stroke, pos2};

use crate::theme::Theme;

/// Points that a labelled tick of a horizontal scale needs.
pub(super) const ACROSS: f32 = 92.0;
/// Points under a plot that ticks and labels take.
pub(super) const HEIGHT: f32 = 22.0;

/// Values at 1, 2 or 5 times a power of ten within `from..=to`, as many as fit `room` each `spacing` wide, and their distance.
pub(super) fn ticks(range: (f64, f64), room: f32, spacing: f32) -> (Vec<f64>, f64) {
    let (from, to) = range;
    let most = f64::from((room / spacing).floor().max(1.0));
    let least = ((to - from) / most).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| *step >= least * (1.0 - 1e-9)).unwrap_or(least);
    let (first, last) = ((from / step - 1e-9).ceil() as i64, (to / step + 1e-9).floor() as i64);
    ((first..=last).map(|at| at as f64 * step).collect(), step)
}

/// A scale under `plot`: ticks, labels, faint lines. `x_of` says where a value lies, `label` how it is written.
pub(super) fn across(
    (painter, theme): (&Painter, &Theme),
    plot: Rect,
    range: (f64, f64),
    label: impl Fn(f64, f64) -> String,
) {
    let s = &theme.surfaces;
    let (values, step) = ticks(range, plot.width(), ACROSS);
    painter.hline(plot.x_range(), plot.bottom(), Stroke::new(1.0, s.weak));
    for value in values {
        let x = plot.left() + plot.width() * ((value - range.0) / (range.1 - range.0)) as f32;
        painter.vline(x, Rangef::new(plot.bottom(), plot.bottom() + 4.0), Stroke::new(1.0, s.weak));
        let galley = painter.layout_no_wrap(label(value, step), theme.small(), s.text);
        // A label at an edge is moved in rather than cut.
        let half = galley.size().x / 2.0;
        let left = (x - half).max(plot.left() - 4.0).min(plot.right() + 40.0 - 2.0 * half);
        painter.galley(pos2(left, plot.bottom() + 6.0), galley, s.text);
    }
}

/// Faint lines through a plot where [`across`] has its ticks; to be painted before what is drawn.
pub(super) fn grid(painter: &Painter, theme: &Theme, plot: Rect, range: (f64, f64)) {
    for value in ticks(range, plot.width(), ACROSS).0 {
        let x = plot.left() + plot.width() * ((value - range.0) / (range.1 - range.0)) as f32;
        painter.vline(x, plot.y_range(), Stroke::new(1.0, theme.surfaces.grid));
    }
}

/// A scale on the left of `plot`, with faint lines through it.
pub(super) fn upright(
    (painter, theme): (&Painter, &Theme),
    plot: Rect,
    range: (f64, f64),
    label: impl Fn(f64, f64) -> String,
) {
    const SPACING: f32 = 44.0;
    let s = &theme.surfaces;
    let (values, step) = ticks(range, plot.height(), SPACING);
    for value in values {
        let y = plot.bottom() - plot.height() * ((value - range.0) / (range.1 - range.0)) as f32;
        painter.hline(plot.x_range(), y, Stroke::new(1.0, s.grid));
        let at = pos2(plot.left() - 8.0, y);
        painter.text(at, Align2::RIGHT_CENTER, label(value, step), theme.small(), s.text);
    }
    painter.vline(plot.left(), plot.y_range(), Stroke::new(1.0, s.weak));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_fit() {
        for (from, to) in [(0.0, 1.0), (0.0, 7.3e6), (2.51e6, 2.97e6), (-3.0, 40.0), (5.0, 5.1)] {
            for room in [100.0, 400.0, 1000.0] {
                let (values, step) = ticks((from, to), room, ACROSS);
                assert!(values.len() as f32 <= room / ACROSS + 1.0, "{from} {to} {room}");
                assert!(
                    values
                        .iter()
                        .all(|value| (from - step * 1e-6..=to + step * 1e-6).contains(value))
                );
                let mantissa = step / 10_f64.powf(step.log10().floor());
                let is_round =
                    [1.0, 2.0, 5.0, 10.0].iter().any(|one| (mantissa - one).abs() < 1e-6);
                assert!(is_round, "{step}");
            }
        }
        assert_eq!(ticks((0.0, 10.0), 1000.0, 92.0), ((0..=10).map(f64::from).collect(), 1.0));
    }
}
