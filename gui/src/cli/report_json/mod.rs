//! The report for programs: one line of JSON. Durations are in µs with all their digits (a nanosecond is 0.001), null
//! where they are not known.

mod phases;
mod statistics;
mod waves;
mod why;

use std::{
    borrow::Cow,
    io::{self, Write},
};

use serde::Serialize;
use weftscope_traces::{
    ClockAgreement, Diagnostics, ExpectedError, RankProvenance, Slowdown,
    analysis::{AllLayers, RankClock, RankOverlap, Verdict, WaitMethod},
};

use self::{phases::Phases, statistics::Short, waves::Waves, why::Why};
use super::reported::Reported;

#[derive(Serialize)]
struct Report<'a> {
    traces: Vec<Entry<'a>>,
    /// Several of them as one; of one there is nothing more to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    together: Option<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    file: String,
    /// `measured`, `modelled`, `unknown` or `mixed`.
    provenance: &'static str,
    /// Recorder or simulator; empty when not known.
    source: Cow<'a, str>,
    /// Rank by rank, where ranks differ in it.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    rank_provenance: &'a [RankProvenance],
    /// What the numbers must not be taken for.
    caveats: Vec<&'a str>,
    /// How far predicted times are to be expected from measured ones; null for times that are not predicted, and where it is
    /// not known.
    expected_error: Option<&'a ExpectedError>,
    /// How much longer the run took for being recorded, and how that was measured; null when nobody compared.
    recording_overhead: Option<&'a Slowdown>,
    /// How well the clocks agree, a rank.
    clocks: &'a [ClockAgreement],
    /// Median iteration.
    iteration_us: f64,
    /// An iteration of all layers of the model, extrapolated; null where all ran.
    all_layers: Option<Extrapolated>,
    /// What limits the run, in a sentence and in details.
    verdict: &'a Verdict,
    ranks: Vec<Rank>,
    /// Where every nanosecond goes, and why.
    why: Why<'a>,
    /// Phases of the weave.
    phases: Phases<'a>,
    /// How the GEMMs fill the GPU.
    waves: Waves<'a>,
    /// Kernels, exposed communication, gaps.
    statistics: Short<'a>,
    diagnostics: Diagnostics,
}

#[derive(Serialize)]
struct Extrapolated {
    run: u32,
    of: u32,
    layer_us: f64,
    iteration_us: f64,
}

#[derive(Serialize)]
struct Clock {
    /// What was taken off its times before waiting was told.
    offset_us: f64,
    drift_us_per_s: f64,
    /// Collectives compared, and the distance that 99 % of their ends kept.
    readings: usize,
    residual_p99_us: f64,
    /// Without the ends it would be a guess.
    is_untold: bool,
}

#[derive(Serialize)]
struct Rank {
    rank: u32,
    /// Times are null of a rank of which no kernel is known.
    span_us: Option<f64>,
    compute_us: Option<f64>,
    comm_us: Option<f64>,
    overlap_us: Option<f64>,
    exposed_comm_us: Option<f64>,
    exposed_memcpy_us: Option<f64>,
    idle_us: Option<f64>,
    wait_us: Option<f64>,
    /// How waiting was told from transfer.
    wait_method: WaitMethod,
    /// Communication ops of which waiting is not known: no other rank has the same collective.
    unmatched: usize,
    /// How the rank's clock stands to that of the first trace, by the ends of collectives; null where none were compared.
    clock: Option<Clock>,
    /// Null without communication.
    overlap_pct: Option<f64>,
}

/// One line of JSON: each file's, and where there are several all as `together`.
pub(super) fn write(
    reports: &[Reported],
    together: Option<&Reported>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let traces = reports.iter().map(Entry::of).collect();
    serde_json::to_writer(&mut *out, &Report { traces, together: together.map(Entry::of) })?;
    writeln!(out)
}

impl<'a> Entry<'a> {
    fn of(report: &'a Reported) -> Self {
        Self {
            file: report.file_names(),
            provenance: report.trace.meta.provenance.name(),
            source: report.trace.meta.provenance.source(),
            rank_provenance: report.trace.meta.provenance.ranks(),
            caveats: report.trace.meta.caveats().collect(),
            expected_error: report.trace.meta.doubt().and_then(|doubt| doubt.0),
            recording_overhead: report.trace.meta.overhead.slowdown.as_ref(),
            clocks: &report.trace.meta.clocks,
            iteration_us: us(report.answers.iteration_lengths.median_ns),
            all_layers: report.answers.all_layers.map(extrapolated),
            verdict: &report.verdict,
            ranks: ranks(report),
            why: Why::of(report),
            phases: Phases::of(&report.answers.phases),
            waves: Waves::of(&report.answers.waves),
            statistics: Short::of(&report.statistics),
            diagnostics: report.diagnostics(),
        }
    }
}

fn extrapolated(all: AllLayers) -> Extrapolated {
    let AllLayers { run, of, layer_ns, iteration_ns } = all;
    Extrapolated { run, of, layer_us: us(layer_ns), iteration_us: us(iteration_ns) }
}

fn ranks(report: &Reported) -> Vec<Rank> {
    let clocks = &report.answers.skew.clocks;
    let of = |rank: u32| {
        clocks.iter().find(|one| one.trace == report.index && one.rank == rank).map(clock)
    };
    report.answers.overlap.ranks.iter().map(|one| rank(one, of(one.rank))).collect()
}

fn clock(clock: &RankClock) -> Clock {
    Clock {
        offset_us: us(clock.offset_ns),
        drift_us_per_s: clock.drift_ns_per_s / 1e3,
        readings: clock.readings,
        residual_p99_us: us(clock.residual_p99_ns),
        is_untold: clock.is_untold,
    }
}

fn rank(overlap: &RankOverlap, clock: Option<Clock>) -> Rank {
    let total = &overlap.total;
    let of_some = |ns| (total.span_ns > 0).then(|| us(ns));
    Rank {
        rank: overlap.rank,
        span_us: of_some(total.span_ns),
        compute_us: of_some(total.compute_ns),
        comm_us: of_some(total.comm_ns),
        overlap_us: of_some(total.overlap_ns),
        exposed_comm_us: of_some(total.exposed_comm_ns),
        exposed_memcpy_us: of_some(total.exposed_memcpy_ns),
        idle_us: of_some(total.idle_ns),
        wait_us: total.wait_ns.and_then(of_some),
        wait_method: overlap.wait_method,
        unmatched: overlap.unmatched,
        clock,
        overlap_pct: total.overlap_pct,
    }
}

fn us(ns: i64) -> f64 {
    ns as f64 / 1e3
}
