//! `plan`: what a run would launch, as a table or as a file that people can change and `record --plan` runs.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use clap::Args;
use weftscope_engine::{choose, plan::Plan};
use weftscope_traces::words::counted;

use super::{
    Failure, Outcome, plain,
    run_args::{Backend, RunArgs, layers},
    run_spec::{run_failure, run_spec},
    stdout,
};
use crate::files::{FileError, is_stdio, write_atomically};

/// Arguments that a plan of a file leaves nothing for: it says all of it itself.
pub(super) const RUN_ARGS: [&str; 17] = [
    "tokens",
    "batch",
    "seq",
    "strategy",
    "model",
    "machine",
    "without",
    "tp",
    "shard_of",
    "transport",
    "split",
    "table",
    "attn_ctas",
    "mlp_ctas",
    "skew",
    "seed",
    "layers",
];

/// Arguments of `plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What to plan.
    #[command(flatten)]
    pub run: RunArgs,
    /// Layers to plan, a number or `all`.
    #[arg(long, default_value = "4", value_name = "N|all")]
    pub layers: String,
    /// Read this plan instead, to check and show it.
    #[arg(long, value_name = "FILE", conflicts_with_all = RUN_ARGS)]
    pub plan: Option<PathBuf>,
    /// File to write, e.g. x.plan.json; - is standard output [default: a table for people]. docs/plans.md has its form.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Plans, and prints or writes it.
pub(super) fn run(args: &PlanArgs) -> Outcome {
    let plan = match &args.plan {
        Some(path) => read(path)?,
        None => {
            let spec = run_spec(&args.run, Backend::Sim, layers(&args.layers)?)?;
            choose::plan(&spec).map_err(|error| run_failure(error.into()))?
        }
    };
    let Some(output) = &args.output else {
        let mut out = plain::stdout();
        write!(out, "{plan}")?;
        return Ok(out.flush()?);
    };
    write(&plan, output)
}

/// Writes a plan's file, and says how much it is; - is standard output.
pub(super) fn write(plan: &Plan, output: &Path) -> Outcome {
    let text = plan.to_json().map_err(|error| Failure::failed(error, "plan"))?;
    if is_stdio(output) {
        return stdout::bytes(|out| Ok(out.write_all(text.as_bytes())?));
    }
    write_atomically(output, |out| {
        out.write_all(text.as_bytes())
            .map_err(|error| FileError::io("cannot write", &error, output))
    })?;
    let ops = counted(plan.ops.len() as u64, "op");
    writeln!(io::stdout(), "{}: {ops} of {}", output.display(), plan.decision.name())?;
    Ok(())
}

/// The plan that a file holds; - is standard input.
pub(super) fn read(path: &Path) -> Result<Plan, Failure> {
    let text =
        if is_stdio(path) { io::read_to_string(io::stdin()) } else { fs::read_to_string(path) };
    let text = text.map_err(|error| FileError::io("cannot read", &error, path))?;
    Plan::from_json(&text).map_err(|error| FileError::new(error.to_string(), path).into())
}
