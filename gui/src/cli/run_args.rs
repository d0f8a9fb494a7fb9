//! The arguments that say what to run, and the knobs that they turn.
//!
//! What a knob is says the table of knobs, [`Knob`]; here stand its argument and the way from there to [`Knobs`].

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use weftscope_engine::{
    machine::{Machine, Mechanism},
    spec::{Chooser, Knobs, SplitChoice, StrategyKind, Transport},
    split::SplitTable,
};

use super::Failure;
use crate::times::Skew;
use crate::{
    app::live::Knob,
    files::{FileError, did_you_mean},
};

/// What to run. The defaults are the program's main job.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Everything but batch and strategy.
    #[command(flatten)]
    pub on: OnArgs,
    /// Tokens of the iteration, all prefill.
    #[arg(long, default_value_t = 8192, value_name = "N", conflicts_with = "batch")]
    pub tokens: u32,
    /// A mixed batch instead: e.g. `4x2048, 64xd1024, 512@4096` (new tokens @ tokens cached).
    #[arg(long, value_name = "LIST", conflicts_with = "seq")]
    pub batch: Option<String>,
    /// Tokens a sequence [default: one sequence of all tokens].
    #[arg(long, value_name = "N")]
    pub seq: Option<u32>,
    /// Overlap strategy (`weftscope list strategies`).
    #[arg(long, default_value = "tokenweave", value_name = "NAME")]
    pub strategy: String,
}

/// What `record`, `bench` and `serving` share.
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
    /// Simulate without these mechanisms, separated by commas (`weftscope list mechanisms`).
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub without: Vec<String>,
    /// [`Knob::Tp`].
    #[arg(long, value_name = "N", help = help(Knob::Tp, "[default: 8, or the machine's GPUs if fewer]"))]
    pub tp: Option<u32>,
    /// [`Knob::ShardOf`].
    #[arg(long, value_name = "N", help = help(Knob::ShardOf, "[default: as --tp]"))]
    pub shard_of: Option<u32>,
    /// [`Knob::Transport`].
    #[arg(long, value_name = "NAME", help = help(Knob::Transport, "(`weftscope list transports`) [default: multimem, or p2p where the machine has no multicast]"))]
    pub transport: Option<String>,
    /// [`Knob::Split`].
    #[arg(long, default_value = "auto", value_name = "N|CHOOSER", help = help(Knob::Split, "a number of tokens, auto, or a chooser (`weftscope list choosers`)"))]
    pub split: String,
    /// Tuned table to use in place of the built-in one, in TokenWeave's JSON format; see `--split table`.
    #[arg(long, value_name = "FILE")]
    pub table: Option<PathBuf>,
    /// [`Knob::AttnCtas`].
    #[arg(long, value_name = "N", help = help(Knob::AttnCtas, "[default: from the chooser]"))]
    pub attn_ctas: Option<u32>,
    /// [`Knob::MlpCtas`].
    #[arg(long, value_name = "N", help = help(Knob::MlpCtas, "[default: from the chooser]"))]
    pub mlp_ctas: Option<u32>,
    /// [`Knob::Skew`].
    #[arg(long, value_name = "RANK:TIME", help = help(Knob::Skew, "e.g. 3:50us; may be given several times"))]
    pub skew: Vec<Skew>,
    /// [`Knob::Seed`].
    #[arg(long, default_value_t = 0, value_name = "N", help = help(Knob::Seed, ""))]
    pub seed: u64,
}

/// Who runs the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The simulator.
    Sim,
    /// The NVIDIA GPUs of this computer, one a rank; tokens are arbitrary.
    Cuda,
}

/// A knob's own words, then what only holds on the command line.
fn help(knob: Knob, more: &str) -> String {
    let what = knob.help();
    match more.chars().next() {
        None => what.to_owned(),
        Some('[' | '(') => format!("{what} {more}"),
        Some(_) => format!("{what}: {more}"),
    }
}

impl OnArgs {
    /// The knobs as these arguments turn them on `machine`.
    ///
    /// # Errors
    /// Misuse, with the argument that it is about.
    pub(super) fn knobs(
        &self,
        machine: &Machine,
        strategy: StrategyKind,
        layers: Option<u32>,
    ) -> Result<Knobs, Failure> {
        let transport = match &self.transport {
            Some(name) => known("transport", name, &Transport::ALL, Transport::name)?,
            None if machine.link.multimem_bytes_per_s.is_some() => Transport::Multimem,
            None => Transport::P2p,
        };
        let tp = self.tp.unwrap_or_else(|| machine.gpus.min(8));
        Ok(Knobs {
            tp,
            shard_of: self.shard_of,
            strategy,
            transport,
            split: split(&self.split)?,
            table: self.table.as_deref().map(table).transpose()?,
            attn_ctas: self.attn_ctas,
            mlp_ctas: self.mlp_ctas,
            layers,
            skew_ns: skew_ns(&self.skew, tp)?,
            slowdown: Vec::new(),
            seed: self.seed,
        })
    }
}

/// Mechanisms by name.
pub(super) fn mechanisms(names: &[String]) -> Result<Vec<Mechanism>, Failure> {
    let one = |name: &String| {
        let found = Mechanism::ALL.into_iter().find(|mechanism| mechanism.name() == name);
        found.ok_or_else(|| {
            let names = Mechanism::ALL.map(Mechanism::name).join(", ");
            let near = did_you_mean(name, names.split(", "));
            let cause = format!("unknown mechanism {name:?}{near} (known: {names})");
            Failure::misuse(cause, "--without")
        })
    };
    names.iter().map(one).collect()
}

/// A strategy by name.
pub(super) fn strategy(name: &str) -> Result<StrategyKind, Failure> {
    known("strategy", name, &StrategyKind::ALL, StrategyKind::name)
}

/// The strategies of the argument, each once.
pub(super) fn strategies(names: &[String]) -> Result<Vec<StrategyKind>, Failure> {
    let mut chosen = Vec::new();
    for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        let these = match name {
            "all" => StrategyKind::ALL.to_vec(),
            name => vec![strategy(name)?],
        };
        for kind in these {
            if !chosen.contains(&kind) {
                chosen.push(kind);
            }
        }
    }
    if chosen.is_empty() {
        return Err(Failure::misuse("no strategy is named", "--strategy"));
    }
    Ok(chosen)
}

/// A number of layers, or all.
pub(super) fn layers(text: &str) -> Result<Option<u32>, Failure> {
    if text == "all" {
        return Ok(None);
    }
    let wrong = |_| Failure::misuse(format!("{text:?} is neither a number nor `all`"), "--layers");
    text.parse().map(Some).map_err(wrong)
}

/// Misuse: a name that stands for nothing.
pub(super) fn unknown(what: &str, text: &str, known: &str) -> Failure {
    let near = did_you_mean(text, known.split(", "));
    Failure::misuse(format!("unknown {what} {text:?}{near} (known: {known})"), &format!("--{what}"))
}

fn split(text: &str) -> Result<SplitChoice, Failure> {
    if text == "auto" {
        return Ok(SplitChoice::Auto(Chooser::Simulated));
    }
    if let Ok(tokens) = text.parse() {
        return Ok(SplitChoice::Fixed(tokens));
    }
    Chooser::from_name(text).map(SplitChoice::Auto).ok_or_else(|| {
        let names = Chooser::ALL.map(Chooser::name).join(", ");
        unknown("split", text, &format!("a number of tokens, auto, {names}"))
    })
}

fn table(path: &Path) -> Result<SplitTable, Failure> {
    let json =
        fs::read_to_string(path).map_err(|error| FileError::io("cannot read", &error, path))?;
    SplitTable::parse(&json).map_err(|error| FileError::new(error.to_string(), path).into())
}

fn skew_ns(skews: &[Skew], tp: u32) -> Result<Vec<i64>, Failure> {
    let mut skew_ns = Vec::new();
    for skew in skews {
        if skew.rank >= tp {
            let cause = format!("there is no rank {} among {tp}", skew.rank);
            return Err(Failure::misuse(cause, "--skew"));
        }
        let rank = skew.rank as usize;
        skew_ns.resize(skew_ns.len().max(rank + 1), 0);
        skew_ns[rank] = skew.late.ns;
    }
    Ok(skew_ns)
}

fn known<T: Copy>(
    what: &str,
    text: &str,
    all: &[T],
    name: fn(T) -> &'static str,
) -> Result<T, Failure> {
    all.iter().copied().find(|&one| name(one) == text).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|&one| name(one)).collect();
        unknown(what, text, &names.join(", "))
    })
}
