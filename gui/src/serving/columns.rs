//! What stands in the columns of a report on serving, a strategy a row.

use weftscope_engine::serving::{Latencies, ServingReport};
use weftscope_traces::words::three_digits as three;

/// A figure of a report.
pub(crate) struct Column {
    /// Heading in a table on a terminal, where percentiles of the same stand side by side.
    #[cfg_attr(not(feature = "gpus"), expect(dead_code, reason = "of the command line"))]
    pub(crate) heading: &'static str,
    /// Heading where columns stand alone.
    pub(crate) name: &'static str,
    /// What it is, in a sentence.
    pub(crate) about: &'static str,
    /// It is looked at first.
    pub(crate) is_key: bool,
    /// The figure.
    pub(crate) cell: fn(&ServingReport) -> String,
}

const fn column(
    (heading, name): (&'static str, &'static str),
    about: &'static str,
    cell: fn(&ServingReport) -> String,
) -> Column {
    Column { heading, name, about, is_key: false, cell }
}

impl Column {
    /// The same, looked at first.
    const fn key(self) -> Self {
        Self { is_key: true, ..self }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

/// A time of some, as a multiple of `unit_ms`; `–` of none.
fn at(times: Option<Latencies>, of: fn(Latencies) -> f64, unit_ms: f64) -> String {
    times.map_or_else(|| "–".to_owned(), |times| three(of(times) / unit_ms))
}

const P50: fn(Latencies) -> f64 = |times| times.p50_ms;
const P90: fn(Latencies) -> f64 = |times| times.p90_ms;
const P99: fn(Latencies) -> f64 = |times| times.p99_ms;

/// What users see.
pub(crate) const SPEEDS: [Column; 12] = [
    column(("tokens/s", "tokens/s"), "Tokens of prompts and answers a second", |report| {
        format!("{:.0}", report.tokens_per_s)
    })
    .key(),
    column(("output/s", "output/s"), "Tokens of answers a second", |report| {
        format!("{:.0}", report.output_tokens_per_s)
    }),
    column(("requests/s", "requests/s"), "Requests answered a second", |report| {
        three(report.requests_per_s)
    }),
    column(
        ("TTFT ms p50", "TTFT p50, ms"),
        "From a request's arrival to its first token: half of them take no longer",
        |report| at(report.ttft, P50, 1.0),
    )
    .key(),
    column(
        ("p90", "TTFT p90, ms"),
        "From a request's arrival to its first token: nine tenths take no longer",
        |report| at(report.ttft, P90, 1.0),
    ),
    column(
        ("p99", "TTFT p99, ms"),
        "From a request's arrival to its first token: all but a hundredth take no longer",
        |report| at(report.ttft, P99, 1.0),
    )
    .key(),
    column(
        ("TBT ms p50", "TBT p50, ms"),
        "From a token to the next of the same request: half of them take no longer",
        |report| at(report.tbt, P50, 1.0),
    )
    .key(),
    column(
        ("p90", "TBT p90, ms"),
        "From a token to the next of the same request: nine tenths take no longer",
        |report| at(report.tbt, P90, 1.0),
    ),
    column(
        ("p99", "TBT p99, ms"),
        "From a token to the next of the same request: all but a hundredth take no longer",
        |report| at(report.tbt, P99, 1.0),
    )
    .key(),
    column(
        ("end to end s p50", "whole p50, s"),
        "From a request's arrival to its last token: half of them take no longer",
        |report| at(report.end_to_end, P50, 1e3),
    ),
    column(
        ("p90", "whole p90, s"),
        "From a request's arrival to its last token: nine tenths take no longer",
        |report| at(report.end_to_end, P90, 1e3),
    ),
    column(
        ("p99", "whole p99, s"),
        "From a request's arrival to its last token: all but a hundredth take no longer",
        |report| at(report.end_to_end, P99, 1e3),
    ),
];

/// What the iterations were.
pub(crate) const ITERATIONS: [Column; 12] = [
    column(("iterations", "iterations"), "How many there were", |report| {
        report.iterations.to_string()
    }),
    column(("as graphs", "as graphs"), "Of these, those launched as one CUDA graph", |report| {
        report.graph_iterations.to_string()
    }),
    column(("mean tokens", "mean tokens"), "Tokens of an iteration, mean", |report| {
        format!("{:.0}", report.mean_batch_tokens)
    }),
    column(
        ("decode %", "decode %"),
        "Share of the whole time in iterations that only decode",
        |report| percent(report.decode_share),
    ),
    column(
        ("mixed %", "mixed %"),
        "Share of the whole time in iterations with prompts",
        |report| percent(report.mixed_share),
    ),
    column(
        ("idle %", "idle %"),
        "Share of the whole time in which no request waited or ran",
        |report| percent(report.idle_share),
    ),
    column(
        ("host %", "host %"),
        "Share of the whole time in which the GPUs waited for the host between iterations",
        |report| percent(report.host_share),
    ),
    column(
        ("comm. %", "comm. %"),
        "Time in collectives on one rank, share of the whole time",
        |report| report.comm_share.map_or_else(|| "–".to_owned(), percent),
    ),
    column(
        ("of it hidden %", "hidden %"),
        "Of the time in collectives, the share beside computation",
        |report| report.hidden_share.map_or_else(|| "–".to_owned(), percent),
    )
    .key(),
    column(
        ("as asked %", "as asked %"),
        "Share of the whole time in iterations that ran the strategy itself, not what it falls back to",
        |report| percent(report.as_asked_share),
    ),
    column(
        ("KV peak %", "KV peak %"),
        "Share of the blocks of keys and values in use at the most",
        |report| percent(report.kv_peak_share),
    )
    .key(),
    column(
        ("preempted", "preempted"),
        "Times that a request lost its keys and values and was computed again",
        |report| report.preemptions.to_string(),
    ),
];
