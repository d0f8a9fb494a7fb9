//! What colours mean: from the plot's ground to the colour of what is shown.

use egui::{Color32, FontId, Rect, Ui, pos2, vec2};
use weftscope_traces::{Kind, Split};

use crate::{
    cluster::Measure,
    theme::{Theme, number},
};

/// The colour of the upper end.
fn most_colour(theme: &Theme, measure: Measure) -> Color32 {
    match measure {
        Measure::Exposed | Measure::Waiting => theme.kind(Kind::Comm, Split::Whole),
        Measure::Compute => theme.kind(Kind::Gemm, Split::Whole),
        Measure::Idle => theme.surfaces.text,
        Measure::Slower => theme.surfaces.error,
    }
}

/// Shares by which the ends of a scale differ at least: what differs less is no difference to be looked for.
const LEAST: f64 = 0.02;

/// From where to where colours go: from 0 where values begin near it, and not to what few cells have where that is far from all others,
/// which would then look alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scale {
    from: f64,
    to: f64,
    /// The smallest and the largest value, where they lie outside.
    outside: [Option<f64>; 2],
}

impl Scale {
    /// For values of a range, nearly all of which lie in the second.
    pub(super) fn of((least, most): (f64, f64), usual: (f64, f64)) -> Self {
        // Once more as far as nearly all of them reach.
        let far = (usual.1 - usual.0).max(LEAST);
        let from = if least < usual.0 - far { usual.0 } else { least };
        let to = if most > usual.1 + far { usual.1 } else { most };
        let from = if from < to * 0.5 { 0.0 } else { from };
        let outside = [(least < from).then_some(least), (most > to).then_some(most)];
        Self { from, to: to.max(from + LEAST), outside }
    }

    /// Where a value is in it, 0 to 1.
    fn share(self, value: f64) -> f64 {
        (value - self.from) / (self.to - self.from)
    }

    /// The colour of a value.
    pub(super) fn colour(self, theme: &Theme, measure: Measure, value: f64) -> Color32 {
        colour(theme, measure, self.share(value))
    }
}

/// The colours of both ends of a scale. What is known and 0 differs from what is not known.
pub(super) fn ends(theme: &Theme, measure: Measure) -> [Color32; 2] {
    [theme.surfaces.raised, most_colour(theme, measure)]
}

/// The colour of a share of the scale.
fn colour(theme: &Theme, measure: Measure, share: f64) -> Color32 {
    let [least, most] = ends(theme, measure);
    Theme::mix(least, most, share.clamp(0.0, 1.0) as f32)
}

/// The scale in a row: its colours, and what its ends are.
pub(super) fn scale_ui(ui: &Ui, theme: &Theme, (measure, scale): (Measure, Scale), room: Rect) {
    let bar = Rect::from_min_size(pos2(room.left(), room.center().y - 4.0), vec2(120.0, 8.0));
    let painter = ui.painter();
    let steps = 60;
    for step in 0..steps {
        let share = (f64::from(step) + 0.5) / f64::from(steps);
        let left = bar.left() + bar.width() * step as f32 / steps as f32;
        let rect =
            Rect::from_min_size(pos2(left, bar.top()), vec2(bar.width() / steps as f32 + 0.5, 8.0));
        painter.rect_filled(rect, 0.0, colour(theme, measure, share));
    }
    let mut ends = format!("{} to {}", number::percent(scale.from), number::percent(scale.to));
    for (value, towards) in scale.outside.into_iter().zip(["down", "up"]) {
        if let Some(value) = value {
            ends = format!("{ends} (in few cells {towards} to {})", number::percent(value));
        }
    }
    let what = match measure {
        Measure::Slower => format!("{ends} longer than the median rank"),
        _ => format!("{ends} of the time"),
    };
    let text = format!("{}: {what}", measure.name());
    let font: FontId = theme.small();
    let at = pos2(bar.right() + 8.0, room.center().y);
    painter.text(at, egui::Align2::LEFT_CENTER, text, font, theme.surfaces.weak);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_begins_at_0_unless_all_is_far_from_it() {
        let whole = |from: f64, to: f64| Scale { from, to, outside: [None; 2] };
        let of = |range: (f64, f64)| Scale::of(range, range);
        assert_eq!(of((0.1, 0.5)), whole(0.0, 0.5));
        assert_eq!(of((0.4, 0.5)), whole(0.4, 0.5));
        // What hardly differs is drawn as that.
        let scale = of((0.500, 0.503));
        assert!(scale.share(0.503) < 0.2, "{scale:?}");
        assert_eq!(of((0.0, 0.0)), whole(0.0, LEAST));
    }

    #[test]
    fn few_cells_far_from_the_others_do_not_make_them_look_alike() {
        let up = |from: f64, to: f64, most: f64| Scale { from, to, outside: [None, Some(most)] };
        let scale = Scale::of((0.0, 0.8), (0.0, 0.1));
        assert_eq!(scale, up(0.0, 0.1, 0.8));
        assert!((scale.share(0.05) - 0.5).abs() < 1e-9);
        // Near them they are part of the scale.
        assert_eq!(Scale::of((0.0, 0.14), (0.0, 0.1)).outside, [None; 2]);
        // Of nothing but what a few have, what hardly differs stays pale.
        assert_eq!(Scale::of((0.0, 0.8), (0.0, 0.0)), up(0.0, LEAST, 0.8));
        let down = Scale::of((0.40, 0.505), (0.48, 0.503));
        assert_eq!(down, Scale { from: 0.48, to: 0.505, outside: [Some(0.40), None] });
    }
}
