//! Checkpoints on the command line: opened, and put on the GPUs.

use std::{path::Path, sync::Arc};

use weftscope_engine::{
    cuda::{Checkpoint, CudaExecutor, Weights},
    executor::ExecError,
    model::ModelShape,
    plan::Plan,
};

use super::{Failure, progress::ProgressLine, run_args::Backend};

/// Layers of a run that says nothing of them: every layer of a model does the same.
const LAYERS: &str = "4";

/// The checkpoint in a folder.
pub(super) fn open(folder: &Path) -> Result<Arc<Checkpoint>, Failure> {
    let opened = Checkpoint::open(folder).map(Arc::new);
    opened.map_err(|error| Failure::Failed(error.to_string()))
}

/// The checkpoint that the arguments name, where there are GPUs to put it on.
pub(super) fn on(
    backend: Backend,
    folder: Option<&Path>,
) -> Result<Option<Arc<Checkpoint>>, Failure> {
    match (folder, backend) {
        (None, _) => Ok(None),
        (Some(folder), Backend::Cuda) => open(folder).map(Some),
        (Some(_), Backend::Sim) => {
            Err(Failure::misuse("only real GPUs take weights: add --backend cuda", "--weights"))
        }
    }
}

/// The model that runs: the checkpoint's, where the arguments name no other.
pub(super) fn model(
    named: Option<&str>,
    checkpoint: Option<&Arc<Checkpoint>>,
) -> Option<ModelShape> {
    checkpoint.filter(|_| named.is_none()).map(|checkpoint| checkpoint.model().clone())
}

/// Layers as the arguments say, else all of a checkpoint's.
pub(super) fn layers<'a>(asked: Option<&'a str>, checkpoint: Option<&Arc<Checkpoint>>) -> &'a str {
    asked.unwrap_or(if checkpoint.is_some() { "all" } else { LAYERS })
}

/// GPUs that are to run with a checkpoint's weights, or random ones.
pub(super) fn executor(
    ranks: u32,
    recording: bool,
    checkpoint: Option<Arc<Checkpoint>>,
) -> Result<CudaExecutor, ExecError> {
    Ok(with(CudaExecutor::open(ranks, recording)?, checkpoint))
}

/// The same of an executor that is open.
pub(super) fn with(executor: CudaExecutor, checkpoint: Option<Arc<Checkpoint>>) -> CudaExecutor {
    match checkpoint {
        Some(checkpoint) => executor.with_weights(Weights::Checkpoint(checkpoint)),
        None => executor,
    }
}

/// Puts the weights that a plan needs on the GPUs, and says how far that is.
pub(super) fn load(executor: &mut CudaExecutor, plan: &Plan) -> Result<(), Failure> {
    let mut line = ProgressLine::new("loading weights");
    let mut on_progress = |done, total| line.step(done, Some(total));
    let loaded = executor.load_weights(plan, &mut on_progress);
    loaded.map_err(|error| Failure::failed(error, "--weights"))
}
