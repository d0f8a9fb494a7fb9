//! The weave: phases with their slack, GEMMs with their waves.

use std::borrow::Cow;

use super::column::{Of, Sink, emit, float, int, text};
use super::error::TableError;
use super::ranks::{HasDurations, Row, durations, file, rows};
use super::table::{Answered, Maker, Table};
use crate::Split;
use crate::analysis::{CutRow, DurationStats, GemmRow, PhaseFigures, PhaseInstance, PhaseSummary};

pub(super) const PHASES: Table = Table {
    name: "phases",
    about: "each phase of the weave over all its instances; medians are over those that are judged",
    maker: Maker::Report(phases),
};

pub(super) const PHASE_INSTANCES: Table = Table {
    name: "phase-instances",
    about: "every phase of every layer, rank and iteration",
    maker: Maker::Report(instances),
};

pub(super) const GEMMS: Table = Table {
    name: "gemms",
    about: "how each GEMM fills the GPU, and the rates that it reaches",
    maker: Maker::Report(gemms),
};

pub(super) const CUTS: Table = Table {
    name: "cuts",
    about: "what cutting each GEMM in two costs in waves",
    maker: Maker::Report(cuts),
};

/// A row about a phase.
trait OfPhase {
    fn figures(&self) -> &PhaseFigures;
}

type Phase<'a> = Row<'a, &'a PhaseSummary>;
type Instance<'a> = Row<'a, &'a PhaseInstance>;

impl OfPhase for Phase<'_> {
    fn figures(&self) -> &PhaseFigures {
        &self.it.sum
    }
}

impl OfPhase for Instance<'_> {
    fn figures(&self) -> &PhaseFigures {
        &self.it.figures
    }
}

fn figures<T: OfPhase>() -> Vec<Of<T>> {
    vec![
        int("compute_ns", "time with its computation", |row: &T| Some(row.figures().compute_ns)),
        int("comm_ns", "time with its communication", |row: &T| Some(row.figures().comm_ns)),
        int("hidden_ns", "of that with computation of the rank beside it", |row: &T| {
            Some(row.figures().hidden_ns)
        }),
        int("exposed_ns", "of that with none", |row: &T| Some(row.figures().exposed_ns)),
        int(
            "wait_ns",
            "of that before the last rank has arrived; empty where not known",
            |row: &T| row.figures().wait_ns,
        ),
        float(
            "compute_slowdown",
            "durations over isolated durations, of computation; empty where the latter are not known",
            |row: &T| row.figures().compute_slowdown,
        ),
        float("comm_slowdown", "the same of communication", |row: &T| row.figures().comm_slowdown),
    ]
}

fn phases(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<Phase<'_>>> = vec![
        file(),
        text("phase", "the phase", |row: &Phase<'_>| Some(row.it.phase.name().into())),
        int("count", "its instances", |row: &Phase<'_>| Some(row.it.count as i64)),
        int("judged", "of them with computation and communication, so with slack", |row| {
            Some(row.it.judged as i64)
        }),
        int("median_compute_ns", "median computation", |row: &Phase<'_>| {
            Some(row.it.median_compute_ns)
        }),
        int("median_comm_ns", "median communication", |row: &Phase<'_>| {
            Some(row.it.median_comm_ns)
        }),
        int(
            "median_slack_ns",
            "median of how much later communication could end; below 0 when it ends last; empty where none is judged",
            |row: &Phase<'_>| row.it.median_slack_ns,
        ),
        int("worst_layer", "the layer with the least slack; empty where not known", |row| {
            row.it.worst_layer.map(|worst| i64::from(worst.layer))
        }),
        int("worst_layer_slack_ns", "its median slack", |row: &Phase<'_>| {
            row.it.worst_layer.map(|worst| worst.median_slack_ns)
        }),
        int("join_gap_ns", "sum of what the joins to the next phase cost", |row: &Phase<'_>| {
            Some(row.it.join_gap_ns)
        }),
    ];
    columns.extend(figures());
    emit(&columns, rows(all, |of| &of.answers.phases.summary), sink)
}

fn instances(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<Instance<'_>>> = vec![
        file(),
        int("rank", "the rank", |row: &Instance<'_>| Some(i64::from(row.it.rank))),
        int("iteration", "its place in the recording, from 0", |row: &Instance<'_>| {
            Some(row.it.iteration as i64)
        }),
        int(
            "pass",
            "pass of the rank through its layers, from 0, where the order of kernels tells; else 0",
            |row: &Instance<'_>| Some(row.it.pass.into()),
        ),
        int("layer", "the layer; empty where not known", |row: &Instance<'_>| {
            row.it.layer.map(i64::from)
        }),
        text("phase", "the phase", |row: &Instance<'_>| Some(row.it.phase.name().into())),
        int("start_ns", "when its first op starts, since the base time", |row: &Instance<'_>| {
            Some(row.it.span.start_ns)
        }),
        int("duration_ns", "to its last op's end", |row: &Instance<'_>| Some(row.it.span.len_ns())),
        int("slack_ns", "how much later its communication could end; empty without both", |row| {
            row.it.slack_ns()
        }),
        int("join_gap_ns", "to the first start of the next phase", |row: &Instance<'_>| {
            Some(row.it.join_gap_ns)
        }),
    ];
    columns.extend(figures());
    emit(&columns, rows(all, |of| &of.answers.phases.instances), sink)
}

type Gemm<'a> = Row<'a, &'a GemmRow>;

impl HasDurations for Gemm<'_> {
    fn durations(&self) -> &DurationStats {
        &self.it.durations
    }
}

fn gemms(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let mut columns: Vec<Of<Gemm<'_>>> =
        vec![
            file(),
            text("name", "its name", |row: &Gemm<'_>| Some(Cow::Borrowed(&row.it.name))),
            int("split", "0 or 1 where the batch is cut in two; else empty", |row: &Gemm<'_>| {
                match row.it.split {
                    Split::Whole => None,
                    Split::First => Some(0),
                    Split::Second => Some(1),
                }
            }),
            text("shape", "its shape", |row: &Gemm<'_>| Some(Cow::Borrowed(&row.it.shape))),
            int("tokens", "tokens, padding included", |row: &Gemm<'_>| Some(row.it.tokens.into())),
            int("grid", "thread blocks", |row: &Gemm<'_>| Some(row.it.grid.into())),
            int("sms", "SMs that it may use", |row: &Gemm<'_>| Some(row.it.sms.into())),
            int("waves", "waves", |row: &Gemm<'_>| Some(row.it.waves.into())),
            float(
                "tail_occupancy",
                "share of the last wave's slots that hold a block, 0 to 1",
                |row| Some(row.it.tail_occupancy),
            ),
        ];
    columns.extend(durations());
    columns.extend([
        float("mean_ns", "mean duration", |row: &Gemm<'_>| Some(row.it.mean_ns)),
        float("tflop_per_s", "TFLOP/s reached", |row: &Gemm<'_>| Some(row.it.tflops)),
        float("gb_per_s", "GB/s of device memory, each input read once", |row: &Gemm<'_>| {
            Some(row.it.gb_per_s)
        }),
        float("slowdown", "mean over isolated duration; empty where that is not known", |row| {
            row.it.slowdown
        }),
    ]);
    emit(&columns, rows(all, |of| &of.answers.waves.gemms), sink)
}

type Cut<'a> = Row<'a, &'a CutRow>;

fn cuts(all: &[Answered<'_>], sink: &mut dyn Sink) -> Result<(), TableError> {
    let columns: Vec<Of<Cut<'_>>> = vec![
        file(),
        text("name", "the GEMM's name", |row: &Cut<'_>| Some(Cow::Borrowed(&row.it.name))),
        int("waves_split_0", "waves over the prefix", |row: &Cut<'_>| {
            Some(row.it.split[0].waves.into())
        }),
        int("waves_split_1", "waves over the suffix", |row: &Cut<'_>| {
            Some(row.it.split[1].waves.into())
        }),
        int("waves_uncut", "waves uncut; empty where not known", |row: &Cut<'_>| {
            row.it.unsplit.map(|uncut| uncut.waves.into())
        }),
        int("extra_waves", "waves that the cut adds; empty where not known", |row: &Cut<'_>| {
            row.it.extra_waves().map(i64::from)
        }),
        int("is_estimate", "1: waves uncut are estimated from both grids; else 0", |row| {
            Some(i64::from(row.it.is_estimate))
        }),
    ];
    emit(&columns, rows(all, |of| &of.answers.waves.cuts), sink)
}
