use weftscope_traces::Classifier;

use super::{Failure, Outcome, args::Listing};
use crate::files::{SAMPLES, Sample, no_hook, open_trace};

/// Prints a table of names and one line about each.
pub(super) fn run(what: Listing) -> Outcome {
    use std::io::Write;

    let rows = match what {
        Listing::Samples => samples()?,
        what => rows(what)?,
    };
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut out = std::io::stdout().lock();
    for (name, line) in rows {
        writeln!(out, "{name:width$}  {line}")?;
    }
    Ok(out.flush()?)
}

type Rows = Vec<(String, String)>;

fn samples() -> Result<Rows, Failure> {
    let row = |sample: &Sample| {
        let path = sample.path();
        let trace = open_trace(&path, &Classifier::default(), &mut no_hook)?;
        Ok((path.display().to_string(), trace.meta.title))
    };
    SAMPLES.iter().map(row).collect()
}

#[cfg(feature = "live")]
fn rows(what: Listing) -> Result<Rows, Failure> {
    use weftscope_engine::{
        cuda::machine_here,
        machine, model,
        spec::{Chooser, StrategyKind, Transport},
    };

    use super::run_spec::HERE;

    let row = |name: &str, line: &str| (name.to_owned(), line.to_owned());
    Ok(match what {
        Listing::Models => model::names()
            .into_iter()
            .filter_map(|name| Some((name.to_owned(), model_line(&model::builtin(name)?))))
            .collect(),
        Listing::Machines => {
            let here = machine_here().map(|machine| row(HERE, &machine.title)).ok();
            let known =
                machine::names().filter_map(|name| Some(row(name, &machine::builtin(name)?.title)));
            here.into_iter().chain(known).collect()
        }
        Listing::Strategies => {
            StrategyKind::ALL.map(|kind| row(kind.name(), strategy_line(kind))).to_vec()
        }
        Listing::Choosers => {
            Chooser::ALL.map(|chooser| row(chooser.name(), chooser_line(chooser))).to_vec()
        }
        Listing::Transports => Transport::ALL
            .map(|transport| row(transport.name(), transport_line(transport)))
            .to_vec(),
        Listing::Samples => Vec::new(),
    })
}

#[cfg(feature = "live")]
fn model_line(model: &weftscope_engine::model::ModelShape) -> String {
    use weftscope_engine::model::Ffn;

    let ffn = match model.ffn {
        Ffn::Dense { intermediate } => format!("dense {intermediate}"),
        Ffn::Moe { experts, top_k, intermediate, shared_intermediate: 0 } => {
            format!("{top_k} of {experts} experts of {intermediate}")
        }
        Ffn::Moe { experts, top_k, intermediate, shared_intermediate } => {
            format!(
                "{top_k} of {experts} experts of {intermediate} and a shared one of {shared_intermediate}"
            )
        }
    };
    format!(
        "{} layers, hidden {}, {} heads ({} K/V) of {}, {ffn}",
        model.layers, model.hidden, model.heads, model.kv_heads, model.head_dim
    )
}

#[cfg(feature = "live")]
fn strategy_line(kind: weftscope_engine::spec::StrategyKind) -> &'static str {
    use weftscope_engine::spec::StrategyKind;

    match kind {
        StrategyKind::Default => "ring all-reduce, then add + RMSNorm; one stream",
        StrategyKind::Multimem => "in-switch all-reduce, then add + RMSNorm; one stream",
        StrategyKind::NoComm => "no communication: wrong output, the floor to compare with",
        StrategyKind::FuseOnly => "fused all-reduce + add + RMSNorm, no split",
        StrategyKind::EqualSplit => "the weave with equal halves",
        StrategyKind::TokenWeave => "two token splits, the fused collective of one under the other",
        StrategyKind::TwoBatch => "two micro-batches ping-pong, unfused collectives",
    }
}

#[cfg(feature = "live")]
fn chooser_line(chooser: weftscope_engine::spec::Chooser) -> &'static str {
    use weftscope_engine::spec::Chooser;

    match chooser {
        Chooser::Half => "half of the padded tokens",
        Chooser::Table => "the tuned table of TokenWeave, nearest key",
        Chooser::WaveModel => "wave arithmetic over candidate offsets (--split auto)",
    }
}

#[cfg(feature = "live")]
fn transport_line(transport: weftscope_engine::spec::Transport) -> &'static str {
    use weftscope_engine::spec::Transport;

    match transport {
        Transport::Multimem => "NVLink multicast, reduction in the switch",
        Transport::P2p => "peer loads and stores, two-shot",
        Transport::Nccl => "NCCL ring",
    }
}

/// Says that this build cannot.
#[cfg(not(feature = "live"))]
fn rows(_: Listing) -> Result<Rows, Failure> {
    Err(super::no_engine("list"))
}
