//! The arguments of a run, checked and turned into a [`RunSpec`].

use std::{path::Path, sync::Once};

use weftscope_engine::{
    batch::{Batch, MAX_TOKENS},
    machine::{HERE, Machine},
    model::{self, ModelShape},
    plan::PlanError,
    spec::{RunSpec, StrategyKind},
};
use weftscope_profiler::record::RunError;

use super::{
    Failure,
    run_args::{Backend, OnArgs, RunArgs, mechanisms, strategy, unknown},
};
use crate::{
    files::{FileError, read_named_file},
    here::{self, Here, NoSuchMachine, machine_here},
};

/// Model of runs whose arguments name none.
const DEFAULT_MODEL: &str = "llama-3.3-70b";
/// Machine of runs whose arguments name none.
const DEFAULT_MACHINE: &str = "h100x8";
/// The spec that the arguments ask for, with so many layers (`None`: all).
pub(super) fn run_spec(
    args: &RunArgs,
    backend: Backend,
    layers: Option<u32>,
) -> Result<RunSpec, Failure> {
    let batch = match &args.batch {
        Some(text) => text.parse().map_err(|error| Failure::misuse(error, "--batch"))?,
        None => prefill(args.tokens, args.seq)?,
    };
    let strategy = strategy(&args.strategy)?;
    spec_on(&args.on, backend, batch, strategy, layers)
}

/// The spec of one batch and strategy on what the arguments name.
pub(super) fn spec_on(
    args: &OnArgs,
    backend: Backend,
    batch: Batch,
    strategy: StrategyKind,
    layers: Option<u32>,
) -> Result<RunSpec, Failure> {
    let model = model(args.model.as_deref().unwrap_or(DEFAULT_MODEL))?;
    let machine = match (&args.machine, backend) {
        (Some(name), _) => machine_named(name)?,
        (None, Backend::Sim) => machine_named(DEFAULT_MACHINE)?,
        (None, Backend::Cuda) => this_computer("--backend cuda")?,
    };
    if backend == Backend::Cuda && !args.without.is_empty() {
        return Err(Failure::misuse(
            "only what is simulated can do without a mechanism",
            "--without",
        ));
    }
    let machine = machine.without(&mechanisms(&args.without)?);
    let knobs = args.knobs(&machine, strategy, layers)?;
    Ok(RunSpec { model, machine, batch, knobs })
}

/// A run that could not be planned is misuse, and the argument says where; a run that broke off has failed.
pub(super) fn run_failure(error: RunError) -> Failure {
    let argument = match &error {
        RunError::Plan(plan) => match plan {
            PlanError::NoTokens => "--tokens",
            PlanError::Model(_) => "--model",
            PlanError::Degree { .. } => "--shard-of or --tp",
            PlanError::TooFewGpus { .. } => "--tp",
            PlanError::Unsupported { .. } | PlanError::Order { .. } => "--strategy",
            PlanError::Knob { knob, .. } => {
                return Failure::Misuse(format!("{error}: --{knob}"));
            }
        },
        _ => return Failure::failed(error, "the run"),
    };
    Failure::misuse(error, argument)
}

fn model(text: &str) -> Result<ModelShape, Failure> {
    if let Some(model) = model::builtin(text) {
        return Ok(model);
    }
    let Some(json) = read_named_file(text, "model", &model::names().join(", "))? else {
        return Err(unknown("model", text, &model::names().join(", ")));
    };
    let path = Path::new(text);
    // Checkpoints lie in folders of the model's name, all with a file of the same name.
    let name = match path.file_stem() {
        Some(stem) if stem != "config" => Some(stem),
        _ => path.parent().and_then(Path::file_name),
    };
    let name = name.map_or_else(|| "model".to_owned(), |name| name.to_string_lossy().into_owned());
    model::from_hf_config(&json, &name)
        .map_err(|error| FileError::new(error.to_string(), path).into())
}

pub(super) fn machine_named(text: &str) -> Result<Machine, Failure> {
    if text == HERE {
        return this_computer("--machine here");
    }
    here::machine_named(text).map_err(|error| match error {
        NoSuchMachine::File(error) => error.into(),
        NoSuchMachine::NotHere(error) => Failure::failed(error, "--machine here"),
        NoSuchMachine::Unknown { name, names } => unknown("machine", &name, &names),
    })
}

/// This computer's GPUs; a file of theirs that is not used is named, once.
pub(super) fn this_computer(argument: &str) -> Result<Machine, Failure> {
    static TOLD: Once = Once::new();
    let Here { machine, refused } =
        machine_here().map_err(|error| Failure::failed(error, argument))?;
    if let Some(refused) = refused {
        TOLD.call_once(|| eprintln!("weftscope: {refused}"));
    }
    Ok(machine)
}

/// A batch of sequences of `seq` tokens, one if `None`.
pub(super) fn prefill(tokens: u32, seq: Option<u32>) -> Result<Batch, Failure> {
    if tokens == 0 {
        return Err(Failure::misuse(PlanError::NoTokens, "--tokens 0"));
    }
    if tokens > MAX_TOKENS {
        let cause = format!("{tokens} tokens are too many, at most {MAX_TOKENS}");
        return Err(Failure::misuse(cause, "--tokens"));
    }
    let seq = seq.unwrap_or(tokens);
    if seq == 0 {
        return Err(Failure::misuse("a sequence has at least one token", "--seq 0"));
    }
    Ok(Batch::prefill(tokens, seq))
}
