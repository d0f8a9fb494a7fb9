//! What version 1 of our files says of a run: pairs of texts, the spec among them as JSON. Understood here, once, as
//! the meta data are read; nothing writes it any more.

use super::run_facts::{
    BatchFacts, CommCtas, LayerFacts, RunFacts, SplitAsked, SplitFacts, StrategyFacts,
};

/// The facts in the pairs, and the pairs that are none; no facts unless the pairs tell of a run of the engine.
pub(super) fn facts(pairs: Vec<(String, String)>) -> (Option<RunFacts>, Vec<(String, String)>) {
    if !pairs.iter().any(|(key, _)| key == "strategy run") {
        return (None, pairs);
    }
    let mut facts = RunFacts::default();
    let mut split = SplitFacts::default();
    let rest =
        pairs.into_iter().filter(|(key, value)| take(&mut facts, &mut split, key, value).is_none());
    let rest = rest.collect();
    facts.split = (split != SplitFacts::default()).then_some(split);
    (Some(facts), rest)
}

/// Takes one pair in; `None` when it says nothing that is understood.
fn take(facts: &mut RunFacts, split: &mut SplitFacts, key: &str, value: &str) -> Option<()> {
    let StrategyFacts { asked, run, reason } = &mut facts.strategy;
    let text = |to: &mut String| value.clone_into(to);
    match key {
        "model" => text(&mut facts.model),
        "machine" => text(&mut facts.machine),
        "tp" => facts.tp = value.parse().ok()?,
        "shard sizes as of tp" => facts.shard_of = Some(value.parse().ok()?),
        "caveat" => facts.caveats.push(value.to_owned()),
        "batch" => facts.batch = batch(value)?,
        "layers" => {
            let (run, of) = value.split_once(" of ")?;
            facts.layers = LayerFacts { run: run.parse().ok()?, of: of.parse().ok()? };
        }
        "strategy asked" => text(asked),
        "strategy run" => text(run),
        "strategy reason" => text(reason),
        "transport" => text(&mut facts.transport),
        "split asked" => facts.split_asked = split_asked(value)?,
        "split" => {
            let [first_tokens, second_rows, tokens, padded_tokens] = numbers(value)?;
            *split =
                SplitFacts { first_tokens, second_rows, tokens, padded_tokens, ..split.clone() };
        }
        "split reason" => text(&mut split.reason),
        "comm CTAs" => {
            let [attention, mlp] = numbers(value)?;
            split.comm_ctas = CommCtas { attention, mlp };
        }
        "rank skew ns" => {
            let skews = value.split(", ").map(str::parse).collect::<Result<_, _>>();
            facts.rank_skew_ns = skews.ok()?;
        }
        "seed" => facts.seed = value.parse().ok()?,
        "spec" => facts.spec = Some(serde_json::from_str(value).ok()?),
        _ => return None,
    }
    Some(())
}

/// `3000 tokens of 3 sequences, 2 of them decoding, 5 tokens cached`; the last two parts may be absent.
fn batch(text: &str) -> Option<BatchFacts> {
    let mut parts = text.split(", ");
    let [tokens, sequences] = numbers(parts.next()?)?;
    let mut batch = BatchFacts {
        tokens: u64::from(tokens),
        sequences: u64::from(sequences),
        ..BatchFacts::default()
    };
    for part in parts {
        let (number, what) = part.split_once(' ')?;
        match what {
            "of them decoding" => batch.decoding = number.parse().ok()?,
            "tokens cached" => batch.cached_tokens = number.parse().ok()?,
            _ => return None,
        }
    }
    Some(batch)
}

/// `auto (table)` or `1280 tokens`.
fn split_asked(text: &str) -> Option<SplitAsked> {
    if let Some(chooser) = text.strip_prefix("auto (") {
        return Some(SplitAsked::Auto(chooser.strip_suffix(')')?.to_owned()));
    }
    Some(SplitAsked::Tokens(text.strip_suffix(" tokens")?.parse().ok()?))
}

/// The numbers in a text, when it has just as many.
fn numbers<const N: usize>(text: &str) -> Option<[u32; N]> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).filter(|digits| !digits.is_empty());
    let numbers: Vec<u32> = digits.map(str::parse).collect::<Result<_, _>>().ok()?;
    numbers.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn every_pair_of_version_1_is_a_fact() {
        let old = [
            ("model", "Llama-3.3-70B"),
            ("machine", "Eight H100"),
            ("tp", "2"),
            ("shard sizes as of tp", "8"),
            ("caveat", "shards of 8 ranks on 2"),
            ("batch", "3000 tokens of 3 sequences, 2 of them decoding, 5 tokens cached"),
            ("layers", "4 of 80"),
            ("strategy asked", "auto"),
            ("strategy run", "tokenweave"),
            ("strategy reason", "long enough"),
            ("transport", "p2p"),
            ("split asked", "1280 tokens"),
            ("split", "1280 + 1792 rows (3000 tokens, padded to 3072)"),
            ("split reason", "the user said so"),
            ("comm CTAs", "attention 8, mlp 4"),
            ("rank skew ns", "0, -5"),
            ("seed", "18446744073709551615"),
            ("spec", "{\"a\":1.5}"),
        ];
        let (facts, rest) = facts(pairs(&old));
        assert!(rest.is_empty(), "{rest:?}");
        let facts = facts.expect("a run");
        let shown = facts.lines();
        // What was shown as text is shown as the same text; caveats and spec are no lines.
        for (key, value) in old.iter().filter(|(key, _)| !["caveat", "spec"].contains(key)) {
            let line = shown.iter().find(|line| line.key == *key).expect(key);
            assert_eq!(line.value, *value, "{key}");
        }
        assert_eq!(shown.len(), old.len() - 2);
        assert_eq!(facts.caveats, ["shards of 8 ranks on 2"]);
        assert_eq!(facts.spec, Some(serde_json::json!({"a": 1.5})));
        assert_eq!(facts.seed, u64::MAX);
    }

    #[test]
    fn what_is_not_understood_stays_as_it_was() {
        let foreign = pairs(&[("CUPTI", "13"), ("split", "of hairs")]);
        assert_eq!(facts(foreign.clone()), (None, foreign));
        let (facts, rest) =
            facts(pairs(&[("strategy run", "default"), ("batch", "of cookies"), ("mood", "good")]));
        assert_eq!(facts.expect("a run").strategy.run, "default");
        assert_eq!(rest, pairs(&[("batch", "of cookies"), ("mood", "good")]));
    }
}
