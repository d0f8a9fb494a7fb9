use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::units::{Size, Skew, Time};

/// Is my communication overlapped, and why not?
///
/// Without a subcommand: a window with a simulated tensor-parallel run, live, or with FILE. Without a display the
/// same run happens without a window: the report goes to standard output, the recording to weftscope.json.gz and
/// its picture to weftscope.png in the current folder.
#[derive(Debug, Parser)]
#[command(name = "weftscope", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; nothing: the window.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Arguments of the window.
    #[command(flatten)]
    pub window: WindowArgs,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a strategy, on a simulated machine or on GPUs, and write the recording.
    Record(Box<RecordArgs>),
    /// Run strategies against one another: time of a layer, hidden communication, each kernel against its floor.
    Bench(Box<BenchArgs>),
    /// Say how much communication is hidden.
    Report(ReportArgs),
    /// Draw a timeline as a picture, without a display or a GPU.
    Shot(ShotArgs),
    /// Write a recording in another format.
    Convert(ConvertArgs),
    /// Say what differs between two recordings.
    Compare(CompareArgs),
    /// List what can be chosen.
    List(ListArgs),
    /// Say what is available here, and the remedy for what is not.
    Doctor,
    /// Check every kernel against its reference, on the GPUs of this computer.
    #[cfg(feature = "live")]
    #[command(hide = true)]
    GpuCheck(GpuCheckArgs),
}

/// No subcommand.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// Recordings to open as one: .weft, Chrome/PyTorch JSON, plain or gzip; several are ranks of one job. A sample is
    /// named by `sample:NAME` (`weftscope list samples`).
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Do not open a window even where there is a display.
    #[arg(long)]
    pub headless: bool,
}

/// What to run. The defaults are the program's main job.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Everything but batch and strategy.
    #[command(flatten)]
    pub on: OnArgs,
    /// Tokens of the iteration, all prefill.
    #[arg(long, default_value_t = 8192, value_name = "N", conflicts_with = "batch")]
    pub tokens: u32,
    /// A mixed batch instead: e.g. `4x2048, 64xdecode@1024, 512@4096` (new tokens @ tokens cached).
    #[arg(long, value_name = "LIST", conflicts_with = "seq")]
    pub batch: Option<String>,
    /// Overlap strategy (`weftscope list strategies`).
    #[arg(long, default_value = "tokenweave", value_name = "NAME")]
    pub strategy: String,
}

/// What `record` and `bench` share.
#[derive(Debug, Args)]
pub struct OnArgs {
    /// Model by name (`weftscope list models`), or the path of a Hugging Face config.json [default: llama-3.3-70b,
    /// or the model of `--weights`].
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// Machine by name (`weftscope list machines`; `here`: the GPUs of this computer), or the path of a machine file.
    /// [default: h100x8, or this computer's GPUs with `--backend cuda`]
    #[arg(long, value_name = "NAME|FILE")]
    pub machine: Option<String>,
    /// Tensor-parallel degree: ranks, one GPU each [default: 8, or the machine's GPUs if fewer].
    #[arg(long, value_name = "N")]
    pub tp: Option<u32>,
    /// Shard sizes as if the degree were this; times then show that degree's ratio of compute to communication.
    #[arg(long, value_name = "N")]
    pub shard_of: Option<u32>,
    /// Tokens a sequence [default: one sequence of all tokens].
    #[arg(long, value_name = "N")]
    pub seq: Option<u32>,
    /// How bytes travel: multimem, p2p or nccl [default: multimem, or p2p where the machine has no multicast].
    #[arg(long, value_name = "NAME")]
    pub transport: Option<String>,
    /// Where the batch is cut: a number of tokens, or a chooser: auto, wave-model, table, half.
    #[arg(long, default_value = "auto", value_name = "N|CHOOSER")]
    pub split: String,
    /// Tuned table to use in place of the built-in one, in TokenWeave's JSON format; see `--split table`.
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// CTAs of the collectives under attention [default: from the chooser].
    #[arg(long, value_name = "N")]
    pub attn_ctas: Option<u32>,
    /// CTAs of the collectives under the MLP [default: from the chooser].
    #[arg(long, value_name = "N")]
    pub mlp_ctas: Option<u32>,
    /// A rank that starts late, RANK:TIME, e.g. 3:50us; may be given several times.
    #[arg(long, value_name = "RANK:TIME")]
    pub skew: Vec<Skew>,
    /// Seed of the jitter of thread blocks; the same seed gives the same run.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
}

/// `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// What to run.
    #[command(flatten)]
    pub run: RunArgs,
    /// Where to run it.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Folder of a Hugging Face checkpoint (config.json and safetensors) to take the weights from, with
    /// `--backend cuda` [default: random weights].
    #[arg(long, value_name = "FOLDER")]
    pub weights: Option<PathBuf>,
    /// Layers to run, a number or `all`; every layer of a model does the same.
    #[arg(long, default_value = "4", value_name = "N|all")]
    pub layers: String,
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
    /// Turns with and without recording, before the recording itself, to measure what it costs, with
    /// `--backend cuda`; 0: do not measure.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub overhead_turns: u32,
    /// File to write; its name says the format: .json, .json.gz or .weft.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Keep the collectives' own names in JSON. Else they begin with `nccl`, the only communication that Holistic
    /// Trace Analysis knows; reading such a file here restores them.
    #[arg(long)]
    pub own_names: bool,
    /// Also write one JSON file a rank into this folder, as Holistic Trace Analysis reads them.
    #[arg(long, value_name = "FOLDER")]
    pub ranks_dir: Option<PathBuf>,
}

/// `bench`.
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// What to run.
    #[command(flatten)]
    pub on: OnArgs,
    /// Strategies that take turns (`weftscope list strategies`), separated by commas, or `all`.
    #[arg(long, default_value = "all", value_name = "A,B|all", value_delimiter = ',')]
    pub strategy: Vec<String>,
    /// Tokens of an iteration, all prefill; one table each.
    #[arg(long, default_value = "2048,4096,8192", value_name = "N,N", value_delimiter = ',')]
    pub tokens: Vec<u32>,
    /// Where to run it.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Layers to run, at least three: the first and the last do not count.
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub layers: u32,
    /// Turns that each strategy gets; figures are medians over all iterations of all turns.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub turns: u32,
    /// Iterations of a turn, back to back.
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub iterations: u32,
    /// Also write every figure to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Who runs the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The simulator.
    Sim,
    /// The NVIDIA GPUs of this computer, one a rank; tokens are arbitrary.
    Cuda,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Recordings; several files of one job (one a rank) are matched, so that waiting for a late rank is told
    /// apart from transfer.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// Kernels whose name matches are communication too; may be given several times.
    #[arg(long, value_name = "REGEX")]
    pub comm: Vec<String>,
}

/// `shot`.
#[derive(Debug, Args)]
pub struct ShotArgs {
    /// Recordings to draw; several of one job share the timeline.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Picture to write.
    #[arg(short, long, value_name = "PNG")]
    pub output: PathBuf,
    /// Size in pixels.
    #[arg(long, default_value = "1920x1080", value_name = "WxH")]
    pub size: Size,
    /// First time drawn, e.g. 1.2ms [default: the beginning].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<Time>,
    /// Time up to which is drawn [default: the end].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<Time>,
    /// Colours.
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
}

/// Colours of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ThemeArg {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

/// `convert`.
#[derive(Debug, Args)]
pub struct ConvertArgs {
    /// Recording to read.
    pub input: PathBuf,
    /// File to write; its name says the format: .json, .json.gz or .weft.
    pub output: PathBuf,
    /// Keep the collectives' own names in JSON. Else they begin with `nccl`, the only communication that Holistic
    /// Trace Analysis knows; reading such a file here restores them.
    #[arg(long)]
    pub own_names: bool,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// What to compare with.
    pub before: PathBuf,
    /// What to compare.
    pub after: PathBuf,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list.
    #[arg(value_enum)]
    pub what: Listing,
}

/// `gpu-check`.
#[cfg(feature = "live")]
#[derive(Debug, Args)]
pub struct GpuCheckArgs {
    /// Only checks whose name contains this.
    #[arg(long, value_name = "NAME")]
    pub filter: Option<String>,
    /// Tiny shapes on one GPU, for compute-sanitizer.
    #[arg(long)]
    pub quick: bool,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Listing {
    /// Built-in models.
    Models,
    /// Simulated machines.
    Machines,
    /// Overlap strategies.
    Strategies,
    /// Who decides where the batch is cut.
    Choosers,
    /// How collectives move their bytes.
    Transports,
    /// Recordings that come with the program; `sample:NAME` opens one.
    Samples,
}
