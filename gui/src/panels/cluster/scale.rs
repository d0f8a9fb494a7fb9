//! What colours mean: from the plot's ground to the colour of what is shown.

use egui::{Color32, FontId, Rect, Ui, pos2, vec2};
use weftscope_traces::{Kind, Split};

use crate::{
    cluster::Measure,
    theme::{Theme, number},
};

/// The colour of the largest value.
fn most_colour(theme: &Theme, measure: Measure) -> Color32 {
    match measure {
        Measure::Exposed | Measure::Waiting => theme.kind(Kind::Comm, Split::Whole),
        Measure::Compute => theme.kind(Kind::Gemm, Split::Whole),
        Measure::Idle => theme.surfaces.text,
        Measure::Slower => theme.surfaces.error,
    }
}

/// The colour of a share of the largest value.
pub(super) fn colour(theme: &Theme, measure: Measure, share: f64) -> Color32 {
    // What is known and 0 differs from what is not known.
    let ground = theme.surfaces.raised;
    Theme::mix(ground, most_colour(theme, measure), share.clamp(0.0, 1.0) as f32)
}

/// The scale in a row: 0, the colours, the largest value.
pub(super) fn scale_ui(ui: &Ui, theme: &Theme, (measure, most): (Measure, f64), room: Rect) {
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
    let what = match measure {
        Measure::Slower => format!("0 to {} longer than the median rank", number::percent(most)),
        _ => format!("0 to {} of the time", number::percent(most)),
    };
    let text = format!("{}: {what}", measure.name());
    let font: FontId = theme.small();
    let at = pos2(bar.right() + 8.0, room.center().y);
    painter.text(at, egui::Align2::LEFT_CENTER, text, font, theme.surfaces.weak);
}
