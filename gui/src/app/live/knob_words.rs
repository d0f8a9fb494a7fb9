use weftscope_engine::spec::{RunSpec, SplitChoice};

use super::Knob;

impl Knob {
    /// Its value in `spec`, with its unit, as a person would say it.
    pub fn in_words(self, spec: &RunSpec) -> String {
        let knobs = &spec.knobs;
        let ctas = |ctas: Option<u32>| match ctas {
            Some(1) => "1 CTA".to_owned(),
            Some(ctas) => format!("{ctas} CTAs"),
            None => "as the chooser says".to_owned(),
        };
        match self {
            Self::Model => spec.model.name.clone(),
            Self::Machine => spec.machine.name.clone(),
            Self::Tp => format!("{} ranks", knobs.tp),
            Self::ShardOf => {
                knobs.shard_of.map_or_else(|| "as the ranks".to_owned(), |of| format!("{of} ranks"))
            }
            Self::Batch => format!("{} ({} tokens)", spec.batch, spec.batch.tokens()),
            Self::Strategy => knobs.strategy.name().to_owned(),
            Self::Transport => knobs.transport.name().to_owned(),
            Self::Split => match knobs.split {
                SplitChoice::Auto(chooser) => chooser.name().to_owned(),
                SplitChoice::Fixed(first) => format!("{first} tokens first"),
            },
            Self::AttnCtas => ctas(knobs.attn_ctas),
            Self::MlpCtas => ctas(knobs.mlp_ctas),
            Self::Layers => {
                let all = spec.model.layers;
                knobs
                    .layers
                    .map_or_else(|| format!("all {all}"), |layers| format!("{layers} of {all}"))
            }
            Self::Skew => match knobs.skew_ns.iter().map(|late| late.abs()).max() {
                None | Some(0) => "all on time".to_owned(),
                Some(worst) => format!("up to {} µs", worst as f64 / 1e3),
            },
            Self::Seed => knobs.seed.to_string(),
        }
    }
}
