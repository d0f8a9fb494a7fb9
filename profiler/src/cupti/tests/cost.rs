//! What recording costs, way by way, taking turns. With counters: in [`super::with_counters`].

use weftscope_engine::{cuda::Launching, executor::Executor, spec::StrategyKind};

use super::{
    aloud,
    witness::{Heard, planned, witness},
};
use crate::{instrument::Options, overhead::Recording};

/// Way of recording: name, launched how, stamps, CUPTI, counters.
pub(super) type Way = (&'static str, Launching, bool, bool, bool);

const WAYS: [Way; 5] = [
    ("nothing, graphs", Launching::Graphs, false, false, false),
    ("nothing, op by op", Launching::Direct, false, false, false),
    ("stamps, graphs", Launching::Graphs, true, false, false),
    ("stamps, op by op", Launching::Direct, true, false, false),
    ("stamps + CUPTI", Launching::Direct, true, true, false),
];

const ROUNDS: u64 = 15;
const LAPS: u32 = 4;

/// Prints; asserts only that every way ran.
#[test]
fn recording_costs() {
    compare(Options::default(), &WAYS);
}

/// Prints the ways of recording against one another.
pub(super) fn compare(options: Options, ways: &[Way]) {
    let Some((_alone, mut opened)) = witness(options) else { return };
    for tokens in [2048, 8192] {
        let layers = 4;
        let plan = planned(StrategyKind::TokenWeave, tokens, layers);
        let mut times = vec![Vec::new(); ways.len()];
        for round in 0..ROUNDS + 2 {
            for (index, &(name, launching, stamps, cupti, counters)) in ways.iter().enumerate() {
                let executor = &mut opened.executor;
                executor.source().set_counters(counters);
                executor.set_watching(cupti);
                executor.inner().set_launching(launching);
                Recording::set_recording(executor.inner(), stamps);
                let mut heard = Heard::default();
                let ran = executor.run_many(&plan, (round, LAPS), &mut heard);
                if let Err(error) = ran {
                    panic!("{name}: {error}");
                }
                let ns = Recording::last_event_ns(executor.inner()).expect("timed");
                // Two rounds to warm up.
                if round >= 2 {
                    times[index].push(ns);
                }
            }
        }
        let medians: Vec<f64> =
            times.iter_mut().map(|times| median(times) / f64::from(layers)).collect();
        for (way, us) in ways.iter().zip(medians.iter().map(|ns| ns / 1e3)) {
            let percent = |against: f64| 100.0 * (us * 1e3 / against - 1.0);
            aloud(format_args!(
                "{tokens} tokens, {}: {us:.1} µs a layer by events, {:+.2} % against {}, {:+.2} % against {}",
                way.0,
                percent(medians[0]),
                ways[0].0,
                percent(medians[1]),
                ways[1].0,
            ));
        }
    }
}

fn median(times: &mut [i64]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2] as f64
}
