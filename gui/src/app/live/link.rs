//! The knobs as the part of an address behind its `#`, so that a link shows what its sender saw: `#split=0.4&tp=4`.
//!
//! Only knobs that are turned are in it: a link stays short, and follows defaults that get better.

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use weftscope_engine::spec::{Chooser, RunSpec, SplitChoice, StrategyKind, Transport};

use super::{Catalog, Draft, Knob, KnobEdit};
use crate::times::Skew;

/// What means something else in an address, or is not let through by what people paste into.
const APART: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'<').add(b'>');

/// What a link calls a knob; batches have `tokens` besides.
fn key(knob: Knob) -> &'static str {
    match knob {
        Knob::Model => "model",
        Knob::Machine => "machine",
        Knob::Tp => "tp",
        Knob::ShardOf => "shard-of",
        Knob::Batch => "batch",
        Knob::Strategy => "strategy",
        Knob::Transport => "transport",
        Knob::Split => "split",
        Knob::AttnCtas => "attn-ctas",
        Knob::MlpCtas => "mlp-ctas",
        Knob::Layers => "layers",
        Knob::Skew => "skew",
        Knob::Seed => "seed",
    }
}

/// In the order in which they have to be turned: a machine has so many ranks, a batch so many tokens to cut.
const ORDER: [Knob; 13] = [
    Knob::Model,
    Knob::Machine,
    Knob::Tp,
    Knob::ShardOf,
    Knob::Batch,
    Knob::Strategy,
    Knob::Transport,
    Knob::Layers,
    Knob::Seed,
    Knob::AttnCtas,
    Knob::MlpCtas,
    Knob::Skew,
    Knob::Split,
];

/// The knobs that are turned, as `key=value`, joined by `&`; empty when none is.
pub(crate) fn link_of(draft: &Draft, catalog: &Catalog) -> String {
    let turned = ORDER.into_iter().filter(|knob| draft.is_turned(*knob, catalog));
    let pair = |knob| {
        let value = value(knob, &draft.spec);
        format!("{}={}", key(knob), utf8_percent_encode(&value, APART))
    };
    turned.map(pair).collect::<Vec<_>>().join("&")
}

fn value(knob: Knob, spec: &RunSpec) -> String {
    let knobs = &spec.knobs;
    let number = |number: Option<u32>, none: &str| {
        number.map_or_else(|| none.to_owned(), |number| number.to_string())
    };
    match knob {
        Knob::Model => spec.model.name.clone(),
        Knob::Machine => spec.machine.name.clone(),
        Knob::Tp => knobs.tp.to_string(),
        Knob::ShardOf => number(knobs.shard_of, "tp"),
        Knob::Batch => spec.batch.to_string().replace(", ", ","),
        Knob::Strategy => knobs.strategy.name().to_owned(),
        Knob::Transport => knobs.transport.name().to_owned(),
        Knob::Split => match knobs.split {
            SplitChoice::Auto(chooser) => chooser.name().to_owned(),
            SplitChoice::Fixed(tokens) => tokens.to_string(),
        },
        Knob::AttnCtas => number(knobs.attn_ctas, "auto"),
        Knob::MlpCtas => number(knobs.mlp_ctas, "auto"),
        Knob::Layers => number(knobs.layers, "all"),
        Knob::Skew => {
            let late = knobs.skew_ns.iter().enumerate().filter(|(_, late_ns)| **late_ns != 0);
            late.map(|(rank, late_ns)| format!("{rank}:{late_ns}ns")).collect::<Vec<_>>().join(",")
        }
        Knob::Seed => knobs.seed.to_string(),
    }
}

/// Turns a draft's knobs to what a link says. Gives the pairs that mean nothing here, with why; keys of others, as `lesson`, are
/// passed over.
pub(super) fn follow_link(link: &str, draft: &mut Draft, catalog: &Catalog) -> Vec<String> {
    let link = link.trim_start_matches('#');
    let pairs: Vec<(&str, String)> = link
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(key, value)| (key, percent_decode_str(value).decode_utf8_lossy().into_owned()))
        .collect();
    let mut refused = Vec::new();
    for knob in ORDER {
        let is_its = |found: &str| found == key(knob) || knob == Knob::Batch && found == "tokens";
        for (key, value) in pairs.iter().filter(|(key, _)| is_its(key)) {
            match edits(knob, value, &draft.spec, catalog) {
                Ok(edits) => edits.into_iter().for_each(|edit| draft.turn(edit, catalog)),
                Err(why) => refused.push(format!("{key}={value}: {why}")),
            }
        }
    }
    refused
}

/// What a value comes to, turn by turn.
fn edits(
    knob: Knob,
    value: &str,
    spec: &RunSpec,
    catalog: &Catalog,
) -> Result<Vec<KnobEdit>, String> {
    let number = || value.parse::<u32>().map_err(|_| "not a whole number".to_owned());
    let unless = |none: &str| if value == none { Ok(None) } else { number().map(Some) };
    let one = |edit| Ok(vec![edit]);
    match knob {
        Knob::Model if catalog.models().iter().any(|model| model.name == value) => {
            one(KnobEdit::Model(value.to_owned()))
        }
        Knob::Machine if catalog.host(value).is_some() => one(KnobEdit::Machine(value.to_owned())),
        Knob::Model | Knob::Machine => Err("not known here".to_owned()),
        Knob::Tp => one(KnobEdit::Tp(number()?)),
        Knob::ShardOf => one(KnobEdit::ShardOf(unless("tp")?)),
        Knob::Batch => {
            let batch = value.parse::<weftscope_engine::batch::Batch>();
            batch.map_err(|error| error.to_string())?;
            one(KnobEdit::BatchText(value.to_owned()))
        }
        Knob::Strategy => {
            one(KnobEdit::Strategy(StrategyKind::from_name(value).ok_or("no such strategy")?))
        }
        Knob::Transport => {
            one(KnobEdit::Transport(Transport::from_name(value).ok_or("no such transport")?))
        }
        Knob::Split => split(value, spec).map(|split| vec![KnobEdit::Split(split)]),
        Knob::AttnCtas => one(KnobEdit::AttnCtas(unless("auto")?)),
        Knob::MlpCtas => one(KnobEdit::MlpCtas(unless("auto")?)),
        Knob::Layers => one(KnobEdit::Layers(unless("all")?)),
        Knob::Skew => {
            let each = value.split(',').filter(|one| !one.is_empty()).map(str::parse::<Skew>);
            each.map(|skew| {
                skew.map(|Skew { rank, late }| KnobEdit::Skew { rank, late_ns: late.ns })
            })
            .collect()
        }
        Knob::Seed => {
            let seed = value.parse().map_err(|_| "not a whole number".to_owned())?;
            one(KnobEdit::Seed(seed))
        }
    }
}

/// A chooser, a number of tokens, or with a point in it a share of them.
fn split(value: &str, spec: &RunSpec) -> Result<SplitChoice, String> {
    if let Some(chooser) = Chooser::from_name(value) {
        return Ok(SplitChoice::Auto(chooser));
    }
    if let Ok(tokens) = value.parse() {
        return Ok(SplitChoice::Fixed(tokens));
    }
    let share: Option<f64> = value.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    let share = share.ok_or("neither a chooser, nor tokens, nor a share of them")?;
    Ok(SplitChoice::Fixed((f64::from(spec.batch.tokens()) * share).round() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        Catalog::builtin().unwrap()
    }

    /// Whatever is turned comes back from its link.
    #[test]
    fn a_link_shows_what_its_sender_saw() {
        let catalog = catalog();
        let fresh = || Draft::new(catalog.default_spec().clone());
        assert_eq!(link_of(&fresh(), &catalog), "");
        let turns = [
            KnobEdit::Model("qwen2.5-72b".into()),
            KnobEdit::Machine("h200x2".into()),
            KnobEdit::Tp(2),
            KnobEdit::ShardOf(Some(8)),
            KnobEdit::BatchText("3000,64xdecode@4096".into()),
            KnobEdit::Strategy(StrategyKind::EqualSplit),
            KnobEdit::Split(SplitChoice::Fixed(1024)),
            KnobEdit::Split(SplitChoice::Auto(Chooser::Half)),
            KnobEdit::AttnCtas(Some(12)),
            KnobEdit::MlpCtas(Some(3)),
            KnobEdit::Layers(Some(7)),
            KnobEdit::Layers(None),
            KnobEdit::Skew { rank: 1, late_ns: -1500 },
            KnobEdit::Seed(u64::MAX),
        ];
        // Each by itself, and all so far together.
        let mut all = fresh();
        for turn in turns {
            let mut alone = fresh();
            alone.turn(turn.clone(), &catalog);
            all.turn(turn, &catalog);
            for sent in [&alone, &all] {
                let link = link_of(sent, &catalog);
                let mut seen = fresh();
                assert_eq!(
                    follow_link(&format!("#{link}"), &mut seen, &catalog),
                    [""; 0],
                    "{link}"
                );
                assert!((&seen.spec, &seen.backend) == (&sent.spec, &sent.backend), "{link}");
                assert!(!link.contains([' ', '#', '"']), "{link}");
            }
        }
    }

    #[test]
    fn people_write_links_too() {
        let catalog = catalog();
        let mut draft = Draft::new(catalog.default_spec().clone());
        let refused = follow_link(
            "#lesson=3&split=0.4&tokens=10000&skew=3:50us&tp=seven&model=gpt-7&strategy=none&noise",
            &mut draft,
            &catalog,
        );
        assert_eq!(draft.spec.batch.tokens(), 10000);
        assert_eq!(draft.spec.knobs.split, SplitChoice::Fixed(4000));
        assert_eq!(draft.spec.knobs.skew_ns, [0, 0, 0, 50_000]);
        let wrong = [
            "model=gpt-7: not known here",
            "tp=seven: not a whole number",
            "strategy=none: no such strategy",
        ];
        assert_eq!(refused, wrong);
    }
}
