//! The command line: subcommands, and the arguments of those that do not run anything.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::{
    bench, calibrate, digest, generate, lesson,
    names::NameArgs,
    neighbour, outputs, plan, rank, record, run, serving, tables, tune,
    units::{Share, Size},
    validate, web, what_if,
};
use crate::times::Time;

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
    Record(Box<record::RecordArgs>),
    /// Print what a run would launch, or write it as a file to change and to record.
    Plan(Box<plan::PlanArgs>),
    /// Run any CUDA program and record what every SM does: thread blocks of kernels that nobody changed.
    Run(Box<run::ProgramArgs>),
    /// Run one process of a job that srun, torchrun, mpirun or Kubernetes starts as many, on one server or on several.
    Rank(Box<rank::RankArgs>),
    /// List the processes that are there to be recorded.
    Ps,
    /// Run strategies against one another: time of a layer, hidden communication, each kernel against its roofline.
    Bench(Box<bench::BenchArgs>),
    /// Serve requests on a simulated machine or on GPUs: tokens a second and latencies of each strategy.
    #[command(visible_alias = "serve-bench")]
    Serving(Box<serving::ServingArgs>),
    /// Hold the simulator's predictions against what was measured, for every data set that ships.
    Validate(validate::ValidateArgs),
    /// Fit a machine file to this computer's GPUs, or to data sets that ship.
    Calibrate(Box<calibrate::CalibrateArgs>),
    /// Find the best cuts and CTAs for a model and a degree, and write them as a table.
    Tune(Box<tune::TuneArgs>),
    /// Go on with a text: a checkpoint's model on this computer's GPUs.
    Generate(Box<generate::GenerateArgs>),
    /// Learn: predict, try on the simulator, see why.
    Lesson(lesson::LessonArgs),
    /// Run a system that the field places beside TokenWeave, with its idea and without, beside what it claims.
    Neighbour(neighbour::NeighbourArgs),
    /// Write viewer, simulator and lessons as a page for a browser.
    Web(web::WebArgs),
    /// Say how much communication is hidden.
    Report(ReportArgs),
    /// Draw a timeline as a picture, without a display or a GPU.
    Shot(ShotArgs),
    /// Write a recording in another format.
    Convert(ConvertArgs),
    /// Write what each rank did, op by op, as Parquet: for questions over thousands of ranks.
    Digest(digest::DigestArgs),
    /// Say what differs between two recordings.
    Compare(CompareArgs),
    /// Run a recording once more, changed: what would an iteration take?
    WhatIf(what_if::WhatIfArgs),
    /// Ask a recording in SQL; tables are named as Perfetto names them.
    Sql(SqlArgs),
    /// List what can be chosen.
    List(ListArgs),
    /// Run for a window on another computer, over standard input and output: what `weftscope ssh://HOST` starts there.
    #[cfg(feature = "live")]
    Agent(super::agent::AgentArgs),
    /// Run for windows elsewhere, on a socket: through `ssh -L`, into containers, or over TLS.
    #[cfg(feature = "live")]
    Serve(super::serve::ServeArgs),
    /// Say what is available here, and the remedy for what is not.
    Doctor,
    /// Print what a shell needs to complete commands and options.
    Completions(CompletionsArgs),
    /// Print a page for `man`.
    Man(ManArgs),
    /// Check every kernel against its reference, on the GPUs of this computer.
    #[cfg(feature = "gpus")]
    #[command(hide = true)]
    GpuCheck(GpuCheckArgs),
}

/// No subcommand.
#[derive(Debug, Args)]
pub struct WindowArgs {
    /// Recordings to open as one: .weft, Chrome/PyTorch JSON, Perfetto, Nsight Systems, rocprofv3, XPlane, plain or packed; several are ranks of one job. A sample is
    /// named by `sample:NAME` (`weftscope list samples`). Or a server to run on: ssh://user@host:port, on which weftscope is installed, or the link that `weftscope serve` printed there.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Hold FILE against this recording: one clock, and what differs; several files are ranks of one job.
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "files")]
    pub against: Vec<PathBuf>,
    /// Do not open a window even where there is a display.
    #[arg(long)]
    pub headless: bool,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Recordings, or a folder of them; several files of one job (one a rank) are matched, so that waiting for a late rank
    /// is told apart from transfer.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// Print this table instead, as CSV or with --json as JSON; `weftscope list tables` names them.
    #[arg(long, value_name = "NAME", value_parser = tables::names(|it| !it.is_of_comparison()), hide_possible_values = true)]
    pub table: Option<String>,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// `shot`.
#[derive(Debug, Args)]
pub struct ShotArgs {
    /// Recordings to draw; several of one job share the timeline.
    #[arg(required = true)]
    pub files: Vec<PathBuf>,
    /// Picture to write, its format by its name: .png, .svg or .pdf, fonts in the file; - is standard output, as PNG.
    #[arg(short, long, value_name = "PICTURE")]
    pub output: PathBuf,
    /// What to draw.
    #[arg(long, value_enum, default_value_t = FigureArg::Timeline)]
    pub figure: FigureArg,
    /// What `--figure compare` holds the recording against, as the first of both; several files are ranks of one job.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub against: Vec<PathBuf>,
    /// What `--figure curve` varies [default: split].
    #[arg(long, value_enum)]
    pub over: Option<OverArg>,
    /// Size in points [default: 1920x1080 of the timeline, 1000 wide and as high as it takes of a figure].
    #[arg(long, value_name = "WxH")]
    pub size: Option<Size>,
    /// Pixels of PNG for a point [default: 1 of the timeline, 2 of a figure].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=8))]
    pub scale: Option<u8>,
    /// First time drawn, e.g. 1.2ms [default: the beginning].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<Time>,
    /// Time up to which is drawn [default: the end].
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<Time>,
    /// Colours.
    #[arg(long, value_enum, default_value_t = ThemeArg::Dark)]
    pub theme: ThemeArg,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// What a picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FigureArg {
    /// All rows over time, as the window has them.
    Timeline,
    /// The share of each rank's SMs by kind over time, and what of it is hidden.
    Ribbon,
    /// Computation, communication and slack by phase.
    Phases,
    /// Iteration time over the cut or over CTAs, simulated for the run recorded.
    Curve,
    /// What an iteration consists of here and in the recording of --against, and why it differs.
    Compare,
}

/// What a curve varies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OverArg {
    /// Tokens in split 0.
    Split,
    /// CTAs of communication under attention.
    AttnCtas,
    /// CTAs of communication under the MLP.
    MlpCtas,
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
    /// Recording to read; - is standard input, here and wherever a recording is read.
    pub input: PathBuf,
    #[arg(help = outputs::output_or_table_help())]
    pub output: PathBuf,
    /// Write this table of the recording, as .csv, .parquet or .json; of those formats that hold tables only it is slices
    /// when none is named. docs/tables.md has their columns.
    #[arg(long, value_name = "NAME", value_parser = tables::names(|it| !it.is_of_comparison()), hide_possible_values = true)]
    pub table: Option<String>,
    /// Keep the collectives' own names in JSON. Else they begin with `nccl`, the only communication that Holistic
    /// Trace Analysis knows; reading such a file here restores them.
    #[arg(long)]
    pub own_names: bool,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// `compare`.
///
/// Says whether the second is faster, slower, the same within noise or not comparable: by the median iteration, what is
/// chance by the iterations' own spread, and why by causes that add up to the change.
#[derive(Debug, Args)]
#[command(
    override_usage = "weftscope compare [OPTIONS] <BEFORE> <AFTER>\n       weftscope compare [OPTIONS] <BEFORE>... --to <AFTER>...",
    after_help = "Exit codes: 0 compared, 1 failed or, with --fail-over, slower by more than that or not comparable, 2 misuse."
)]
pub struct CompareArgs {
    /// What to compare with, then what to compare; with --to only the former, several files being ranks of one job.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What to compare; several files are ranks of one job.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub to: Vec<PathBuf>,
    /// Exit with 1 where an iteration takes longer by more than this (and by more than noise), and where the two are not
    /// comparable, e.g. 3%.
    #[arg(long, value_name = "PERCENT")]
    pub fail_over: Option<Share>,
    /// Ops of different layers apart.
    #[arg(long)]
    pub by_layer: bool,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// Print this table instead, as CSV or with --json as JSON.
    #[arg(long, value_name = "NAME", value_parser = tables::names(|it| it.is_of_comparison()))]
    pub table: Option<String>,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// `sql`.
#[derive(Debug, Args)]
#[command(
    after_help = "Tables: slice, gpu_slice, thread_slice, block, op, iteration, overlap, collective, track, gpu_track, thread_track, thread, process, counter, counter_track, gpu_counter_track, args, flow, trace_bounds, and those of `weftscope list tables` with underscores for hyphens.\n\nExamples:\n  weftscope sql run.json.gz 'select name, count(*), sum(dur) from gpu_slice group by name order by 3 desc limit 10'\n  weftscope sql run.json.gz --question longest-kernels --track longest -o longest.pftrace"
)]
pub struct SqlArgs {
    /// Recordings, then the query; several files are ranks of one job. The query - is read from standard input.
    #[arg(required = true, num_args = 1.., value_names = ["FILE", "QUERY"])]
    pub files_and_query: Vec<PathBuf>,
    /// Ask this instead of a query of your own (`weftscope list questions`).
    #[arg(long, value_name = "NAME", value_parser = super::sql::questions())]
    pub question: Option<String>,
    /// Comma-separated values.
    #[arg(long)]
    pub csv: bool,
    /// One array of objects.
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Write the answer as Parquet; - is standard output.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["csv", "json"])]
    pub parquet: Option<PathBuf>,
    /// Write the recording with the answer as a track of this name: columns ts and dur, and, where it has them, name, rank
    /// and track.
    #[arg(long, value_name = "NAME", requires = "output", conflicts_with_all = ["csv", "json", "parquet"])]
    pub track: Option<String>,
    /// What --track writes.
    #[arg(short, long, value_name = "FILE", requires = "track", help = outputs::output_help())]
    pub output: Option<PathBuf>,
    /// Stop a query that takes longer.
    #[arg(long, value_name = "TIME", default_value = "60s")]
    pub time_limit: Time,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// What to list; nothing: what there is to list.
    #[arg(value_enum)]
    pub what: Option<Listing>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// As comma-separated values.
    #[arg(long, conflicts_with = "json")]
    pub csv: bool,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum)]
    pub shell: Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The command whose page it is [default: the program's].
    pub command: Option<String>,
    /// Write the pages of all commands into this folder instead, e.g. ~/.local/share/man/man1.
    #[arg(short, long, value_name = "FOLDER", conflicts_with = "command")]
    pub output: Option<PathBuf>,
}

/// `gpu-check`.
#[cfg(feature = "gpus")]
#[derive(Debug, Args)]
pub struct GpuCheckArgs {
    /// Only checks whose name contains this.
    #[arg(long, value_name = "NAME")]
    pub filter: Option<String>,
    /// Tiny shapes, for compute-sanitizer.
    #[arg(long)]
    pub quick: bool,
    /// GPUs to use at most [default: all; 1 with `--quick`].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub gpus: Option<u32>,
    /// Instead: a live run without a window, its knobs turned at random for so long.
    #[arg(long, value_name = "TIME", conflicts_with_all = ["filter", "quick", "gpus"])]
    pub live: Option<crate::times::Time>,
    /// Machine of `--live` [default: the GPUs of this computer].
    #[arg(long, value_name = "NAME", requires = "live")]
    pub machine: Option<String>,
    /// What `--live` turns.
    #[arg(long, value_name = "N", default_value_t = 0, requires = "live")]
    pub seed: u64,
    /// Turn nothing: whether memory stays what it is.
    #[arg(long, requires = "live", conflicts_with = "seed")]
    pub still: bool,
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
    /// What makes a simulated run take as long as it does; `--without NAME` takes one out.
    Mechanisms,
    /// Recordings that come with the program; `sample:NAME` opens one.
    Samples,
    /// Tables that `convert`, `report` and `compare` write with `--table`.
    Tables,
    /// Questions that `sql` asks with `--question`.
    Questions,
    /// Lessons that `lesson` plays.
    Lessons,
    /// Systems beside TokenWeave that `neighbour` runs.
    Neighbours,
}
