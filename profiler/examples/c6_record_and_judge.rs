//! Step 6: record a run and let the analysis say in words what limits it, beside the same batch without any overlap.
//!
//! `cargo run -p weftscope-profiler --example c6_record_and_judge`

use std::error::Error;

use weftscope_engine::{
    batch::Batch,
    machine, model,
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind},
};
use weftscope_profiler::record::record;
use weftscope_traces::{
    Trace,
    analysis::{Baseline, Config, Ops, Reports, verdict},
};

fn main() -> Result<(), Box<dyn Error>> {
    let run = |strategy| -> Result<Trace, Box<dyn Error>> {
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").ok_or("no such model")?,
            machine: machine::builtin("h100x8").ok_or("no such machine")?,
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { tp: 8, strategy, layers: Some(4), ..Knobs::default() },
        };
        // Any executor does; on GPUs it is `weftscope_engine::cuda::CudaExecutor`.
        let mut executor = Simulator::new(&spec.machine);
        Ok(record(&mut executor, &spec, 1, &mut |_done| true)?)
    };
    let (plain, woven) = (run(StrategyKind::Default)?, run(StrategyKind::TokenWeave)?);
    let baseline = Baseline { name: "default".to_owned(), iteration_ns: plain.span().len_ns() };
    for (trace, baselines) in [(&plain, &[][..]), (&woven, &[baseline][..])] {
        let ops = Ops::of(trace, &Config::default());
        let verdict = verdict(&ops, &Reports::of(&ops), baselines);
        println!("{}\n  {}", trace.meta.title, verdict.sentence);
        verdict.details.iter().for_each(|detail| println!("  - {detail}"));
    }
    Ok(())
}
