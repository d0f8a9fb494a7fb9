use weftscope_engine::{
    cuda::machine_here,
    machine,
    model::{self, Ffn, ModelShape},
    spec::{Chooser, StrategyKind, Transport},
};

use super::Row;
use crate::cli::{Failure, args::Listing, run_spec::HERE};

/// The rows of everything that the engine knows of.
pub(super) fn rows(what: Listing) -> Result<Vec<Row>, Failure> {
    Ok(match what {
        Listing::Models => {
            let known = model::names().into_iter();
            known
                .filter_map(|name| Some(Row::new(name, model_line(&model::builtin(name)?))))
                .collect()
        }
        Listing::Machines => {
            let here = machine_here().map(|machine| Row::new(HERE, machine.title)).ok();
            let known = machine::names()
                .filter_map(|name| Some(Row::new(name, machine::builtin(name)?.title)));
            here.into_iter().chain(known).collect()
        }
        Listing::Strategies => {
            StrategyKind::ALL.map(|kind| Row::new(kind.name(), strategy_line(kind))).into()
        }
        Listing::Choosers => {
            Chooser::ALL.map(|chooser| Row::new(chooser.name(), chooser_line(chooser))).into()
        }
        Listing::Transports => Transport::ALL
            .map(|transport| Row::new(transport.name(), transport_line(transport)))
            .into(),
        Listing::Samples => Vec::new(),
    })
}

fn model_line(model: &ModelShape) -> String {
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

fn strategy_line(kind: StrategyKind) -> &'static str {
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

fn chooser_line(chooser: Chooser) -> &'static str {
    match chooser {
        Chooser::Half => "half of the padded tokens",
        Chooser::Table => "the tuned table of TokenWeave, nearest key",
        Chooser::WaveModel => "wave arithmetic over candidate offsets (--split auto)",
    }
}

fn transport_line(transport: Transport) -> &'static str {
    match transport {
        Transport::Multimem => "NVLink multicast, reduction in the switch",
        Transport::P2p => "peer loads and stores, two-shot",
        Transport::Nccl => "NCCL ring",
    }
}
