use egui::{Align2, Rect, Stroke, pos2, vec2};

use super::{Pen, text::elided};
use crate::{theme::number, timeline::Mark};

/// Points left and right of a name.
const MARGIN: f32 = 4.0;
/// The least of a flag that is seen beside another.
const LEAST: f32 = 8.0;
/// The most of a name that is shown.
const MOST: f32 = 160.0;

/// Where the flag of a mark stands on the ruler.
pub(in crate::timeline) struct Flag {
    /// Place of its mark in the list.
    pub(in crate::timeline) at: usize,
    pub(in crate::timeline) rect: Rect,
    text: String,
}

/// The flags on the screen, left to right; one ends where the next begins. Where there is room they say how long after the
/// one before they stand.
pub(in crate::timeline) fn flags(pen: &Pen<'_>) -> Vec<Flag> {
    let ruler = pen.areas.ruler;
    let x = |mark: &Mark| pen.scale.x_from_time(mark.span.start_ns);
    let marks = pen.view.marks.list();
    let on_screen = |(_, mark): &(usize, &Mark)| ruler.x_range().contains(x(mark));
    let shown: Vec<(usize, &Mark)> = marks.iter().enumerate().filter(on_screen).collect();
    let ends = shown.iter().skip(1).map(|(_, mark)| x(mark) - 1.0).chain([ruler.right()]);
    let flag = |(&(at, mark), end): (&(usize, &Mark), f32)| {
        let room = end - x(mark);
        let name = mark.name.clone();
        let before = at.checked_sub(1).map(|at| marks[at].span.start_ns);
        let after = before.map(|ns| number::duration_ns(mark.span.start_ns - ns));
        let long = after.map(|after| format!("{name}   +{after}"));
        let wide = long.map(|long| (width(pen, &long), long)).filter(|(width, _)| *width <= room);
        let (width, text) = wide.unwrap_or_else(|| (width(pen, &name).min(MOST), name));
        let size = vec2(width.min(room).max(LEAST), 15.0);
        Flag { at, rect: Rect::from_min_size(pos2(x(mark), ruler.top() + 1.0), size), text }
    };
    shown.iter().zip(ends).map(flag).collect()
}

fn width(pen: &Pen<'_>, text: &str) -> f32 {
    let ink = pen.theme.surfaces.strong;
    let galley = pen.painter.layout_no_wrap(text.to_owned(), pen.theme.small(), ink);
    galley.size().x + 2.0 * MARGIN
}

/// Draws what is marked: stretches shaded, a pole at each start, its flag on the ruler.
pub(in crate::timeline) fn paint_flags(pen: &Pen<'_>, flags: &[Flag]) {
    let s = &pen.theme.surfaces;
    let clip = pen.areas.ruler.intersect(pen.painter.clip_rect());
    let painter = pen.painter.with_clip_rect(clip);
    for flag in flags {
        let is_current = pen.view.marks.current() == Some(flag.at);
        let fill = if is_current { s.accent_fill } else { s.control };
        painter.rect_filled(flag.rect, 2.0, fill);
        let pole = pen.painter.round_to_pixel_center(flag.rect.left());
        painter.vline(pole, pen.areas.ruler.y_range(), Stroke::new(1.0, s.accent));
        if flag.rect.width() > LEAST {
            let from = pos2(flag.rect.left() + MARGIN, flag.rect.center().y);
            let room = flag.rect.width() - 2.0 * MARGIN + 1.0;
            let text = elided(pen, &painter, &flag.text, room);
            painter.text(from, Align2::LEFT_CENTER, text, pen.theme.small(), s.strong);
        }
    }
}
