use std::path::PathBuf;

use clap::Args;

use crate::cli::{
    outputs,
    plan::RUN_ARGS,
    run_args::{Backend, RunArgs},
};
use crate::times::Time;

/// `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Record processes that `weftscope run --record asked` has started instead, as `weftscope ps` lists them: a job, a process,
    /// or the path of a socket.
    #[arg(long, value_name = "JOB|PID|SOCKET")]
    pub attach: Option<String>,
    /// With --attach: they run on this server, `ssh://user@host:port`, and are shown here; given several times, on each, as one.
    #[arg(long, value_name = "SERVER", requires = "attach", conflicts_with_all = ["output", "duration"])]
    pub on: Vec<String>,
    /// With --attach: so long, e.g. 10s [default: until it is interrupted or they end].
    #[arg(long = "for", value_name = "TIME", requires = "attach")]
    pub duration: Option<Time>,
    /// What to run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Run the plan of this file, as `weftscope plan -o` writes it, on the simulator.
    #[arg(long, value_name = "FILE", conflicts_with_all = RUN_ARGS, conflicts_with = "attach")]
    pub plan: Option<PathBuf>,
    /// Where to run it.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Folder of a Hugging Face checkpoint (config.json and safetensors) to take the weights from, with
    /// `--backend cuda` [default: random weights].
    #[arg(long, value_name = "FOLDER")]
    pub weights: Option<PathBuf>,
    /// Layers to run, a number or `all`; every layer of a model does the same [default: 4, or all with `--weights`].
    #[arg(long, value_name = "N|all")]
    pub layers: Option<String>,
    /// Iterations, one after another in the recording.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub iterations: u32,
    /// Sample the GPUs' counters this often, e.g. 10us, with `--backend cuda`: SMs and tensor pipe active, memory and
    /// link traffic [default: no counters].
    #[arg(long, value_name = "TIME")]
    pub pm_interval: Option<Time>,
    /// Record what kernels stamp only, without CUPTI, with `--backend cuda`.
    #[arg(long, conflicts_with = "pm_interval")]
    pub no_cupti: bool,
    /// Launch ops one by one instead of each iteration as a CUDA graph, with `--backend cuda`: shows where the host is too slow.
    #[arg(long)]
    pub no_graphs: bool,
    /// Turns with and without recording, before the recording itself, to measure what it costs, with
    /// `--backend cuda`; 0: do not measure.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub overhead_turns: u32,
    #[arg(short, long, value_name = "FILE", required_unless_present = "attach", help = output_help())]
    pub output: Option<PathBuf>,
    /// Keep the collectives' own names in JSON. Else they begin with `nccl`, the only communication that Holistic
    /// Trace Analysis knows; reading such a file here restores them.
    #[arg(long)]
    pub own_names: bool,
    /// Also write one JSON file a rank into this folder, as Holistic Trace Analysis reads them.
    #[arg(long, value_name = "FOLDER")]
    pub ranks_dir: Option<PathBuf>,
}

/// `--output` in words.
fn output_help() -> String {
    format!(
        "{} [default with --attach: a window that shows what the processes do while they run]",
        outputs::output_help()
    )
}
