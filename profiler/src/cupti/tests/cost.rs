//! What recording costs, way by way, taking turns. With counters: in [`super::with_counters`].
//!
//! The limits hold at 2048 tokens. At 8192 two ways of recording differ by less than one way from itself, because the
//! power limit moves the clocks: those figures are only printed.

use std::thread;

use weftscope_engine::{cuda::Launching, executor::Executor, spec::StrategyKind};
use weftscope_testkit::aloud;

use super::witness::{Heard, planned, witness};
use crate::{
    instrument::Options,
    overhead::{REST, Recording, fitting},
};

/// A way of recording.
pub(super) struct Way {
    pub(super) name: &'static str,
    pub(super) launching: Launching,
    pub(super) stamps: bool,
    pub(super) cupti: bool,
    pub(super) counters: bool,
    pub(super) limits: &'static [Limit],
}

/// By how much a way may take longer than another at most.
pub(super) struct Limit {
    /// Index of the other.
    pub(super) than: usize,
    pub(super) percent: f64,
}

const WAYS: [Way; 6] = [
    Way {
        name: "nothing, graphs",
        launching: Launching::Graphs,
        stamps: false,
        cupti: false,
        counters: false,
        limits: &[],
    },
    Way {
        name: "nothing, op by op",
        launching: Launching::Direct,
        stamps: false,
        cupti: false,
        counters: false,
        limits: &[],
    },
    Way {
        name: "stamps, graphs",
        launching: Launching::Graphs,
        stamps: true,
        cupti: false,
        counters: false,
        limits: &[Limit { than: 0, percent: 1.0 }],
    },
    Way {
        name: "stamps, op by op",
        launching: Launching::Direct,
        stamps: true,
        cupti: false,
        counters: false,
        limits: &[Limit { than: 1, percent: 1.5 }],
    },
    Way {
        name: "stamps + CUPTI, op by op",
        launching: Launching::Direct,
        stamps: true,
        cupti: true,
        counters: false,
        // Measured +0.8 to +1.1 % against op by op, +1.4 to +5.1 % against graphs.
        limits: &[Limit { than: 1, percent: 3.0 }, Limit { than: 0, percent: 6.0 }],
    },
    Way {
        name: "stamps + CUPTI, graphs",
        launching: Launching::Graphs,
        stamps: true,
        cupti: true,
        counters: false,
        limits: &[Limit { than: 0, percent: 2.0 }],
    },
];

const ROUNDS: u64 = 15;

#[test]
fn recording_costs_no_more_than_was_measured() {
    compare(Options::default(), &WAYS);
}

/// Prints the ways of recording against one another and holds each to its limits.
pub(super) fn compare(options: Options, ways: &[Way]) {
    let Some((_alone, mut opened)) = witness(options) else { return };
    for (tokens, is_limited) in [(2048, true), (8192, false)] {
        let layers = 4;
        let plan = planned(StrategyKind::TokenWeave, tokens, layers);
        let mut times = vec![Vec::new(); ways.len()];
        let mut iterations = 4;
        for round in 0..ROUNDS + 2 {
            for (index, way) in ways.iter().enumerate() {
                let executor = &mut opened.executor;
                executor.source().set_counters(way.counters);
                executor.set_watching(way.cupti);
                executor.inner().set_launching(way.launching);
                Recording::set_recording(executor.inner(), way.stamps);
                let mut heard = Heard::default();
                thread::sleep(REST);
                if let Err(error) = executor.run_many(&plan, (round, iterations), &mut heard) {
                    panic!("{}: {error}", way.name);
                }
                let ns = Recording::last_event_ns(executor.inner()).expect("timed");
                // Two rounds to warm up.
                if round >= 2 {
                    times[index].push(ns);
                } else {
                    iterations = fitting(ns);
                }
            }
        }
        let medians: Vec<f64> =
            times.iter_mut().map(|times| median(times) / f64::from(layers)).collect();
        let percent = |way: usize, than: usize| 100.0 * (medians[way] / medians[than] - 1.0);
        for (index, way) in ways.iter().enumerate() {
            aloud(format_args!(
                "{tokens} tokens, {}: {:.1} µs a layer by events, {:+.2} % against {}, {:+.2} % against {}",
                way.name,
                medians[index] / 1e3,
                percent(index, 0),
                ways[0].name,
                percent(index, 1),
                ways[1].name,
            ));
        }
        for (index, way) in ways.iter().enumerate().filter(|_| is_limited) {
            for limit in way.limits {
                let cost = percent(index, limit.than);
                let than = ways[limit.than].name;
                assert!(cost <= limit.percent, "{} costs {cost:+.2} % against {than}", way.name);
            }
        }
    }
}

fn median(times: &mut [i64]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2] as f64
}
