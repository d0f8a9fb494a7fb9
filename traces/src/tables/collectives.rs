//! Collectives of all ranks: who came when, who waits, how the clocks stand.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::table::{Answered, Maker, Table};
use crate::analysis::{CollectiveArrival, RankClock, RankSkew, SkewReport};

pub(super) const COLLECTIVES: Table = Table {
    name: "collectives",
    about: "collectives that several ranks share, in order of time: one row a rank that takes part",
    maker: Maker::Report(collectives),
};

pub(super) const ARRIVALS: Table = Table {
    name: "arrivals",
    about: "how late each rank comes to the collectives",
    maker: Maker::Report(arrivals),
};

pub(super) const CLOCKS: Table = Table {
    name: "clocks",
    about: "how each rank's clock stands to that of the first recording, by the ends of collectives",
    maker: Maker::Report(clocks),
};

/// Of all recordings together: each has the same.
fn skew<'a>(all: &'a [Answered<'a>]) -> impl Iterator<Item = &'a SkewReport> {
    all.first().into_iter().map(|of| &of.answers.skew)
}

/// A rank's part: number of the collective, the collective, rank and lateness.
type Part<'a> = (usize, &'a CollectiveArrival, (u32, i64));

fn collectives(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<Part<'_>>> = vec![
        int("collective", "its number, in order of time", |row: &Part<'_>| Some(row.0 as i64)),
        text("name", "its name on its first rank", |row: &Part<'_>| {
            Some(Cow::Borrowed(&row.1.name))
        }),
        int(
            "first_ns",
            "when the first rank arrived, since the first recording's base time",
            |row: &Part<'_>| Some(row.1.first_ns),
        ),
        int("spread_ns", "from the first rank's arrival to the last's", |row: &Part<'_>| {
            Some(row.1.spread_ns)
        }),
        int("rank", "the rank", |row: &Part<'_>| Some(i64::from(row.2.0))),
        int("late_ns", "how long after the first it arrived", |row: &Part<'_>| Some(row.2.1)),
    ];
    let parts = skew(all).flat_map(|skew| {
        let numbered = skew.collectives.iter().enumerate();
        numbered.flat_map(|(number, it)| it.late_ns.iter().map(move |&late| (number, it, late)))
    });
    emit(&columns, parts, sink)
}

fn arrivals(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<&RankSkew>> = vec![
        int("rank", "the rank", |row: &&RankSkew| Some(i64::from(row.rank))),
        int("collectives", "collectives that it shares with others", |row: &&RankSkew| {
            Some(row.collectives as i64)
        }),
        float(
            "mean_late_ns",
            "mean time after the first arrival; empty without collectives",
            |row: &&RankSkew| (row.collectives > 0).then_some(row.mean_late_ns),
        ),
        int("max_late_ns", "the longest; empty without collectives", |row: &&RankSkew| {
            (row.collectives > 0).then_some(row.max_late_ns)
        }),
        int("times_last", "at how many it was the last and others waited", |row: &&RankSkew| {
            Some(row.times_last as i64)
        }),
        int(
            "waited_ns",
            "time that it waited for later ranks; empty without collectives",
            |row: &&RankSkew| (row.collectives > 0).then_some(row.waited_ns),
        ),
    ];
    emit(&columns, skew(all).flat_map(|skew| &skew.ranks), sink)
}

fn clocks(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<&RankClock>> = vec![
        int("recording", "which of those given, from 0", |row: &&RankClock| Some(row.trace as i64)),
        int("rank", "the rank", |row: &&RankClock| Some(i64::from(row.rank))),
        int(
            "offset_ns",
            "what was taken off its times before waiting was told",
            |row: &&RankClock| Some(row.offset_ns),
        ),
        float("drift_ns_per_s", "by how much that grows a second", |row: &&RankClock| {
            Some(row.drift_ns_per_s)
        }),
        int("readings", "collectives whose ends were compared", |row: &&RankClock| {
            Some(row.readings as i64)
        }),
        int(
            "residual_p99_ns",
            "the distance that 99 of 100 ends kept after that",
            |row: &&RankClock| Some(row.residual_p99_ns),
        ),
        int("is_untold", "1: without the ends it would be a guess; else 0", |row: &&RankClock| {
            Some(i64::from(row.is_untold))
        }),
    ];
    emit(&columns, skew(all).flat_map(|skew| &skew.clocks), sink)
}
