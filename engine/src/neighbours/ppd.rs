//! Parallel prompt decoding: guesses of tokens to come, as a tree, in a decode step.
//!
//! Trained prompt tokens behind a token guess the ones that follow it; the best paths of guesses form a tree, whose tokens are verified in one step
//! and carry prompt tokens of their own for the next. A step takes more tokens and yields more: how many more follows from how
//! often guesses were right, which the authors' trees tell; how much longer it takes is simulated.

use super::{
    Figure, Knob, Neighbour, Plans, Range, Runs, Settings, Source, Unit,
    machines::{ONE_GPU, machine_named},
};
use crate::{
    batch::{Batch, Request},
    model::{self, Ffn, ModelShape},
    plan::{PlanError, plan_with},
    spec::{Knobs, RunSpec},
    strategy::without_collectives,
};

/// See the [module](self).
pub(super) const PPD: Neighbour = Neighbour {
    name: "parallel-prompt-decoding",
    title: "Parallel prompt decoding",
    about: "guesses of tokens to come verified as a tree in a decode step",
    source: Source {
        title: "Hardware-Aware Parallel Prompt Decoding for Memory-Efficient Acceleration of LLM Inference",
        place: "arXiv 2405.18628; how often guesses are right: dynamic_sparse_trees_3_vicuna_7b.py of its repository",
    },
    claim: "up to 2.49 times as fast as decoding token by token, on one GPU",
    leaves_out: &[
        "Trees whose tokens carry different numbers of prompt tokens: here all carry as many, one to three, whichever yields more.",
        "Vicuna-13B and MobileLLaMA, whose guesses are right otherwise, and the masks of a tree: each token sees all before it.",
        "What choosing among the guesses costs behind the last product.",
    ],
    knobs: &[
        Knob {
            name: "tree",
            unit: "tokens",
            range: Range::Whole { least: 2, most: 512 },
            default: 60.0,
            help: "Tokens of a sequence in a step: the last one, guesses, and prompt tokens behind each of them",
        },
        ONE_GPU,
        Knob {
            name: "sequences",
            unit: "",
            range: Range::Whole { least: 1, most: 64 },
            default: 1.0,
            help: "Sequences that are decoded together; the paper has one",
        },
        Knob {
            name: "context",
            unit: "tokens",
            range: Range::Whole { least: 1, most: 32_768 },
            default: 512.0,
            help: "Tokens of each sequence so far",
        },
    ],
    plans,
    figures,
};

/// Layers of Vicuna-7B.
const LAYERS: u32 = 32;

fn plans(settings: &Settings) -> Result<Plans, PlanError> {
    // All tokens have logits: any of them may be the last that was right.
    let step = |name, tokens| {
        plan_with(&spec(settings, tokens)?, name, |run| {
            without_collectives(run, run.num_sequences() * tokens)
        })
    };
    Ok(Plans {
        with: step("tree", settings.whole("tree"))?,
        without: step("token by token", 1)?,
        others: Vec::new(),
    })
}

fn spec(settings: &Settings, new_tokens: u32) -> Result<RunSpec, PlanError> {
    let request = Request { cached_tokens: settings.whole("context"), new_tokens };
    let model = vicuna_7b().ok_or_else(|| PlanError::Knob {
        knob: "model",
        value: "vicuna-7b".to_owned(),
        range: "a built-in model".to_owned(),
    })?;
    Ok(RunSpec {
        model,
        machine: machine_named(settings.choice("machine"))?,
        batch: Batch { requests: vec![request; settings.whole("sequences") as usize] },
        knobs: Knobs { tp: 1, layers: Some(LAYERS), ..Knobs::default() },
    })
}

/// Its `config.json`: Llama's of 7 billion weights.
fn vicuna_7b() -> Option<ModelShape> {
    Some(ModelShape {
        name: "vicuna-7b-v1.3".to_owned(),
        hidden: 4096,
        layers: LAYERS,
        heads: 32,
        kv_heads: 32,
        ffn: Ffn::Dense { intermediate: 11_008 },
        vocab: 32_000,
        ..model::builtin("llama-3.3-70b")?
    })
}

/// How often the k-th guess of the n-th token to come is right, of Vicuna-7B: the first row is the probabilities of the authors' trees of depth 1;
/// the others are those of paths that begin with the best guesses, divided by those of their parents (0.12691 / 0.48335 …).
const RIGHT: [&[f64]; 3] = [
    &[0.48335, 0.14342, 0.0736, 0.0454, 0.03087, 0.02155, 0.01658, 0.01323, 0.00932, 0.00845],
    &[0.26256, 0.14561, 0.08114, 0.0576, 0.04283, 0.0323, 0.0257, 0.02152],
    &[0.16413, 0.11756],
];

/// Tokens that a step of a tree of so many tokens yields on average: the one that is certain, and what of the guesses is right; with
/// whichever number of prompt tokens behind each guess yields most.
fn accepted(tree: u32) -> f64 {
    let with = |prompts: usize| {
        // The last token carries prompt tokens as well.
        let guesses = (tree as usize / (prompts + 1)).saturating_sub(1);
        1.0 + paths(prompts).iter().take(guesses).sum::<f64>()
    };
    (1..=RIGHT.len()).map(with).fold(1.0, f64::max)
}

/// Probabilities of all paths of guesses up to this depth, the likeliest first. A path is never likelier than its beginning, so
/// the first so many form a tree.
fn paths(depth: usize) -> Vec<f64> {
    let mut all = Vec::new();
    let mut last = vec![1.0];
    for right in &RIGHT[..depth] {
        last = last.iter().flat_map(|path| right.iter().map(move |guess| path * guess)).collect();
        all.extend_from_slice(&last);
    }
    all.sort_by(|a, b| f64::total_cmp(b, a));
    all
}

fn figures(settings: &Settings, runs: &Runs) -> Vec<Figure> {
    let accepted = accepted(settings.whole("tree"));
    vec![
        Figure::new("speed-up", Unit::Times, accepted * runs.speed_up()).beside("up to 2.49×"),
        Figure::new("tokens accepted a step", Unit::Number, accepted),
        Figure::new("step with the tree", Unit::Ns, runs.with.time_ns as f64),
        Figure::new("step token by token", Unit::Ns, runs.without.time_ns as f64),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sums of the authors' own lists: trees of depth 1 and 10 guesses, and the likeliest guesses of depth 2.
    #[test]
    fn trees_yield_what_the_authors_lists_add_up_to() {
        let ten = 0.48335 + 0.14342 + 0.0736 + 0.0454 + 0.03087 + 0.02155 + 0.01658 + 0.01323;
        assert!((paths(1).iter().sum::<f64>() - (ten + 0.00932 + 0.00845)).abs() < 1e-9);
        let listed = [0.48335, 0.14342, 0.12691, 0.0736, 0.07038, 0.0454, 0.03922, 0.03766];
        for (path, listed) in paths(2).iter().zip(listed) {
            assert!((path - listed).abs() < 1e-5, "{path} {listed}");
        }
        assert!((paths(3)[14] - 0.01933).abs() < 2e-5, "the third guess, then the first");
        assert_eq!(accepted(1), 1.0);
        assert_eq!(accepted(4), 1.0 + 0.48335, "a guess, and a prompt token behind each");
        assert!((1..400).all(|tree| accepted(tree + 1) >= accepted(tree)));
    }
}
