use weftscope_engine::{
    machine::{self, HERE, Mechanism},
    model::{self, Ffn, ModelShape, Moe},
    neighbours::NEIGHBOURS,
    spec::{Chooser, Knobs, SplitChoice, StrategyKind, Transport},
};

use super::Row;
use crate::{
    cli::{Failure, args::Listing},
    here::{line, machine_here},
    lessons,
};

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
            let here = machine_here().map(|here| Row::new(HERE, line(&here.machine))).ok();
            let known = machine::names()
                .filter_map(|name| Some(Row::new(name, machine::builtin(name)?.title)));
            here.into_iter().chain(known).collect()
        }
        Listing::Strategies => {
            StrategyKind::ALL.map(|kind| Row::new(kind.name(), kind.about())).into()
        }
        Listing::Choosers => Chooser::ALL.map(chooser_row).into(),
        Listing::Transports => {
            Transport::ALL.map(|transport| Row::new(transport.name(), transport.about())).into()
        }
        Listing::Mechanisms => {
            Mechanism::ALL.map(|mechanism| Row::new(mechanism.name(), mechanism.about())).into()
        }
        Listing::Lessons => lessons::lessons()
            .map(|lesson| {
                let steps = lesson.steps.len();
                let line = format!("{} ({steps} steps, {} minutes)", lesson.title, lesson.minutes);
                Row::new(lesson.number.to_string(), line)
            })
            .collect(),
        Listing::Neighbours => NEIGHBOURS
            .iter()
            .map(|it| Row::new(it.name, format!("{}: {}", it.title, it.about)))
            .collect(),
        Listing::Samples | Listing::Tables | Listing::Questions => Vec::new(),
    })
}

fn model_line(model: &ModelShape) -> String {
    let ffn = match model.ffn {
        Ffn::Dense { intermediate } => format!("dense {intermediate}"),
        Ffn::Moe(Moe { experts, top_k, intermediate, shared_intermediate, .. }) => {
            let shared = match shared_intermediate {
                0 => String::new(),
                rows => format!(" and a shared one of {rows}"),
            };
            format!("{top_k} of {experts} experts of {intermediate}{shared}")
        }
    };
    format!(
        "{} layers, hidden {}, {} heads ({} K/V) of {}, {ffn}",
        model.layers, model.hidden, model.heads, model.kv_heads, model.head_dim
    )
}

fn chooser_row(chooser: Chooser) -> Row {
    let is_default = Knobs::default().split == SplitChoice::Auto(chooser);
    let auto = if is_default { " (--split auto)" } else { "" };
    Row::new(chooser.name(), format!("{}{auto}", chooser.about()))
}
