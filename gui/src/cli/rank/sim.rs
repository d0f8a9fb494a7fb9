//! Simulated ranks: every process simulates all, and tells its own by its own clock.

use std::{
    path::PathBuf,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use weftscope_engine::{plan::Plan, sim::Simulator};
use weftscope_profiler::world::{StampClock, own_clock::OwnClock};

use super::{RankArgs, together::Who, write};
use crate::{
    cli::{Failure, Outcome},
    files::TraceFormat,
};

/// Meets the others and runs. Rank 0 says when it began, so that all simulated times are of one true clock.
pub(super) fn run(
    args: &RankArgs,
    who: &Who,
    plan: &Arc<Plan>,
    output: Option<&(TraceFormat, PathBuf)>,
) -> Outcome {
    let offset_ns = args.clock_offset.map_or(0, |offset| offset.ns);
    let clock = StampClock::new(offset_ns, args.clock_drift.unwrap_or_default() * 1e-6);
    let began = || {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
        let unix_ns = i64::try_from(unix.as_nanos()).map_err(|e| e.to_string())?;
        Ok(unix_ns.to_le_bytes().to_vec())
    };
    let world = who.meet(args, (plan, &clock), began)?;
    let began_unix_ns = <[u8; 8]>::try_from(world.blob()).map(i64::from_le_bytes);
    let began_unix_ns = began_unix_ns
        .map_err(|_| Failure::failed("rank 0 does not say when it began", "weftscope rank"))?;
    let simulator = Simulator::new(&plan.spec.machine);
    let every_ns = args.every.map(|every| every.ns);
    let ranks = world.place().ranks();
    let mut executor = OwnClock::new(simulator, ranks, (clock, began_unix_ns), every_ns);
    write(args, (who, world), (&mut executor, plan), output)
}
