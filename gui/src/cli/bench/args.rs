use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum};

use crate::cli::run_args::{Backend, OnArgs};
use crate::times::Time;

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
    /// Tokens a sequence [default: one sequence of all tokens].
    #[arg(long, value_name = "N")]
    pub seq: Option<u32>,
    /// Where to run it.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Folder of a Hugging Face checkpoint to take the weights from, with `--backend cuda` [default: random weights].
    #[arg(long, value_name = "FOLDER", conflicts_with = "inject")]
    pub weights: Option<PathBuf>,
    /// Layers to run, a number or `all`, at least three: the first and the last do not count. Each strategy has the weights
    /// of its layers in memory by itself.
    #[arg(long, default_value = "4", value_name = "N|all")]
    pub layers: String,
    /// Turns that each strategy gets; figures are medians over all iterations of all turns.
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub turns: u32,
    /// Iterations of a turn, back to back.
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub iterations: u32,
    /// Measure instead what `weftscope run` costs and how true it is: a PyTorch layer in --turns turns (three are enough),
    /// alone and watched, for each of --tokens; on --tp GPUs [default: two].
    #[arg(long, conflicts_with = "json")]
    pub inject: bool,
    /// With --inject: the Python that has PyTorch.
    #[arg(long, value_name = "PYTHON", default_value = "python3", requires = "inject")]
    pub python: OsString,
    /// With --inject: how long blocks are recorded to see whether any is lost.
    #[arg(long, value_name = "TIME", default_value = "60s", requires = "inject")]
    pub live: Time,
    /// With --inject: what to measure, separated by commas.
    #[arg(
        long,
        value_enum,
        value_name = "A,B",
        value_delimiter = ',',
        default_value = "layer,start,product,own,lost",
        hide_possible_values = true,
        requires = "inject"
    )]
    pub parts: Vec<Part>,
    /// Also write every figure to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// A part of `bench --inject`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// What a PyTorch layer costs alone and watched.
    Layer,
    /// What loading the library adds to a program's start.
    Start,
    /// One product between two events beside its blocks.
    Product,
    /// Our own kernels, stamped by themselves and by patches.
    Own,
    /// Blocks lost in a long recording.
    Lost,
}
