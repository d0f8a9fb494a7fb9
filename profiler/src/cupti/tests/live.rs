//! A live session on GPUs, with everything on.

use std::time::{Duration, Instant};

use weftscope_engine::{
    cuda::CudaExecutor,
    executor::{ExecError, Executor},
    spec::StrategyKind,
};
use weftscope_testkit::aloud;

use super::witness::{alone, ranks, seconds, some_gpus, spec};
use crate::{
    instrument::{self, open},
    live::{Event, LiveSession, Options},
    recorder::Overflow,
};

/// `WEFTSCOPE_LIVE_SECONDS` (2) of a window's session: every iteration fetched, no block record dropped.
#[test]
fn a_live_run_drops_nothing() {
    let _alone = alone();
    if some_gpus().is_none() {
        return;
    }
    let factory = || -> Result<Box<dyn Executor>, ExecError> {
        let executor = CudaExecutor::open(ranks(), true)?;
        match open(executor, instrument::Options::default()) {
            Ok(opened) => Ok(Box::new(opened.executor)),
            Err(refused) => Err(ExecError::Unsupported(refused.0.to_string())),
        }
    };
    let options = Options {
        overflow: Overflow::Drop,
        period: Duration::from_millis(100),
        ..Options::default()
    };
    let spec = spec(StrategyKind::TokenWeave, 8192, 4);
    let session = LiveSession::spawn(Box::new(factory), spec, options).expect("a thread");
    let until = seconds("WEFTSCOPE_LIVE_SECONDS", 2);
    // Weights and programs come first; the time counts from the first iteration.
    let mut began: Option<Instant> = None;
    let patience = Duration::from_secs(120);
    let started = Instant::now();
    let (mut iterations, mut blocks, mut dropped) = (0_u64, 0_u64, 0_u64);
    let mut losses = std::collections::BTreeMap::<String, u64>::new();
    while began.map_or(started.elapsed() < patience, |began| began.elapsed() < until) {
        match session.next(Duration::from_secs(5)) {
            Some(Event::Iteration(iteration)) => {
                began.get_or_insert_with(Instant::now);
                iterations += 1;
                blocks += iteration.trace.num_slices() as u64;
                for (cause, &count) in &iteration.trace.diagnostics.counts {
                    *losses.entry(cause.clone()).or_default() += count;
                    if cause.contains("dropped") || cause.contains("room") {
                        dropped += count;
                    }
                }
            }
            Some(Event::ExecError { error, .. }) => panic!("the run broke off: {error}"),
            Some(Event::PlanError(error)) => panic!("no plan: {error}"),
            Some(Event::CollectError(error)) => panic!("no trace: {error}"),
            Some(Event::State(state)) => aloud(format_args!("session: {state:?}")),
            None => {}
        }
    }
    let skipped = session.skipped();
    session.close();
    aloud(format_args!(
        "{iterations} iterations fetched, {skipped} not, {blocks} slices, {dropped} dropped; losses {losses:?}"
    ));
    assert!(iterations > 0);
    assert_eq!(dropped, 0, "{losses:?}");
}
