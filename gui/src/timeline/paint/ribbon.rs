use egui::{Color32, Rangef, Rect, pos2};
use weftscope_traces::{
    Kind, Span, Split,
    lod::{Band, Ribbon, RibbonColumn},
};

use super::{Pen, meshes::Meshes};
use crate::{
    theme::Theme,
    timeline::{Row, RowKind},
};

/// Kinds from the bottom of the stack to its top: what computes first, then what moves data, then waiting.
const STACK: [Kind; 9] = [
    Kind::Gemm,
    Kind::Attention,
    Kind::Norm,
    Kind::Elementwise,
    Kind::Other,
    Kind::Fused,
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

/// Adds the ribbons of the ranks on the screen.
pub(super) fn add_ribbons(pen: &Pen<'_>, meshes: &mut Meshes) {
    for row in pen.rows() {
        if let RowKind::Rank(index) = row.kind {
            add_one(pen, row, index, meshes);
        }
    }
}

/// The parts of a ribbon's stack in `rect`, a column a point, with what each is.
pub(crate) fn ribbon_parts(
    ribbon: &Ribbon,
    window: Span,
    rect: Rect,
    mut add: impl FnMut(Rect, Band),
) {
    let columns = columns(ribbon, window, rect.width());
    let width = rect.width() / columns.len().max(1) as f32;
    let mut first = 0;
    for run in columns.chunk_by(|a, b| is_level(&a.share, &b.share)) {
        let left = rect.left() + width * first as f32;
        first += run.len();
        let x = Rangef::new(left, rect.left() + width * first as f32);
        stack_parts(&run[0], ribbon, rect.y_range(), |y, band| {
            add(Rect::from_x_y_ranges(x, y), band);
        });
    }
}

/// The parts of a column from the bottom up, those that are there.
fn stack_parts(
    column: &RibbonColumn,
    ribbon: &Ribbon,
    stack: Rangef,
    mut add: impl FnMut(Rangef, Band),
) {
    let full = ribbon.basis().full_scale();
    let mut base = stack.max;
    for band in bands() {
        let height = column.share[band.index()] / full * stack.span();
        if height > 0.0 {
            add(Rangef::new(base - height, base), band);
            base -= height;
        }
    }
}

fn add_one(pen: &Pen<'_>, row: &Row, index: usize, meshes: &mut Meshes) {
    let ribbon = &pen.data.ribbons[index];
    let plot = pen.areas.plot;
    let columns = columns(ribbon, pen.scale.window(), plot.width() * meshes.pixels_per_point);
    let (stack, strip) = parts(pen.row_y(row));
    let busiest = pen.data.comm_shares[index];
    let dim = if pen.emphasis.is_active() { 0.45 } else { 1.0 };
    let colour = |band: Band, strength: f32| {
        let under = pen.theme.surfaces.plot;
        Theme::mix(under, pen.theme.kind(band.kind, band.split), strength * dim)
    };
    let width = plot.width() / columns.len().max(1) as f32;
    let mut first = 0;
    for run in columns.chunk_by(|a, b| is_level(&a.share, &b.share)) {
        let column = &run[0];
        let left = plot.left() + width * first as f32;
        first += run.len();
        let right = plot.left() + width * first as f32;
        let mut add = |y: Rangef, band: Band, colour: Color32| {
            let rect = Rect::from_min_max(pos2(left, y.min), pos2(right, y.max));
            meshes.add(rect, band.kind, colour);
        };
        stack_parts(column, ribbon, stack, |y, band| add(y, band, colour(band, 1.0)));
        if let Some((band, share)) = comm_of(column) {
            let strength = (share / busiest).clamp(0.15, 1.0);
            add(strip, band, colour(band, strength));
        }
    }
}

/// Columns that look the same are one rectangle a band: while an op runs nothing changes for hundreds of pixels.
/// Neighbours may differ by a fiftieth of a point of the tallest ribbon: a slope, however gentle, that moves by more
/// than that a column stays one.
pub(super) fn is_level(a: &[f32; Band::COUNT], b: &[f32; Band::COUNT]) -> bool {
    const LIMIT: f32 = 1.0 / 4096.0;
    a.iter().zip(b).all(|(a, b)| (a - b).abs() <= LIMIT)
}

/// Bands in stacking order.
fn bands() -> impl Iterator<Item = Band> {
    STACK.into_iter().flat_map(|kind| SPLITS.into_iter().map(move |split| Band { kind, split }))
}

/// One column a device pixel, but never more than nanoseconds, nor more than a wide screen needs: eight ribbons of
/// 3840 columns would take as long as all the blocks.
fn columns(ribbon: &Ribbon, window: Span, pixels: f32) -> Vec<RibbonColumn> {
    const MOST: i64 = 1920;
    let num = (pixels.round().max(1.0) as i64).min(MOST).min(window.len_ns().max(1));
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

/// Heights between which shares are stacked.
pub(super) fn stack_y(row: Rangef) -> Rangef {
    parts(row).0
}
