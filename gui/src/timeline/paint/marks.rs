use egui::{Color32, Painter, Rangef, Rect, Stroke};
use weftscope_traces::Phase;

use super::{Pen, text::name_in};
use crate::{
    theme::{Theme, number},
    timeline::{PhaseMark, areas::MARK_ROW},
};

/// Draws iterations, layers and phases over all ranks.
pub(in crate::timeline) fn paint_marks(pen: &Pen<'_>) {
    let area = pen.areas.marks.intersect(pen.painter.clip_rect());
    let painter = pen.painter.with_clip_rect(area);
    for lane in [0, 1] {
        spans(pen, &painter, lane);
    }
    for mark in &pen.data.phases {
        if mark.span.overlaps(pen.scale.window()) {
            phase(pen, &painter, mark);
        }
    }
}

/// Plain bands with their names: iterations, layers.
fn spans(pen: &Pen<'_>, painter: &Painter, lane: usize) {
    let Some(row) = pen.areas.mark_row(lane) else { return };
    let slices = &pen.data.trace.lane(pen.data.mark_lanes()[lane]).slices;
    let s = &pen.theme.surfaces;
    for index in slices.range(pen.scale.window()) {
        let rect = pen.rect(slices.span(index), Rangef::new(row.top(), row.bottom()));
        let rect =
            Rect::from_min_max(rect.min + egui::vec2(0.0, 1.0), rect.max - egui::vec2(1.0, 1.0));
        if rect.width() < 2.0 {
            continue;
        }
        painter.rect_filled(rect, 0.0, if lane == 0 { s.control } else { s.raised });
        let name = &pen.data.trace.label(slices.label[index]).name;
        let mark_ns = slices.span(index).len_ns();
        let iteration_ns = || pen.data.iteration_ns(index).unwrap_or(mark_ns);
        let length = number::duration_ns(if lane == 0 { iteration_ns() } else { mark_ns });
        name_in(pen, painter, rect, &[&format!("{name}   {length}"), name], s.text);
    }
}

/// A band for the phase, and under it the bracket: open to the right while there is slack, filled where
/// communication sticks out.
fn phase(pen: &Pen<'_>, painter: &Painter, mark: &PhaseMark) {
    let Some(row) = pen.areas.mark_row(2) else { return };
    let s = &pen.theme.surfaces;
    let band = pen.rect(mark.span, Rangef::new(row.top() + 1.0, row.top() + MARK_ROW - 1.0));
    let band = Rect::from_min_max(band.min, band.max - egui::vec2(1.0, 0.0));
    if band.width() < 2.0 {
        return;
    }
    painter.rect_filled(band, 0.0, shade(pen.theme, mark.phase));
    name_in(pen, painter, band, &[&mark.text(), mark.phase.name()], s.strong);
    let y = Rangef::new(row.top() + MARK_ROW + 1.0, row.bottom() - 2.0);
    let Some(slack) = mark.slack.filter(|slack| slack.ns() != 0) else { return };
    let rect = pen.rect(slack.span(), y);
    if slack.ns() > 0 {
        bracket(painter, rect, s.accent);
    } else {
        painter.rect_filled(rect, 0.0, s.error);
    }
}

/// `⊏`: closed where communication ended, open where computation goes on.
pub(in crate::timeline) fn bracket(painter: &Painter, rect: Rect, colour: Color32) {
    let stroke = Stroke::new(1.0, colour);
    let y = painter.round_to_pixel_center(rect.center().y);
    painter.vline(painter.round_to_pixel_center(rect.left()), rect.y_range(), stroke);
    painter.hline(rect.x_range(), y, stroke);
}

/// Four greys of the phases, alternating so that neighbours differ; kinds keep the colours to themselves.
fn shade(theme: &Theme, phase: Phase) -> Color32 {
    let share = match phase {
        Phase::A | Phase::C => 0.25,
        Phase::B | Phase::D => 0.4,
        Phase::Head | Phase::Tail | Phase::None => 0.1,
    };
    Theme::mix(theme.surfaces.plot, theme.surfaces.weak, share)
}
