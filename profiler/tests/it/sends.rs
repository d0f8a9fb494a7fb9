//! Sends, in which no rank waits for another: analyses must not match them across ranks.

use std::sync::Arc;

use weftscope_engine::{
    neighbours::{Run, neighbour},
    sim::Simulator,
};
use weftscope_profiler::record::record_plan;
use weftscope_traces::{
    Trace,
    analysis::{Config, Ops, skew},
};

fn recorded(run: &Run) -> Trace {
    let mut simulator = Simulator::new(&run.plan.spec.machine);
    record_plan(&mut simulator, &Arc::clone(&run.plan), 1, &mut |_| true).expect("it runs")
}

/// Ranks of unequal speed send when they are done, and wait for none; those of an all-reduce beside them do, as ever.
#[test]
fn a_send_waits_for_no_rank_and_an_all_reduce_does() {
    let waited = |name: &str| {
        let neighbour = neighbour(name).expect("there is one");
        let outcome = neighbour.simulate(&neighbour.settings(), &|| false).expect("it runs");
        let trace = recorded(&outcome.runs.with);
        let ops = Ops::of(&trace, &Config::default());
        let report = skew(&ops);
        let comm = ops.ranks.iter().flat_map(|rank| rank.ops.iter().filter(|op| op.kind.is_comm()));
        let waits: Vec<Option<i64>> = comm.map(|op| op.wait_ns).collect();
        (report.collectives.len(), report.unmatched, waits)
    };
    let (collectives, unmatched, waits) = waited("straggler");
    assert_eq!((collectives, unmatched), (0, 0));
    assert!(!waits.is_empty() && waits.iter().all(|wait| *wait == Some(0)), "{waits:?}");

    let (collectives, unmatched, waits) = waited("core");
    assert!(collectives > 0 && unmatched == 0, "{collectives}");
    assert!(waits.iter().flatten().any(|&wait_ns| wait_ns > 0));
}
