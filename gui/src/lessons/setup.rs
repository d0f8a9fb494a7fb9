//! What a lesson runs, as its file says it: the knobs of the window, by the names of the command line.

use serde::Deserialize;
use weftscope_engine::{
    machine::{self, Machine, Mechanism},
    model,
    spec::{Chooser, RunSpec, SplitChoice, StrategyKind, Transport},
};

use crate::{app::live::default_spec, files::did_you_mean};

/// Knobs that are turned; the others stand as below it, and at the very bottom as at the first start of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// `--model`.
    pub model: Option<String>,
    /// `--machine`.
    pub machine: Option<String>,
    /// `--without`: mechanisms that are switched off.
    pub without: Option<Vec<String>>,
    /// `--batch`.
    pub batch: Option<String>,
    /// `--layers`.
    pub layers: Option<u32>,
    /// `--strategy`.
    pub strategy: Option<String>,
    /// `--split`.
    pub split: Option<Cut>,
    /// `--transport`.
    pub transport: Option<String>,
    /// `--tp`.
    pub tp: Option<u32>,
    /// `--attn-ctas`.
    pub attn_ctas: Option<u32>,
    /// `--mlp-ctas`.
    pub mlp_ctas: Option<u32>,
    /// `--skew`, by rank from 0, µs.
    pub skew_us: Option<Vec<u32>>,
    /// `--seed`.
    pub seed: Option<u64>,
}

/// Where the batch is cut.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Cut {
    /// After so many tokens.
    After(u32),
    /// By a chooser.
    By(String),
}

impl Setup {
    /// This on top of another.
    #[must_use]
    pub fn over(&self, below: &Self) -> Self {
        let (mine, theirs) = (self.clone(), below.clone());
        Self {
            model: mine.model.or(theirs.model),
            machine: mine.machine.or(theirs.machine),
            without: mine.without.or(theirs.without),
            batch: mine.batch.or(theirs.batch),
            layers: mine.layers.or(theirs.layers),
            strategy: mine.strategy.or(theirs.strategy),
            split: mine.split.or(theirs.split),
            transport: mine.transport.or(theirs.transport),
            tp: mine.tp.or(theirs.tp),
            attn_ctas: mine.attn_ctas.or(theirs.attn_ctas),
            mlp_ctas: mine.mlp_ctas.or(theirs.mlp_ctas),
            skew_us: mine.skew_us.or(theirs.skew_us),
            seed: mine.seed.or(theirs.seed),
        }
    }

    /// The run that it asks for.
    ///
    /// # Errors
    /// The field, and what is wrong with it.
    pub fn spec(&self) -> Result<RunSpec, String> {
        let model = self.model.as_deref().unwrap_or("llama-3.3-70b");
        let model = model::builtin(model).ok_or_else(|| unknown("model", model, model::names()))?;
        let mut spec = default_spec(model, self.machine()?);
        let knobs = &mut spec.knobs;
        if let Some(text) = &self.batch {
            spec.batch = text.parse().map_err(|error| format!("batch: {error}"))?;
        }
        if let Some(name) = &self.strategy {
            knobs.strategy = StrategyKind::from_name(name).ok_or_else(|| {
                unknown("strategy", name, StrategyKind::ALL.map(StrategyKind::name))
            })?;
        }
        if let Some(name) = &self.transport {
            let names = Transport::ALL.map(Transport::name);
            let found = Transport::from_name(name);
            knobs.transport = found.ok_or_else(|| unknown("transport", name, names))?;
        }
        match &self.split {
            None => {}
            Some(Cut::After(tokens)) => knobs.split = SplitChoice::Fixed(*tokens),
            Some(Cut::By(name)) => {
                let found = Chooser::from_name(name)
                    .ok_or_else(|| unknown("split", name, Chooser::ALL.map(Chooser::name)))?;
                knobs.split = SplitChoice::Auto(found);
            }
        }
        knobs.layers = self.layers.or(knobs.layers);
        knobs.tp = self.tp.unwrap_or(knobs.tp);
        knobs.attn_ctas = self.attn_ctas;
        knobs.mlp_ctas = self.mlp_ctas;
        let late = self.skew_us.iter().flatten().map(|late_us| 1_000 * i64::from(*late_us));
        knobs.skew_ns = late.collect();
        // On time is the default, as the knob of the window has it.
        while knobs.skew_ns.last() == Some(&0) {
            knobs.skew_ns.pop();
        }
        knobs.seed = self.seed.unwrap_or(knobs.seed);
        Ok(spec)
    }

    fn machine(&self) -> Result<Machine, String> {
        let name = self.machine.as_deref().unwrap_or("h100x8");
        let machine =
            machine::builtin(name).ok_or_else(|| unknown("machine", name, machine::names()))?;
        let one = |name: &String| {
            let found = Mechanism::ALL.into_iter().find(|mechanism| mechanism.name() == name);
            found.ok_or_else(|| unknown("without", name, Mechanism::ALL.map(Mechanism::name)))
        };
        let without: Result<Vec<_>, _> = self.without.iter().flatten().map(one).collect();
        Ok(machine.without(&without?))
    }
}

fn unknown(field: &str, name: &str, known: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let known: Vec<String> = known.into_iter().map(|name| name.as_ref().to_owned()).collect();
    let near = did_you_mean(name, known.iter().map(String::as_str));
    format!("{field}: there is no {name:?}{near} (known: {})", known.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(text: &str) -> Setup {
        serde_json::from_str(text).expect("a setup")
    }

    #[test]
    fn what_stands_on_top_counts() {
        let below = setup(r#"{"strategy":"default","batch":"4096","without":["memory"]}"#);
        let spec = setup(r#"{"strategy":"tokenweave","split":1024}"#).over(&below).spec();
        let spec = spec.expect("a run");
        assert_eq!(spec.knobs.strategy, StrategyKind::TokenWeave);
        assert_eq!((spec.batch.tokens(), spec.knobs.split), (4096, SplitChoice::Fixed(1024)));
        assert!(spec.machine.title.ends_with("without memory"));
    }

    #[test]
    fn an_unknown_name_is_said_with_its_field() {
        let error = setup(r#"{"strategy":"tokenwave"}"#).spec().expect_err("no such strategy");
        assert!(error.starts_with("strategy: there is no \"tokenwave\", did you mean"), "{error}");
        let error = setup(r#"{"batch":"x"}"#).spec().expect_err("no batch");
        assert!(error.starts_with("batch: "), "{error}");
        assert!(serde_json::from_str::<Setup>(r#"{"strateggy":"default"}"#).is_err());
    }
}
