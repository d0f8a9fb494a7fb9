use std::path::PathBuf;

use clap::Args;

use crate::cli::run_args::{Backend, OnArgs};

/// `tune`.
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// What to tune for.
    #[command(flatten)]
    pub on: OnArgs,
    /// Numbers of tokens, all prefill; a row each.
    #[arg(
        long,
        default_value = "1024,2048,4096,8192,16384,32768,65536",
        value_name = "N,N",
        value_delimiter = ','
    )]
    pub tokens: Vec<u32>,
    /// Tokens a sequence [default: one sequence of all tokens].
    #[arg(long, value_name = "N")]
    pub seq: Option<u32>,
    /// Simulate only, or measure the best few that were simulated.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Cuts that are measured with `--backend cuda`, and with them the best without a cut.
    #[arg(long, default_value_t = 6, value_name = "N")]
    pub measure: usize,
    /// Table to write, in TokenWeave's JSON format, after every number of tokens; rows that it has already are kept, so that
    /// what was interrupted goes on.
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Tune rows anew that the table has.
    #[arg(long, requires = "output")]
    pub again: bool,
    /// Also write every candidate's time to this file.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}
