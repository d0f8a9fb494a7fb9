//! Step 4: write your own observer: whatever an executor reports, block by block, is yours to count while it runs.
//!
//! `cargo run -p weftscope-engine --example c4_write_an_observer`

use std::{collections::BTreeMap, error::Error, sync::Arc};

use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine, model,
    observer::{BlockPart, BlockRecord, Observer},
    plan::{Plan, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};

/// SM time by op of rank 0, and how much of it blocks spend at barriers.
#[derive(Default)]
struct SmTime {
    plan: Option<Arc<Plan>>,
    run_ns: BTreeMap<&'static str, i64>,
    wait_ns: BTreeMap<&'static str, i64>,
}

impl Observer for SmTime {
    fn begin(&mut self, plan: &Arc<Plan>, _iteration: u64, _isolated_ns: &[Option<i64>]) {
        self.plan = Some(Arc::clone(plan));
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        let Some(plan) = &self.plan else { return };
        for record in records.iter().filter(|record| record.rank == 0) {
            let role = plan.ops[record.op.index()].role.name();
            let spent = match record.part {
                BlockPart::Run => &mut self.run_ns,
                BlockPart::WaitEntry | BlockPart::WaitExit => &mut self.wait_ns,
            };
            *spent.entry(role).or_default() += record.end_ns - record.start_ns;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let strategy = StrategyKind::TokenWeave;
    let spec = RunSpec {
        model: model::builtin("llama-3.3-70b").ok_or("no such model")?,
        machine: machine::builtin("h100x8").ok_or("no such machine")?,
        batch: Batch::prefill(8192, 8192),
        knobs: Knobs { tp: 8, strategy, layers: Some(4), ..Knobs::default() },
    };
    let mut seen = SmTime::default();
    Simulator::new(&spec.machine).run(&Arc::new(plan(&spec)?), 0, &mut seen)?;
    println!("{:14} {:>10} {:>12}", "op", "SM·ms", "at barriers");
    for (role, ns) in &seen.run_ns {
        let waiting = seen.wait_ns.get(role).copied().unwrap_or(0);
        println!("{role:14} {:10.2} {:9.2} ms", *ns as f64 / 1e6, waiting as f64 / 1e6);
    }
    Ok(())
}
