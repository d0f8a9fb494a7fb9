//! The tables of `bench`.

use std::io::{self, Write};

use weftscope_engine::{machine::HERE, plan::Split, roofline::Limit, spec::StrategyKind};
use weftscope_profiler::bench::{Bench, Figures, KernelFigures};
use weftscope_traces::{
    Doubt,
    words::{counted, three_digits as three, times},
};

use super::report::{MODELLED, Report};
use crate::cli::table::Table;

/// What was run, on what, and the rates that kernels are held against.
pub(super) fn head(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Report { model, machine, tp, layers, transport, provenance, .. } = report;
    let counted = |count: u32, noun: &str| counted(count.into(), noun);
    let (turns, iterations) =
        (counted(report.turns, "turn"), counted(report.iterations, "iteration"));
    let (ranks, layers) = (counted(*tp, "rank"), counted(*layers, "layer"));
    writeln!(out, "{model}, {ranks}, {layers}, {transport}, on {machine}")?;
    if let Some(constants) = &report.constants {
        writeln!(out, "{HERE}: {constants}")?;
    }
    if let Some(shard_of) = report.shard_of {
        writeln!(
            out,
            "Shards are those of {shard_of} ranks: times mean something, logits do not."
        )?;
    }
    writeln!(
        out,
        "Times are {provenance}: medians over {turns} of {iterations}, 10th and 90th percentile."
    )?;
    if *provenance == MODELLED {
        writeln!(out, "{}", Doubt(report.expected_error.as_ref()).sentence())?;
    }
    let roofline = &report.roofline;
    let rate = |value: Option<f64>, unit: f64| value.map_or("–".to_owned(), |v| three(v / unit));
    writeln!(
        out,
        "Best rates, {}: GEMM {} TFLOP/s, memory {} TB/s, link {} GB/s a direction.",
        if roofline.measured { "measured here" } else { "of the machine's description" },
        rate(roofline.flops, 1e12),
        rate(roofline.hbm_bytes_per_s, 1e12),
        rate(roofline.link_bytes_per_s, 1e9)
    )
}

/// Both tables of one batch.
pub(super) fn batch(bench: &Bench, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\n{}", counted(bench.tokens.into(), "token"))?;
    let mut strategies = Table::new([
        "strategy",
        "split",
        "µs/layer",
        "p10",
        "p90",
        "vs default",
        "vs nocomm",
        "hidden %",
    ]);
    let mut kernels = Table::new([
        "strategy",
        "kernel",
        "tokens",
        "CTAs",
        "a layer",
        "µs",
        "TFLOP/s",
        "DRAM GB/s",
        "link GB/s",
        "roofline µs",
        "of roofline %",
        "limit",
    ]);
    let mut notes = Vec::new();
    for contender in &bench.contenders {
        let name = contender.strategy.name();
        match &contender.outcome {
            Ok(figures) => {
                strategies.row(strategy_row(name, figures, bench));
                kernels.rows.extend(figures.kernels.iter().map(|kernel| kernel_row(name, kernel)));
                notes.extend(figures.note.iter().map(|note| format!("{name}: {note}")));
                if figures.lost > 0 {
                    let records = counted(figures.lost, "record");
                    notes.push(format!("{name}: {records} lost"));
                }
            }
            Err(cause) => notes.push(format!("{name} did not run: {cause}")),
        }
    }
    strategies.write(out)?;
    for note in notes {
        writeln!(out, "  {note}")?;
    }
    writeln!(out)?;
    kernels.write(out)
}

fn strategy_row(name: &str, figures: &Figures, bench: &Bench) -> [String; 8] {
    let time = figures.per_layer_us;
    let against = |other: StrategyKind| {
        let speed_up = bench.per_layer_us(other).map(|us| us / time.median);
        speed_up.map_or("–".to_owned(), times)
    };
    [
        name.to_owned(),
        figures.split.map_or("–".to_owned(), |(first, second)| format!("{first}+{second}")),
        three(time.median),
        three(time.p10),
        three(time.p90),
        against(StrategyKind::Default),
        against(StrategyKind::NoComm),
        figures.hidden_pct.map_or("–".to_owned(), three),
    ]
}

fn kernel_row(strategy: &str, kernel: &KernelFigures) -> [String; 12] {
    let rate =
        |value: f64, unit: f64| if value > 0.0 { three(value / unit) } else { "–".to_owned() };
    let split = match kernel.split {
        Split::Whole => "all",
        Split::First => "split 0",
        Split::Second => "split 1",
    };
    let limit = kernel.limit.map_or("–", Limit::name);
    let or_dash = |value: Option<f64>| value.map_or("–".to_owned(), three);
    [
        strategy.to_owned(),
        kernel.name.to_owned(),
        split.to_owned(),
        kernel.ctas.map_or("–".to_owned(), |ctas| ctas.to_string()),
        kernel.per_layer.to_string(),
        three(kernel.us.median),
        rate(kernel.flops, 1e12),
        rate(kernel.hbm_bytes_per_s, 1e9),
        rate(kernel.link_bytes_per_s, 1e9),
        or_dash(kernel.floor_us),
        or_dash(kernel.of_roofline().map(|share| 100.0 * share)),
        limit.to_owned(),
    ]
}
