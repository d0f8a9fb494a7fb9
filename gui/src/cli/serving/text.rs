//! The tables of `serving`.

use std::io::{self, Write};

use weftscope_engine::serving::{Latencies, ServingReport};
use weftscope_traces::words::{counted, three_digits as three};

use super::Said;
use crate::cli::table::Table;

/// What was served, how fast, and what the iterations were.
pub(super) fn write(said: &Said<'_>, out: &mut dyn Write) -> io::Result<()> {
    head(said, out)?;
    speeds(&said.strategies, out)?;
    writeln!(out)?;
    iterations(&said.strategies, out)?;
    notes(said, out)
}

fn head(said: &Said<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Said { model, machine, requests, budget, max_seqs, cuda_graphs, .. } = said;
    writeln!(out, "{requests}")?;
    writeln!(out, "{model}, {} of {machine}", counted(said.tp.into(), "rank"))?;
    writeln!(
        out,
        "{} an iteration, {} at a time, keys and values of {} tokens ({:.1} GB of each GPU), CUDA graphs {cuda_graphs}",
        counted((*budget).into(), "token"),
        counted((*max_seqs).into(), "sequence"),
        said.kv_tokens,
        said.kv_bytes as f64 / 1e9
    )?;
    writeln!(out, "Times are {}.\n", said.provenance)
}

/// A line a strategy: what users see.
fn speeds(reports: &[ServingReport], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new([
        "strategy",
        "tokens/s",
        "output/s",
        "requests/s",
        "TTFT ms p50",
        "p90",
        "p99",
        "TBT ms p50",
        "p90",
        "p99",
        "end to end s p50",
        "p90",
        "p99",
    ]);
    for report in reports {
        let at = |times: Option<Latencies>, unit: f64| {
            let shown = |times: Latencies| {
                [times.p50_ms, times.p90_ms, times.p99_ms].map(|ms| three(ms / unit))
            };
            times.map_or_else(|| ["–"; 3].map(str::to_owned), shown)
        };
        let ([t50, t90, t99], [b50, b90, b99]) = (at(report.ttft, 1.0), at(report.tbt, 1.0));
        let [e50, e90, e99] = at(report.end_to_end, 1e3);
        table.row([
            report.strategy.name().to_owned(),
            format!("{:.0}", report.tokens_per_s),
            format!("{:.0}", report.output_tokens_per_s),
            three(report.requests_per_s),
            t50,
            t90,
            t99,
            b50,
            b90,
            b99,
            e50,
            e90,
            e99,
        ]);
    }
    table.write(out)
}

/// A line a strategy: where the time went, in percent of the whole unless a heading says otherwise.
fn iterations(reports: &[ServingReport], out: &mut dyn Write) -> io::Result<()> {
    let mut table = Table::new([
        "strategy",
        "iterations",
        "as graphs",
        "mean tokens",
        "decode %",
        "mixed %",
        "idle %",
        "host %",
        "comm. %",
        "of it hidden %",
        "as asked %",
        "KV peak %",
        "preempted",
    ]);
    for report in reports {
        let percent = |share: f64| format!("{:.1}", 100.0 * share);
        table.row([
            report.strategy.name().to_owned(),
            report.iterations.to_string(),
            report.graph_iterations.to_string(),
            format!("{:.0}", report.mean_batch_tokens),
            percent(report.decode_share),
            percent(report.mixed_share),
            percent(report.idle_share),
            percent(report.host_share),
            percent(report.comm_share),
            percent(report.hidden_share),
            percent(report.as_asked_share),
            percent(report.kv_peak_share),
            report.preemptions.to_string(),
        ]);
    }
    table.write(out)
}

fn notes(said: &Said<'_>, out: &mut dyn Write) -> io::Result<()> {
    if said.empty_rows > 0 {
        let rows = counted(said.empty_rows, "row");
        writeln!(out, "\n{rows} of the trace without a prompt or an answer left out")?;
    }
    let refused = said.strategies.first().map_or(0, |report| report.refused);
    if refused > 0 {
        writeln!(
            out,
            "\n{} refused: keys and values of more than {} tokens",
            counted(refused, "request"),
            said.kv_tokens
        )?;
    }
    let total = |of: fn(&ServingReport) -> u64| said.strategies.iter().map(of).sum::<u64>();
    writeln!(
        out,
        "\n{} from {} in {:.1} s",
        counted(total(|report| report.iterations), "iteration"),
        counted(total(|report| report.simulated_batches), "simulated batch"),
        said.seconds
    )
}
