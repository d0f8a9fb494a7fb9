use weftscope_engine::{
    neighbours::Run,
    plan::{Collective, OpRole},
};

use super::{outcome, shown};

const ALL: &str = "speed-up over waiting for all";
const CODED: &str = "speed-up over one coded message";

/// The abstract says that several messages improve upon what there was, and not by how much. So: faster than both, and by more the
/// more ranks differ.
#[test]
fn several_messages_beat_waiting_and_one_coded_message() {
    let gains = ["0.5", "1", "2", "4"].map(|spread| {
        let outcome = outcome("straggler", &[("spread", spread)]);
        let gain = shown(&outcome, ALL);
        assert!(gain > 1.0 && shown(&outcome, CODED) > 1.0, "{spread}: {gain}");
        gain
    });
    assert!(gains.is_sorted(), "{gains:?}");
}

/// Where no rank is slower, nothing is gained by computing twice, and one coded message costs three computations.
#[test]
fn equal_ranks_gain_nothing() {
    let outcome = outcome("straggler", &[("spread", "0"), ("draws", "1")]);
    let gain = shown(&outcome, ALL);
    assert!((gain - 1.0).abs() < 0.02, "{gain}");
}

/// The title's trade-off: the longer a message, the less is gained by another.
#[test]
fn long_messages_leave_less_to_gain() {
    let gain = |message| shown(&outcome("straggler", &[("message", message)]), ALL);
    let [short, longer, long] = ["0.1", "8", "64"].map(gain);
    assert!(short > longer && longer > long && long >= 1.0, "{short} {longer} {long}");
}

/// More redundancy never comes later, as those that are waited for do not wait for it.
#[test]
fn more_redundancy_is_no_slower() {
    let gain = |redundancy| shown(&outcome("straggler", &[("redundancy", redundancy)]), ALL);
    let gains = ["1", "2", "4", "8"].map(gain);
    assert!(gains.is_sorted() && gains[0] == 1.0, "{gains:?}");
}

/// Mean of the longest of eight shifted exponential times: 1 + spread · (1 + 1/2 + … + 1/8) (Lee et al., arXiv 1512.02673), within
/// three standard errors of 32 draws: √(1 + 1/4 + … + 1/64) · spread / √32 each.
#[test]
fn waiting_for_all_takes_what_the_distribution_says() {
    let wait = |spread| {
        let outcome = outcome("straggler", &[("spread", spread), ("draws", "32")]);
        shown(&outcome, "mean iteration, waiting for all")
    };
    let equal = outcome("straggler", &[("spread", "0"), ("draws", "1")]);
    let computes_ns = span(&equal.runs.without, OpRole::Step("gradient"), 0);
    let (mean, variance) = (1..=8)
        .map(f64::from)
        .fold((0.0, 0.0), |(mean, variance), n| (mean + 1.0 / n, variance + 1.0 / (n * n)));
    let slower = (wait("1") - shown(&equal, "mean iteration, waiting for all")) / computes_ns;
    let error: f64 = (variance / 32.0_f64).sqrt();
    assert!((slower - mean).abs() < 3.0 * error, "{slower} {mean} ± {error}");
}

/// Against arithmetic over the slowness of the ranks: a rank's computations one after another, its messages behind them and one
/// another; a gradient is there when the first has sent it.
#[test]
fn an_iteration_ends_when_every_gradient_has_come() {
    let even = outcome("straggler", &[("spread", "0"), ("draws", "1")]).runs;
    let computes_ns = span(&even.without, OpRole::Step("gradient"), 0);
    let send = OpRole::Collective(Collective::Send);
    let sends_ns = span(&even.without, send, 0);
    let outcome = outcome("straggler", &[("spread", "2"), ("draws", "1")]);
    let slowdown = &outcome.runs.with.plan.spec.knobs.slowdown;
    let mut first = [f64::INFINITY; 8];
    for (rank, times) in slowdown.iter().enumerate() {
        let mut sent_ns: f64 = 0.0;
        for place in 0..3 {
            sent_ns = sent_ns.max((place + 1) as f64 * times * computes_ns) + sends_ns;
            let gradient = (rank + place) % 8;
            first[gradient] = sent_ns.min(first[gradient]);
        }
    }
    let expected_ns = first.into_iter().fold(0.0, f64::max);
    let took_ns = shown(&outcome, "mean iteration, several messages");
    // Gaps between kernels are some 60 µs of it.
    assert!((took_ns / expected_ns - 1.0).abs() < 0.06, "{took_ns} {expected_ns}");
}

/// How long the first op of this role took on a rank, ns.
fn span(run: &Run, role: OpRole, rank: u32) -> f64 {
    let is_it = |op: usize| run.plan.ops[op].role == role;
    let found = run.ops.iter().find(|record| record.rank == rank && is_it(record.op.index()));
    found.map(|record| (record.end_ns - record.start_ns) as f64).expect("it ran")
}
