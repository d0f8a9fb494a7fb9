use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum};
use weftscope_profiler::watch::{Begin, Level, Trigger};

use crate::cli::{digest::job_name, names::NameArgs, outputs, units::Share};
use crate::times::Time;

/// `run`.
#[derive(Debug, Args)]
pub struct ProgramArgs {
    #[arg(short, long, value_name = "FILE", help = output_help())]
    pub output: Option<PathBuf>,
    /// Write digests into this folder while the program runs: of every rank a file for each closed stretch of steps
    /// (docs/digest.md). Without -o nothing else is kept.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["on", "cost"])]
    pub digest: Option<PathBuf>,
    /// Time between two parts of a digest at least.
    #[arg(long, value_name = "TIME", default_value = "10s", requires = "digest")]
    pub digest_every: Time,
    /// Name of the job in digests [default: the launcher's, else `job`].
    #[arg(long, value_name = "NAME", value_parser = job_name, requires = "digest")]
    pub job: Option<String>,
    /// Name of this server, whose clock its ranks share, in digests [default: its host name].
    #[arg(long, value_name = "NAME", requires = "digest")]
    pub server: Option<String>,
    /// How much is recorded.
    #[arg(long, value_enum, default_value_t = LevelArg::Auto)]
    pub level: LevelArg,
    /// Whose thread blocks leave stamps: `worth` (kernels of few, long blocks: products, attention, communication), `all`
    /// (whatever it costs), or the modules with a kernel whose name holds this. Behind commas, `-NAME` for what is left out, e.g.
    /// `worth,-splitK`: the report says which kernels cost most.
    #[arg(long, default_value = "worth", value_name = "WHICH[,-NAME]")]
    pub patch: String,
    /// What stamps may take of the time of the kernels that leave them, estimated: where they take more, the kernel that pays most
    /// leaves none from then on, and that is said [default: 5%; with `--patch all` whatever they take].
    #[arg(long, value_name = "PERCENT")]
    pub budget: Option<Share>,
    /// When recording begins: at the program's first kernel, or with its `cudaProfilerStart` (then it ends with
    /// `cudaProfilerStop`; vLLM, SGLang and TensorRT-LLM call these where they are asked to profile).
    #[arg(long, value_enum, default_value_t = RecordArg::AtStart)]
    pub record: RecordArg,
    /// Record while an NVTX range of this name is open, the first time.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["record", "skip_steps"])]
    pub range: Option<String>,
    /// Record so many steps of each process, then the recording is written and the program goes on. A step ends where a thread
    /// that has launched kernels waits for the GPU.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Let so many steps pass first: compilation, tuning, warming up.
    #[arg(long, value_name = "K", default_value_t = 0, conflicts_with = "record")]
    pub skip_steps: u32,
    /// Record this long from the first recorded kernel on, e.g. 10s; then the recording is written and the program goes on
    /// [default: until it ends].
    #[arg(long = "for", value_name = "TIME")]
    pub duration: Option<Time>,
    /// Record nothing, but say what stamps cost: launches leave stamps in every other half second, and the time from wait to wait
    /// is held against the half seconds beside it.
    #[arg(long, conflicts_with_all = ["output", "record", "steps"])]
    pub cost: bool,
    /// Run it on a server and look at it here: `ssh://user@host:port`, behind it the folder that it runs in there, e.g.
    /// `ssh://gpu-box/~/serving` [default folder: the home folder there]. Given several times it is started on each, with
    /// NODE_RANK and NNODES in its environment, and its parts are shown as one.
    #[arg(long, value_name = "SERVER", conflicts_with_all = ["output", "cost", "duration"])]
    pub on: Vec<String>,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
    /// The program and its arguments; torchrun, mpirun and other launchers too.
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "CMD"
    )]
    pub command: Vec<OsString>,
}

/// What stamps may take where nothing else is said.
const BUDGET: f64 = 0.05;

/// How much is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    /// The most that can be had here: blocks, else channels, else kernels.
    Auto,
    /// Start, end and SM of every thread block, through the Compute Sanitizer's patches.
    Blocks,
    /// Kernels, and the channels of NCCL's: a thread block each, by NCCL's own word (2.27 and later).
    Channels,
    /// Kernels, copies and NVTX ranges, as CUPTI tells them.
    Kernels,
}

impl LevelArg {
    /// The level; `None`: the most that can be had.
    pub(super) fn level(self) -> Option<Level> {
        match self {
            Self::Auto => None,
            Self::Blocks => Some(Level::Blocks),
            Self::Channels => Some(Level::Channels),
            Self::Kernels => Some(Level::Kernels),
        }
    }
}

/// When recording begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RecordArg {
    /// The program's first kernel.
    AtStart,
    /// `cudaProfilerStart`.
    Profiler,
    /// Somebody asks for it: `weftscope ps`, `weftscope record --attach`. Until then the program costs little more than alone.
    Asked,
}

impl ProgramArgs {
    /// What is patched, and what that may cost.
    pub(super) fn patch(&self) -> String {
        let is_all = self.patch.split(',').any(|word| word == "all");
        let share = match self.budget {
            Some(budget) => budget.share,
            None if is_all => return self.patch.clone(),
            None => BUDGET,
        };
        format!("{},within:{share}", self.patch)
    }

    /// When to record.
    pub(super) fn trigger(&self) -> Trigger {
        let by_range = self.range.clone().map(Begin::Range);
        let begin = by_range.unwrap_or(match (self.record, self.skip_steps) {
            (RecordArg::Asked, _) => Begin::Asked,
            (RecordArg::Profiler, _) => Begin::Profiler,
            (RecordArg::AtStart, 0) => Begin::AtStart,
            (RecordArg::AtStart, skipped) => Begin::AfterSteps(skipped),
        });
        Trigger { begin, steps: self.steps }
    }
}

/// `--output` in words.
fn output_help() -> String {
    format!(
        "{} [default: a window that shows what the program does while it runs, and all of it in the end]",
        outputs::output_help()
    )
}
