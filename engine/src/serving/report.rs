//! What came of serving, in figures.

use serde::Serialize;

use super::{CommTime, Distribution, Iteration, Outcome, Served};
use crate::spec::StrategyKind;

/// Mean and percentiles of times, ms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latencies {
    /// Mean.
    pub mean_ms: f64,
    /// Half of them take no longer.
    pub p50_ms: f64,
    /// Nine tenths.
    pub p90_ms: f64,
    /// All but a hundredth.
    pub p99_ms: f64,
}

impl Latencies {
    /// Of these times; `None` of none.
    pub fn of(times: &Distribution) -> Option<Self> {
        let at = |share| times.percentile_ns(share).map(|ns| ns / 1e6);
        Some(Self {
            mean_ms: times.mean_ns()? / 1e6,
            p50_ms: at(0.5)?,
            p90_ms: at(0.9)?,
            p99_ms: at(0.99)?,
        })
    }
}

/// One strategy's serving of requests.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServingReport {
    /// The strategy that was asked for.
    pub strategy: StrategyKind,
    /// Requests answered.
    pub requests: u64,
    /// Requests that no cache of this size can hold.
    pub refused: u64,
    /// From the first arrival to the last token, s.
    pub duration_s: f64,
    /// Tokens of prompts and answers a second.
    pub tokens_per_s: f64,
    /// Tokens of answers a second.
    pub output_tokens_per_s: f64,
    /// Requests answered a second.
    pub requests_per_s: f64,
    /// From a request's arrival to its first token.
    pub ttft: Option<Latencies>,
    /// From a token to the next of the same request, all of them alike; `None` where no answer has two.
    pub tbt: Option<Latencies>,
    /// The same, the mean of each request.
    pub tpot: Option<Latencies>,
    /// From a request's arrival to its last token.
    pub end_to_end: Option<Latencies>,
    /// Iterations.
    pub iterations: u64,
    /// Of these, those launched as one CUDA graph.
    pub graph_iterations: u64,
    /// Tokens of an iteration, mean.
    pub mean_batch_tokens: f64,
    /// Share of the duration in iterations that only decode.
    pub decode_share: f64,
    /// Share of the duration in iterations with prompts.
    pub mixed_share: f64,
    /// Share of the duration in which nobody waited or ran.
    pub idle_share: f64,
    /// Share of the duration in which the GPUs waited for the host between iterations.
    pub host_share: f64,
    /// Time in collectives on one rank, share of the duration; `None` where nobody looked.
    pub comm_share: Option<f64>,
    /// Of that time, the share beside computation; `None` where nothing communicates.
    pub hidden_share: Option<f64>,
    /// Share of the duration in iterations that ran the strategy itself, not what it falls back to.
    pub as_asked_share: f64,
    /// Blocks of keys and values that there are.
    pub kv_blocks: u32,
    /// Share of them in use at the most.
    pub kv_peak_share: f64,
    /// Times that a request lost its cache.
    pub preemptions: u64,
    /// Different batches that were simulated; `None` of a serving on GPUs.
    pub simulated_batches: Option<u64>,
}

impl ServingReport {
    /// Of requests served by `strategy`.
    pub fn of(strategy: StrategyKind, served: &Served) -> Self {
        let Served { iterations, outcomes, .. } = served;
        let duration_ns = iterations.last().map_or(0, Iteration::end_ns).max(1) as f64;
        let duration_s = duration_ns / 1e9;
        let total = |of: &dyn Fn(&Outcome) -> u32| -> f64 {
            outcomes.iter().map(|outcome| f64::from(of(outcome))).sum()
        };
        let output = total(&|outcome| outcome.request.output_tokens);
        let tokens = output + total(&|outcome| outcome.request.prompt_tokens);
        let count = |is_it: &dyn Fn(&Iteration) -> bool| {
            iterations.iter().filter(|&iteration| is_it(iteration)).count() as u64
        };
        let time = |of: &dyn Fn(&Iteration) -> i64| -> f64 {
            iterations.iter().map(|iteration| of(iteration) as f64).sum()
        };
        let time_if = |is_it: &dyn Fn(&Iteration) -> bool| {
            let length = |iteration: &Iteration| iteration.end_ns() - iteration.start_ns;
            time(&|iteration| if is_it(iteration) { length(iteration) } else { 0 })
        };
        let computed = time(&|iteration| i64::from(iteration.tokens()));
        let comm: Option<Vec<CommTime>> = iterations.iter().map(|it| it.comm).collect();
        let comm = comm.map(|times| {
            times.iter().fold((0.0, 0.0), |(ns, hidden_ns), time| {
                (ns + time.ns as f64, hidden_ns + time.hidden_ns as f64)
            })
        });
        let peak = iterations.iter().map(|iteration| iteration.kv_blocks).max().unwrap_or(0);
        let latencies = |of: &dyn Fn(&Outcome) -> i64| {
            Latencies::of(&outcomes.iter().map(of).collect::<Distribution>())
        };
        Self {
            strategy,
            requests: outcomes.len() as u64,
            refused: served.refused.len() as u64,
            duration_s,
            tokens_per_s: tokens / duration_s,
            output_tokens_per_s: output / duration_s,
            requests_per_s: outcomes.len() as f64 / duration_s,
            ttft: latencies(&|outcome| outcome.first_token_ns - outcome.request.arrival_ns),
            tbt: Latencies::of(&served.between_tokens),
            tpot: Latencies::of(&outcomes.iter().filter_map(per_token).collect()),
            end_to_end: latencies(&|outcome| outcome.finished_ns - outcome.request.arrival_ns),
            iterations: iterations.len() as u64,
            graph_iterations: count(&|iteration| iteration.in_graph),
            mean_batch_tokens: computed / iterations.len().max(1) as f64,
            decode_share: time_if(&|iteration| iteration.prefill_tokens == 0) / duration_ns,
            mixed_share: time_if(&|iteration| iteration.prefill_tokens > 0) / duration_ns,
            idle_share: served.idle_ns as f64 / duration_ns,
            host_share: time(&|iteration| iteration.host_ns) / duration_ns,
            comm_share: comm.map(|(ns, _)| ns / duration_ns),
            hidden_share: comm.filter(|&(ns, _)| ns > 0.0).map(|(ns, hidden_ns)| hidden_ns / ns),
            as_asked_share: time_if(&|iteration| iteration.runs == strategy) / duration_ns,
            kv_blocks: served.kv.blocks.count,
            kv_peak_share: f64::from(peak) / f64::from(served.kv.blocks.count),
            preemptions: iterations.iter().map(|iteration| u64::from(iteration.preempted)).sum(),
            simulated_batches: served.simulated,
        }
    }
}

/// Time a token after the first; `None` of answers with no other.
fn per_token(outcome: &Outcome) -> Option<i64> {
    let more = i64::from(outcome.request.output_tokens) - 1;
    (outcome.finished_ns - outcome.first_token_ns).checked_div(more)
}
