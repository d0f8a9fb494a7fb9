//! Requests served by this computer's GPUs, one strategy after the other.

use std::sync::Arc;

use weftscope_engine::{
    cuda::Checkpoint,
    generate::{Sampler, Sampling},
    serving::{OnGpus, Prompts, Served, ServingSpec, serve},
};

use super::{ServingArgs, failure};
use crate::{
    cli::{
        Failure, generate::sampling_failure, progress::ProgressLine, run_args::Backend, weights,
    },
    serving::Workload,
};

/// How tokens are picked.
pub(super) fn sampling(args: &ServingArgs) -> Result<Sampling, Failure> {
    let ServingArgs { temperature, top_p, .. } = *args;
    let sampling = Sampling { temperature, top_p, seed: args.on.seed };
    Sampler::new(sampling).map_err(sampling_failure)?;
    if args.backend == Backend::Sim
        && sampling != (Sampling { seed: sampling.seed, ..Sampling::default() })
    {
        let cause = "a simulated machine draws no tokens: add --backend cuda";
        return Err(Failure::misuse(cause, "--temperature, --top-p"));
    }
    Ok(sampling)
}

/// Serves by each strategy in turn; weights stay where they are.
pub(super) fn serve_all(
    specs: &[ServingSpec],
    workload: &Workload,
    sampling: Sampling,
    checkpoint: Option<Arc<Checkpoint>>,
) -> Result<Vec<Served>, Failure> {
    let opened = weights::executor(specs[0].knobs.tp, false, checkpoint);
    let mut executor = opened.map_err(|error| Failure::failed(error, "--backend cuda"))?;
    let total = Some(workload.requests.len() as u64);
    let mut all = Vec::new();
    for spec in specs {
        let mut line =
            ProgressLine::new(format!("{}: {}", spec.knobs.strategy.name(), workload.words));
        let prompts = Prompts::Random(spec.knobs.seed);
        let mut engine = OnGpus::new(executor, spec, prompts, sampling, None).map_err(failure)?;
        let served = serve(spec, &workload.requests, &mut engine, &mut |_, answered| {
            line.step(answered, total);
            true
        });
        all.push(served.map_err(failure)?);
        executor = engine.into_executor();
    }
    Ok(all)
}
