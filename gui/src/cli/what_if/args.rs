use std::path::PathBuf;

use clap::Args;
use weftscope_traces::replay::{Edit, EditForm};

use crate::cli::{names::NameArgs, outputs};

/// `what-if`.
///
/// Runs a recording once more, op by op, with changes: what would an iteration take, why, and how far is that off? Without a change it says how near
/// the replay comes to the recording.
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub struct WhatIfArgs {
    /// Recordings; several files are ranks of one job.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What to change; several are made one after another.
    #[arg(long, value_name = "EDIT")]
    pub edit: Vec<String>,
    /// Try what usually pays, and rank it by what it would bring.
    #[arg(long, conflicts_with_all = ["edit", "output", "against"])]
    pub suggest: bool,
    /// A recording of the changed run, to hold the prediction against; several files are ranks of one job.
    #[arg(long, value_name = "FILE", requires = "edit", num_args = 1..)]
    pub against: Vec<PathBuf>,
    /// Machine-readable.
    #[arg(long)]
    pub json: bool,
    /// Write the predicted timeline, marked as modelled.
    #[arg(short, long, value_name = "FILE", help = format!("Write the predicted timeline, marked MODELLED. {}", outputs::output_help()))]
    pub output: Option<PathBuf>,
    /// What kernels are.
    #[command(flatten)]
    pub names: NameArgs,
}

/// The edits, each in a line.
fn after_help() -> String {
    let width = Edit::FORMS.iter().map(|it| it.form.chars().count()).max().unwrap_or(0);
    let line = |it: &EditForm| format!("  {:width$}  {}", it.form, it.what);
    let lines: Vec<String> = Edit::FORMS.iter().map(line).collect();
    format!(
        "Edits:\n{}\n\nExamples:\n  weftscope what-if rank*.json.gz --suggest\n  weftscope what-if rank*.json.gz --edit fuse-norm --edit weave -o predicted.weft",
        lines.join("\n")
    )
}
