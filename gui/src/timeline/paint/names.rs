use egui::{Rangef, Rect, Stroke};
use weftscope_traces::{Kind, LaneId, Span, classify::own_name, lod::LodItem};

use super::{Pen, text::name_in};
use crate::{
    theme::number,
    timeline::{Row, RowKind, prepare::DrawList},
};

/// Narrowest block that is tried for a name, in points.
const LEAST_WIDTH: f32 = 24.0;
/// Height of a tick at the foot of an op, and the points between ops one under another.
const TICK: f32 = 3.0;
const GAP: f32 = 2.0;
/// Lowest row that can carry a name.
const LEAST_HEIGHT: f32 = 11.0;
/// Names a frame; more would not be read and cost 5 µs each.
const MOST_NAMES: usize = 1500;

/// Writes names on the blocks that have room for them.
pub(in crate::timeline) fn paint_names(pen: &Pen<'_>, list: &DrawList) {
    let painter = pen.in_plot();
    let mut left = MOST_NAMES;
    for row in pen.rows() {
        let (track, is_op, foot) = match row.kind {
            RowKind::Stream(id) => (id, true, GAP + TICK),
            RowKind::Host(id) => (id, true, GAP),
            RowKind::Sm(id) => (id, false, GAP),
            _ => continue,
        };
        let lanes = &pen.data.trace.track(track).lanes;
        for (depth, &lane) in lanes.iter().enumerate() {
            let y = pen.lane_y(row, depth);
            if y.span() < LEAST_HEIGHT {
                continue;
            }
            for item in list.items(lane, pen.scale.window()) {
                let rect = pen.rect(item.span(), Rangef::new(y.min, y.max - foot));
                if item.is_fold() || rect.width() < LEAST_WIDTH || left == 0 {
                    continue;
                }
                left -= 1;
                name(pen, &painter, lane, item, rect, is_op);
            }
        }
    }
}

fn name(
    pen: &Pen<'_>,
    painter: &egui::Painter,
    lane: LaneId,
    item: &LodItem,
    rect: Rect,
    is_op: bool,
) {
    let label = pen.data.trace.lane(lane).slices.label[item.index as usize];
    let bright = pen.emphasis.on(pen.data, lane).is_bright(item);
    let fill = pen.fill(label);
    let label = pen.data.trace.label(label);
    let colour = if bright {
        // Hatching lets half of the background through, so its text is that of the surroundings.
        if item.kind == Kind::Wait { pen.theme.surfaces.strong } else { pen.theme.text_on(fill) }
    } else {
        pen.theme.surfaces.weak
    };
    let is_kernel = label.kind.is_compute() || label.kind.is_comm();
    // Most names are short and whole as they are; taking one apart costs a microsecond or two.
    let is_demangled = is_kernel && label.name.contains(['<', '(']);
    let own = if is_demangled { own_name(&label.name) } else { label.name.clone() };
    if is_op {
        let long = format!("{}   {}", label.name, number::duration_ns(item.end_ns - item.start_ns));
        name_in(pen, painter, rect, &[&long, &label.name, &own], colour);
    } else {
        name_in(pen, painter, rect, &[&label.name, &own], colour);
    }
}

/// Fine ticks at the foot of a GEMM's op span where one of its waves ends and the next begins.
pub(in crate::timeline) fn paint_wave_ticks(pen: &Pen<'_>, row: &Row, list: &DrawList) {
    let RowKind::Stream(track) = row.kind else { return };
    let track = pen.data.trace.track(track);
    let Some(rows) =
        track.kind.rank().and_then(|rank| pen.data.ranks.iter().find(|r| r.rank == rank))
    else {
        return;
    };
    let painter = pen.in_plot();
    let window = pen.scale.window();
    for (depth, &lane) in track.lanes.iter().enumerate() {
        let y = pen.lane_y(row, depth);
        for item in list.items(lane, window) {
            let rect = pen.rect(item.span(), y);
            // Under six points a wave, ticks would be a grey.
            if item.kind != Kind::Gemm || item.is_fold() || rect.width() < 24.0 {
                continue;
            }
            let ticks = wave_starts(pen, &rows.sms, lane, item);
            if ticks.len() as f32 * 6.0 > rect.width() {
                continue;
            }
            let ink = pen.theme.text_on(pen.theme.kind(item.kind, item.split)).gamma_multiply(0.55);
            for at in ticks {
                let x = painter.round_to_pixel_center(pen.scale.x_from_time(at));
                painter.vline(x, y.max - GAP - TICK..=y.max - GAP, Stroke::new(1.0, ink));
            }
        }
    }
}

/// Starts of the second and later blocks of an op on the slot that ran most of them: where waves really formed.
/// Looks at the first few SMs only.
fn wave_starts(
    pen: &Pen<'_>,
    sms: &[weftscope_traces::TrackId],
    lane: LaneId,
    item: &LodItem,
) -> Vec<i64> {
    const SMS_LOOKED_AT: usize = 8;
    let trace = &pen.data.trace;
    let label = trace.lane(lane).slices.label[item.index as usize];
    let mut best: Vec<i64> = Vec::new();
    let lanes = sms.iter().take(SMS_LOOKED_AT).flat_map(|&sm| &trace.track(sm).lanes);
    for &slot in lanes {
        let slices = &trace.lane(slot).slices;
        let starts: Vec<i64> = slices
            .range(Span::new(item.start_ns, item.end_ns))
            .filter(|&index| slices.label[index] == label)
            .map(|index| slices.start_ns[index])
            .collect();
        if starts.len() > best.len() {
            best = starts;
        }
    }
    best.into_iter().skip(1).collect()
}
