use egui::{Color32, Mesh, Rangef, Rect, Shape, TextureId, pos2};
use weftscope_traces::{
    Kind, Span, Split,
    lod::{Band, Ribbon, RibbonColumn},
};

use super::{Pen, blocks::hatch_uv};
use crate::{
    theme::Theme,
    timeline::{Row, RowKind},
};

/// Kinds from the bottom of the stack to its top: what computes first, then what moves data, then waiting.
const STACK: [Kind; 8] = [
    Kind::Gemm,
    Kind::Attention,
    Kind::Norm,
    Kind::Elementwise,
    Kind::Other,
    Kind::Memcpy,
    Kind::Comm,
    Kind::Wait,
];
const SPLITS: [Split; 3] = [Split::Whole, Split::First, Split::Second];
/// Height of the strip under the stack that shows communication alone.
const STRIP: f32 = 8.0;

/// Where the two parts of a ribbon lie: the stack of shares, and under it a strip that is filled wherever
/// communication runs. A collective that holds 8 of 132 SMs is two points of the stack, but it must be seen
/// at once, and whether anything runs beside it is what stands above it.
fn parts(y: Rangef) -> (Rangef, Rangef) {
    let bottom = y.max - 2.0;
    let strip = Rangef::new(bottom - STRIP, bottom);
    (Rangef::new(y.min + 2.0, strip.min - 1.0), strip)
}

/// Draws the ribbons of the ranks on the screen: one mesh and one hatched mesh for all.
pub(in crate::timeline) fn paint_ribbons(pen: &Pen<'_>, hatching: TextureId) {
    let mut solid = Mesh::default();
    let mut hatched = Mesh::with_texture(hatching);
    for row in pen.rows() {
        if let RowKind::Rank(index) = row.kind {
            paint_one(pen, row, &pen.data.ribbons[index], (&mut solid, &mut hatched));
        }
    }
    let painter = pen.in_plot();
    painter.add(Shape::mesh(solid));
    painter.add(Shape::mesh(hatched));
}

fn paint_one(pen: &Pen<'_>, row: &Row, ribbon: &Ribbon, (solid, hatched): (&mut Mesh, &mut Mesh)) {
    let pixels_per_point = pen.painter.pixels_per_point();
    let plot = pen.areas.plot;
    let columns = columns(ribbon, pen.scale.window(), plot.width() * pixels_per_point);
    let (stack, strip) = parts(pen.row_y(row));
    let full = ribbon.basis().full_scale();
    let busiest = busiest_comm(ribbon, pen.data.span);
    let dim = if pen.emphasis.is_active() { 0.45 } else { 1.0 };
    let colour = |band: Band, strength: f32| {
        let under = pen.theme.surfaces.plot;
        Theme::mix(under, pen.theme.kind(band.kind, band.split), strength * dim)
    };
    let width = plot.width() / columns.len().max(1) as f32;
    for (index, column) in columns.iter().enumerate() {
        let left = plot.left() + width * index as f32;
        let mut add = |y: Rangef, band: Band, colour: Color32| {
            let rect = Rect::from_min_max(pos2(left, y.min), pos2(left + width, y.max));
            if band.kind == Kind::Wait {
                hatched.add_rect_with_uv(rect, hatch_uv(rect, pixels_per_point), colour);
            } else {
                solid.add_colored_rect(rect, colour);
            }
        };
        let mut base = stack.max;
        for band in bands() {
            let height = column.share[band.index()] / full * stack.span();
            if height > 0.0 {
                add(Rangef::new(base - height, base), band, colour(band, 1.0));
                base -= height;
            }
        }
        if let Some((band, share)) = comm_of(column) {
            let strength = (share / busiest).clamp(0.15, 1.0);
            add(strip, band, colour(band, strength));
        }
    }
}

/// Bands in stacking order.
fn bands() -> impl Iterator<Item = Band> {
    STACK.into_iter().flat_map(|kind| SPLITS.into_iter().map(move |split| Band { kind, split }))
}

/// One column a device pixel, but never more than nanoseconds.
fn columns(ribbon: &Ribbon, window: Span, pixels: f32) -> Vec<RibbonColumn> {
    let num = (pixels.round().max(1.0) as i64).min(window.len_ns().max(1));
    ribbon.query(window, num as usize)
}

/// The larger of communication and waiting in a column, and the share of both.
fn comm_of(column: &RibbonColumn) -> Option<(Band, f32)> {
    let (comm, wait) = (column.kind(Kind::Comm), column.kind(Kind::Wait));
    let kind = if wait > comm { Kind::Wait } else { Kind::Comm };
    let split = SPLITS
        .into_iter()
        .max_by(|&a, &b| column.band(kind, a).total_cmp(&column.band(kind, b)))
        .unwrap_or_default();
    (comm + wait > 0.0).then_some((Band { kind, split }, comm + wait))
}

/// The share that communication holds when it runs: what the strip shows as full.
fn busiest_comm(ribbon: &Ribbon, span: Span) -> f32 {
    const SAMPLES: usize = 512;
    let mut shares: Vec<f32> = ribbon
        .query(span, SAMPLES)
        .iter()
        .map(|column| column.kind(Kind::Comm) + column.kind(Kind::Wait))
        .filter(|&share| share > 0.0)
        .collect();
    shares.sort_by(f32::total_cmp);
    // The median of the columns that communicate, not the peak: one odd column must not pale all others.
    shares.get(shares.len() / 2).copied().unwrap_or(1.0).max(1e-6)
}

/// Heights between which shares are stacked.
pub(super) fn stack_y(row: Rangef) -> Rangef {
    parts(row).0
}
