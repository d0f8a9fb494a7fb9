//! `generate`: what cannot be, and on GPUs the tokens that transformers has.

use std::{env, fs, path::PathBuf};

use serde_json::Value;
use weftscope_engine::cuda::probe;
use weftscope_testkit::{Need, aloud, skip};

use super::place::Place;

/// Words split at spaces, two of them.
const TOKENIZER: &str = r#"{"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
    "normalizer": null, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
    "model": {"type": "WordLevel", "vocab": {"all": 0, "reduce": 1}, "unk_token": "all"}}"#;
const CONFIG: &str = r#"{"architectures": ["LlamaForCausalLM"], "hidden_size": 16, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "num_hidden_layers": 1, "intermediate_size": 16, "vocab_size": 2}"#;

#[test]
fn what_cannot_go_on_is_named() {
    let place = Place::new();
    let fails = |args: &[&str], code| place.fails(&[&["generate"], args].concat(), code);
    let weights = ["--weights", "."];
    let missing = fails(&[&["all reduce"], &weights[..]].concat(), 1);
    assert!(missing.ends_with("tokenizer.json"), "{missing}");
    place.write("tokenizer.json", b"{}");
    let broken = fails(&[&["all reduce"], &weights[..]].concat(), 1);
    assert!(broken.ends_with("tokenizer.json") && !missing.eq(&broken), "{broken}");
    place.write("tokenizer.json", TOKENIZER.as_bytes());
    let missing = fails(&[&["all reduce"], &weights[..]].concat(), 1);
    assert!(missing.ends_with("config.json"), "{missing}");
    place.write("config.json", CONFIG.as_bytes());
    let missing = fails(&[&["all reduce"], &weights[..]].concat(), 1);
    assert!(missing.starts_with("neither model.safetensors nor"), "{missing}");
    let empty = fails(&[&[""], &weights[..]].concat(), 2);
    assert_eq!(empty, "there is nothing to go on with: TEXT");
    let cold = fails(&[&["all", "--temperature", "nan"], &weights[..]].concat(), 2);
    assert!(cold.contains("0 or more, not NaN"), "{cold}");
    let gone = fails(&[&["all", "--json", "no/such/folder.json"], &weights[..]].concat(), 1);
    assert!(gone.contains("no/such"), "{gone}");
}

/// The folders that make.py filled; `None` after saying why there are none.
fn checkpoints() -> Option<Vec<PathBuf>> {
    if let Err(reason) = probe() {
        skip(Need::Gpu, reason);
        return None;
    }
    let Some(folder) = env::var_os("WEFTSCOPE_CHECKPOINTS") else {
        skip(Need::Oracle, "WEFTSCOPE_CHECKPOINTS names no folder made by make.py");
        return None;
    };
    let folders = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    Some(folders.filter(|folder| folder.join("generated.json").exists()).collect())
}

/// The likeliest tokens, one after another, and their text; drawn ones are the same for the same seed.
#[test]
fn the_text_is_that_of_transformers() {
    let Some(folders) = checkpoints() else { return };
    assert!(!folders.is_empty(), "nothing made by make.py");
    let place = Place::new();
    for folder in folders {
        let expected = fs::read_to_string(folder.join("generated.json")).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let (prompt, weights) = (expected["prompt"].as_str().unwrap(), folder.to_str().unwrap());
        let count = expected["tokens"].as_array().unwrap().len().to_string();
        let args = ["generate", prompt, "--weights", weights, "--max-tokens", &count];
        let said = |more: &[&str]| {
            let text = place.ok(&[&args[..], &["--json", "said.json"], more].concat());
            let json = fs::read_to_string(place.path("said.json")).unwrap();
            (text, serde_json::from_str::<Value>(&json).unwrap())
        };
        let (_, greedy) = said(&[]);
        for key in ["prompt_tokens", "tokens", "text"] {
            assert_eq!(greedy[key], expected[key], "{}, {key}", folder.display());
        }
        let (first, second) = (said(&["--temperature", "1"]), said(&["--temperature", "1"]));
        assert_eq!((first.0, &first.1["tokens"]), (second.0, &second.1["tokens"]));
        aloud(format_args!("{}: {}", folder.display(), greedy["tokens"]));
    }
}
