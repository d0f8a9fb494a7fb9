//! How fast collectives move their bytes.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::ranks::{Row, file, rows};
use super::table::{Answered, Maker, Table};
use crate::analysis::BandwidthRow;

pub(super) const BANDWIDTH: Table = Table {
    name: "bandwidth",
    about: "algorithm and bus bandwidth of collectives, as nccl-tests defines them: one operation and one size a row",
    maker: Maker::Report(bandwidth),
};

type OfRow<'a> = Row<'a, &'a BandwidthRow>;

fn bandwidth(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<OfRow<'_>>> = vec![
        file(),
        text("operation", "what it does: all_reduce, all_gather …", |row: &OfRow<'_>| {
            Some(Cow::Borrowed(row.it.operation.as_str()))
        }),
        int("ranks", "ranks that take part; empty where not known", |row: &OfRow<'_>| {
            row.it.ranks.map(|ranks| ranks as i64)
        }),
        float("bytes", "bytes of a rank's whole buffer; empty where not known", |row| row.it.bytes),
        float("bus_bytes", "bytes over a link in one direction", |row: &OfRow<'_>| {
            Some(row.it.bus_bytes)
        }),
        int("count", "how many", |row: &OfRow<'_>| Some(row.it.count as i64)),
        int("total_ns", "sum of their durations", |row: &OfRow<'_>| Some(row.it.total_ns)),
        int("median_ns", "median duration, waiting included", |row: &OfRow<'_>| {
            Some(row.it.median_ns)
        }),
        float(
            "alg_bytes_per_s",
            "size over the median duration; empty where the size is not known",
            |row: &OfRow<'_>| row.it.alg_per_s,
        ),
        float("bus_bytes_per_s", "bytes over the link over the median duration", |row| {
            Some(row.it.bus_per_s)
        }),
        float("best_bus_bytes_per_s", "the same of the shortest", |row: &OfRow<'_>| {
            Some(row.it.best_bus_per_s)
        }),
        float(
            "arrived_bus_bytes_per_s",
            "the same of the median time after the last rank had arrived; empty where not known",
            |row: &OfRow<'_>| row.it.arrived_bus_per_s,
        ),
    ];
    emit(&columns, rows(all, |of| &of.answers.bandwidth.rows), sink)
}
