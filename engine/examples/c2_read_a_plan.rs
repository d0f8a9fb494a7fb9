//! Step 2: simulate a strategy and read its plan: what every rank launches, and how long that takes.
//!
//! `cargo run -p weftscope-engine --example c2_read_a_plan`

use std::{collections::BTreeMap, error::Error, sync::Arc};

use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine, model,
    observer::NullObserver,
    plan::{StreamId, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};

fn main() -> Result<(), Box<dyn Error>> {
    let spec = |strategy| -> Result<RunSpec, Box<dyn Error>> {
        Ok(RunSpec {
            model: model::builtin("llama-3.3-70b").ok_or("no such model")?,
            machine: machine::builtin("h100x8").ok_or("no such machine")?,
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { tp: 8, strategy, layers: Some(4), ..Knobs::default() },
        })
    };

    // One layer of the weave, op by op: the collective of one half stands beside the GEMMs of the other.
    let woven = plan(&spec(StrategyKind::TokenWeave)?)?;
    println!("{:8} {:6} {:6} {:14} {:>6} {:>9}", "stream", "phase", "split", "op", "CTAs", "GFLOP");
    for op in woven.ops.iter().filter(|op| op.layer == Some(1)) {
        let stream = if op.stream == StreamId::COMM { "comm" } else { "compute" };
        let (phase, split) = (op.phase.name(), op.split.name());
        let gflop = op.flops / 1e9;
        println!("{stream:8} {phase:6} {split:6} {:14} {:6} {gflop:9.1}", op.role.name(), op.grid);
    }

    let mut iteration_ns = BTreeMap::new();
    for strategy in StrategyKind::ALL {
        let plan = Arc::new(plan(&spec(strategy)?)?);
        let time = Simulator::new(&plan.spec.machine).run(&plan, 0, &mut NullObserver)?;
        iteration_ns.insert(strategy.name(), time.end_ns - time.start_ns);
    }
    println!();
    for (strategy, ns) in &iteration_ns {
        let speed_up = iteration_ns["default"] as f64 / *ns as f64;
        println!("{strategy:12} {:7.3} ms, {speed_up:.2}x default", *ns as f64 / 1e6);
    }
    Ok(())
}
