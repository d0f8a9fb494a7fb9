use egui::{Rangef, Stroke, pos2};

use super::Pen;
use crate::{theme::number, timeline::TimeScale};

/// Points that a labelled tick needs.
const LABEL_SPACING: f32 = 88.0;

/// The distance of labelled ticks: 1, 2 or 5 times a power of ten, wide enough for its label.
pub(in crate::timeline) fn tick_step_ns(scale: &TimeScale) -> i64 {
    let least = scale.ns_per_point() * f64::from(LABEL_SPACING);
    let mut step = 1_i64;
    loop {
        for factor in [1, 2, 5] {
            if (step * factor) as f64 >= least {
                return step * factor;
            }
        }
        let Some(next) = step.checked_mul(10).filter(|next| *next < i64::MAX / 10) else {
            return step;
        };
        step = next;
    }
}

/// Ticks on screen, counted from `zero_ns`: time and whether it is labelled.
pub(in crate::timeline) fn ticks(scale: &TimeScale, zero_ns: i64) -> Vec<(i64, bool)> {
    let major = tick_step_ns(scale);
    let minor = (major / 5).max(1);
    let window = scale.window();
    let first = (window.start_ns - zero_ns).div_euclid(minor);
    let last = (window.end_ns - zero_ns).div_euclid(minor);
    let ticks = (first..=last).map(|n| n * minor);
    ticks.map(|from_zero| (zero_ns + from_zero, from_zero.rem_euclid(major) == 0)).collect()
}

/// Draws the time axis and the grid lines under the rows; no label where something else stands on the ruler.
pub(in crate::timeline) fn paint_ruler(pen: &Pen<'_>, taken: &[Rangef]) {
    let (s, ruler) = (&pen.theme.surfaces, pen.areas.ruler);
    let painter = pen.painter.with_clip_rect(ruler.intersect(pen.painter.clip_rect()));
    let plot = pen.in_plot();
    let step = tick_step_ns(&pen.scale);
    for (at, labelled) in ticks(&pen.scale, pen.view.zero_ns) {
        let x = pen.painter.round_to_pixel_center(pen.scale.x_from_time(at));
        let height = if labelled { 8.0 } else { 4.0 };
        painter.vline(x, ruler.bottom() - height..=ruler.bottom(), Stroke::new(1.0, s.hairline));
        if labelled {
            plot.vline(x, pen.areas.plot.y_range(), Stroke::new(1.0, s.grid));
            let text = number::time_at(at - pen.view.zero_ns, step);
            let galley = painter.layout_no_wrap(text, pen.theme.small(), s.weak);
            let to = pos2(x + 4.0, ruler.center().y - 1.0 - galley.size().y / 2.0);
            let own = Rangef::new(to.x, to.x + galley.size().x);
            let is_free = !taken.iter().any(|taken| taken.intersects(own));
            // Half a label is worse than none.
            if is_free && own.max <= ruler.right() && x >= ruler.left() {
                painter.galley(to, galley, s.weak);
            }
        }
    }
}
