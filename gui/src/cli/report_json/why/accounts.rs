//! The accounts of every rank as JSON: terms, idle time by cause, iterations and what is in none, launches that came late.

use serde::Serialize;
use weftscope_traces::analysis::{
    Account, IdleCauses, IterationAccount, LaunchBound, LaunchBoundStretch, Outside, RankAccount,
};

use crate::cli::report_json::us;

/// One rank.
#[derive(Serialize)]
pub(super) struct RankEntry<'a> {
    rank: u32,
    #[serde(flatten)]
    terms: Terms,
    /// Null where nothing ran.
    idle: Option<Idle>,
    iterations: Vec<Iteration<'a>>,
    /// Time in which ops of more than one iteration are between their first and their last.
    iterations_overlap_us: f64,
    /// Null where every op is in an iteration, and where none is known.
    outside_iterations: Option<OutsideEntry>,
    /// Null where not one launch is known.
    launch_bound: Option<Bound>,
}

#[derive(Serialize)]
struct Iteration<'a> {
    iteration: usize,
    name: &'a str,
    #[serde(flatten)]
    terms: Terms,
    /// Null where nothing ran.
    idle: Option<Idle>,
}

/// Null where nothing ran.
#[derive(Serialize)]
struct Terms {
    start_us: Option<f64>,
    span_us: Option<f64>,
    compute_us: Option<f64>,
    exposed_comm_us: Option<f64>,
    exposed_memcpy_us: Option<f64>,
    idle_us: Option<f64>,
}

/// Idle time by what was waited for; the sum is all of it.
#[derive(Serialize)]
struct Idle {
    launch_us: f64,
    host_busy_us: f64,
    host_sync_us: f64,
    other_stream_us: f64,
    other_rank_us: f64,
    between_kernels_us: f64,
    unknown_us: f64,
}

/// Ops that are in no iteration.
#[derive(Serialize)]
struct OutsideEntry {
    ops: usize,
    /// Of so many it is not known who launched them.
    untold: usize,
    /// Sum of durations.
    total_us: f64,
    comm_ops: usize,
    exposed_comm_us: f64,
}

/// Ops that were launched only when nothing ran.
#[derive(Serialize)]
struct Bound {
    ops: usize,
    of_ops: usize,
    stretches: usize,
    total_us: f64,
    share: f64,
    /// The longest first.
    longest: Vec<Stretch>,
}

#[derive(Serialize)]
struct Stretch {
    start_us: f64,
    duration_us: f64,
    ops: usize,
    idle_us: f64,
}

impl<'a> RankEntry<'a> {
    pub(super) fn of(rank: &'a RankAccount) -> Self {
        Self {
            rank: rank.rank,
            terms: terms(&rank.total),
            idle: idle(&rank.total, &rank.idle),
            iterations: rank.iterations.iter().map(iteration).collect(),
            iterations_overlap_us: us(rank.shared_ns),
            outside_iterations: rank.outside.map(outside),
            launch_bound: rank.launch_bound.as_ref().map(bound),
        }
    }
}

fn iteration(it: &IterationAccount) -> Iteration<'_> {
    Iteration {
        iteration: it.iteration.index,
        name: &it.iteration.name,
        terms: terms(&it.account),
        idle: idle(&it.account, &it.idle),
    }
}

fn outside(outside: Outside) -> OutsideEntry {
    let Outside { ops, untold, total_ns, comm_ops, exposed_comm_ns } = outside;
    let (total_us, exposed_comm_us) = (us(total_ns), us(exposed_comm_ns));
    OutsideEntry { ops, untold, total_us, comm_ops, exposed_comm_us }
}

fn terms(account: &Account) -> Terms {
    let of_some = |ns| (account.span.len_ns() > 0).then(|| us(ns));
    Terms {
        start_us: of_some(account.span.start_ns),
        span_us: of_some(account.span.len_ns()),
        compute_us: of_some(account.compute_ns),
        exposed_comm_us: of_some(account.exposed_comm_ns),
        exposed_memcpy_us: of_some(account.exposed_memcpy_ns),
        idle_us: of_some(account.idle_ns),
    }
}

fn idle(account: &Account, causes: &IdleCauses) -> Option<Idle> {
    (account.span.len_ns() > 0).then(|| Idle {
        launch_us: us(causes.launch_ns),
        host_busy_us: us(causes.host_busy_ns),
        host_sync_us: us(causes.host_sync_ns),
        other_stream_us: us(causes.other_stream_ns),
        other_rank_us: us(causes.other_rank_ns),
        between_kernels_us: us(causes.between_kernels_ns),
        unknown_us: us(causes.unknown_ns),
    })
}

/// Stretches listed.
const LONGEST: usize = 10;

fn bound(bound: &LaunchBound) -> Bound {
    let stretch = |stretch: &LaunchBoundStretch| Stretch {
        start_us: us(stretch.span.start_ns),
        duration_us: us(stretch.span.len_ns()),
        ops: stretch.ops,
        idle_us: us(stretch.idle_ns),
    };
    Bound {
        ops: bound.ops,
        of_ops: bound.of_ops,
        stretches: bound.count,
        total_us: us(bound.total_ns),
        share: bound.share,
        longest: bound.longest.iter().take(LONGEST).map(stretch).collect(),
    }
}
