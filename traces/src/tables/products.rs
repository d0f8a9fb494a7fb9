//! Products of matrices against what the GPU can do at best.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::ranks::{Row, file, rows};
use super::table::{Answered, Maker, Table};
use crate::analysis::{Bound, ProductRow};

pub(super) const PRODUCTS: Table = Table {
    name: "products",
    about: "products of matrices whose shapes are known, one shape a row, against the data sheet of the GPU",
    maker: Maker::Report(products),
};

type OfRow<'a> = Row<'a, &'a ProductRow>;

fn products(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfRow<'_>>> = vec![
        file(),
        text("name", "the operator that launched it, or the plan's op", |row: &OfRow<'_>| {
            Some(Cow::Borrowed(row.it.name.as_str()))
        }),
        text(
            "shape",
            "rows × columns × what is summed over, batches before",
            |row: &OfRow<'_>| Some(Cow::Borrowed(row.it.shape.as_str())),
        ),
        text("dtype", "type of the elements; empty where not known", |row: &OfRow<'_>| {
            Some(row.it.dtype.as_str()).filter(|dtype| !dtype.is_empty()).map(Cow::Borrowed)
        }),
        int("count", "how many", |row: &OfRow<'_>| Some(row.it.count as i64)),
        int("total_ns", "sum of their durations", |row: &OfRow<'_>| Some(row.it.total_ns)),
        int("median_ns", "median duration", |row: &OfRow<'_>| Some(row.it.median_ns)),
        float("flops", "floating-point operations of one", |row: &OfRow<'_>| Some(row.it.flops)),
        float(
            "bytes",
            "bytes of one, inputs read and output written once; empty where the type is not known",
            |row: &OfRow<'_>| row.it.bytes,
        ),
        float("flops_per_s", "rate of the median", |row: &OfRow<'_>| Some(row.it.flops_per_s)),
        float(
            "roofline_ns",
            "the shortest time by the GPU's data sheet; empty where GPU or type are not known",
            |row: &OfRow<'_>| row.it.roofline_ns,
        ),
        text("bound", "what that time is for: compute or memory; else empty", |row: &OfRow<'_>| {
            row.it.bound.map(Bound::name).map(Cow::Borrowed)
        }),
    ];
    emit(&columns, rows(all, |of| &of.answers.products.rows), sink)
}
