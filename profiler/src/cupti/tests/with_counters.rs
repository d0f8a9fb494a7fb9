//! Counters while a plan runs.

use weftscope_engine::{
    cuda::Launching, executor::Executor, observer::Counter, spec::StrategyKind,
};
use weftscope_testkit::aloud;

use super::{
    cost::{Limit, Way, compare},
    witness::{Heard, planned, ranks, witness},
};
use crate::{cupti::pm::metrics::COUNTERS, instrument::Options};

/// Runs last and by itself, as everything here does: sampling is the youngest part of CUPTI.
#[test]
fn recording_costs_no_more_than_was_measured() {
    let nothing = Way {
        name: "nothing, graphs",
        launching: Launching::Graphs,
        stamps: false,
        cupti: false,
        counters: false,
        limits: &[],
    };
    let without = Way { name: "stamps + CUPTI", stamps: true, cupti: true, ..nothing };
    let with = Way {
        name: "stamps + CUPTI + counters",
        counters: true,
        limits: &[Limit { than: 0, percent: 2.0 }],
        ..without
    };
    compare(Options { counters_ns: Some(10_000) }, &[nothing, without, with]);
}

#[test]
fn counters_see_the_plan_run() {
    for interval_ns in [10_000, 2_000] {
        at_interval(interval_ns);
    }
}

fn at_interval(interval_ns: u64) {
    let options = Options { counters_ns: Some(interval_ns) };
    let Some((_alone, mut opened)) = witness(options) else { return };
    let plan = planned(StrategyKind::TokenWeave, 8192, 3);
    let mut heard = Heard::default();
    for iteration in 0..3 {
        opened.executor.run(&plan, iteration, &mut heard).expect("the plan runs");
        aloud(format_args!(
            "{interval_ns} ns, iteration {iteration}: {} counter records, times are of {:?}, lost {:?}",
            heard.counters.len(),
            opened.executor.sample_time(),
            heard.lost
        ));
    }
    for rank in 0..ranks() {
        for counter in COUNTERS {
            let mine: Vec<(i64, f64)> = heard
                .counters
                .iter()
                .filter(|record| (record.rank, record.counter) == (rank, counter))
                .map(|record| (record.at_ns - heard.start_ns, record.value))
                .collect();
            let mean = mine.iter().map(|&(_, value)| value).sum::<f64>() / mine.len().max(1) as f64;
            let most = mine.iter().map(|&(_, value)| value).fold(0.0, f64::max);
            let active = mine.iter().find(|&&(_, value)| value > most / 10.0).map(|&(at, _)| at);
            aloud(format_args!(
                "rank {rank} {counter:?}: {} samples, mean {mean:.2}, most {most:.2} {}, first of a tenth of that at \
                 {active:?} ns of the iteration, times {:?} to {:?}",
                mine.len(),
                counter.name_and_unit().1,
                mine.first().map(|&(at, _)| at),
                mine.last().map(|&(at, _)| at),
            ));
            if counter == Counter::SmActive {
                assert!(mean > 0.0, "rank {rank}: no SM was active");
            }
        }
    }
}
