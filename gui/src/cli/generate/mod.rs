//! `generate`: text in, text out, so that anybody can see that the engine is a transformer.

mod words;

use std::{
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::json;
use weftscope_engine::{
    batch::{Batch, MAX_TOKENS, Request},
    cuda::{Checkpoint, CudaExecutor},
    generate::{Ended, Generated, Limits, OnGpus, Sampler, Sampling, SamplingError, generate},
    plan::plan,
    spec::{Knobs, RunSpec, Transport},
};
use weftscope_traces::words::{counted, duration};

use self::words::Words;
use super::{
    Failure, Outcome,
    run_args::strategy,
    run_spec::{run_failure, this_computer},
    weights,
};
use crate::files::{FileError, check_target, write_atomically};

/// What to say, and how to go on.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// The text to go on with; `-`: standard input. It goes in as it is, without a chat's template.
    #[arg(value_name = "TEXT")]
    pub prompt: String,
    /// Folder of a Hugging Face checkpoint: config.json, safetensors and tokenizer.json.
    #[arg(long, value_name = "FOLDER")]
    pub weights: PathBuf,
    /// Tensor-parallel degree: ranks, one GPU each.
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub tp: u32,
    /// Overlap strategy (`weftscope list strategies`).
    #[arg(long, default_value = "tokenweave", value_name = "NAME")]
    pub strategy: String,
    /// New tokens at most; it ends earlier where the model says so.
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub max_tokens: u32,
    /// How freely tokens are drawn; 0: always the likeliest.
    #[arg(long, default_value_t = 0.0, value_name = "T")]
    pub temperature: f64,
    /// Draw only from the fewest likeliest tokens that have this much of the probability together.
    #[arg(long, default_value_t = 1.0, value_name = "P")]
    pub top_p: f64,
    /// Seed of what is drawn: the same gives the same text.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Write tokens, text and times here too.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// Goes on with the text.
pub(super) fn run(args: &GenerateArgs) -> Outcome {
    let sampling = Sampling { temperature: args.temperature, top_p: args.top_p, seed: args.seed };
    let sampler = Sampler::new(sampling).map_err(sampling_failure)?;
    if let Some(path) = &args.json {
        check_target(path)?;
    }
    let prompt = prompt(&args.prompt)?;
    let words = Words::open(&args.weights)?;
    let checkpoint = weights::open(&args.weights)?;
    let ids = words.ids(&prompt, checkpoint.model().vocab)?;
    let room = words.room(ids.len(), args.max_tokens)?;
    let spec = spec(args, &checkpoint, ids.len() as u32)?;
    let model = OnGpus::new(loaded(&spec, checkpoint)?, spec, room);
    let limits = Limits { tokens: args.max_tokens, stops: words.stops.clone() };
    say(args, &words, &ids, Run { model, limits, sampler })
}

/// A way of picking tokens that makes no sense, and the argument that says so.
pub(super) fn sampling_failure(error: SamplingError) -> Failure {
    let argument = match error {
        SamplingError::Temperature(_) => "--temperature",
        SamplingError::TopP(_) => "--top-p",
    };
    Failure::misuse(error, argument)
}

fn prompt(text: &str) -> Result<String, Failure> {
    let mut prompt = text.to_owned();
    if text == "-" {
        prompt.clear();
        io::stdin()
            .read_to_string(&mut prompt)
            .map_err(|error| Failure::failed(error, "standard input"))?;
    }
    if prompt.is_empty() {
        return Err(Failure::misuse("there is nothing to go on with", "TEXT"));
    }
    Ok(prompt)
}

/// The plan of the whole prompt; later ones differ by their batch.
fn spec(args: &GenerateArgs, checkpoint: &Checkpoint, tokens: u32) -> Result<RunSpec, Failure> {
    if tokens > MAX_TOKENS {
        let cause = format!("{tokens} tokens are too many at once, at most {MAX_TOKENS}");
        return Err(Failure::misuse(cause, "TEXT"));
    }
    let strategy = strategy(&args.strategy)?;
    Ok(RunSpec {
        model: checkpoint.model().clone(),
        machine: this_computer("generate")?,
        batch: Batch { requests: vec![Request { cached_tokens: 0, new_tokens: tokens }] },
        knobs: Knobs { tp: args.tp, strategy, transport: Transport::P2p, ..Knobs::default() },
    })
}

/// The GPUs with the weights on them.
fn loaded(spec: &RunSpec, checkpoint: Arc<Checkpoint>) -> Result<CudaExecutor, Failure> {
    let plan = plan(spec).map_err(|error| run_failure(error.into()))?;
    let opened = weights::executor(spec.knobs.tp, false, Some(checkpoint));
    let mut executor = opened.map_err(|error| Failure::failed(error, "--tp"))?;
    weights::load(&mut executor, &plan)?;
    Ok(executor)
}

struct Run {
    model: OnGpus,
    limits: Limits,
    sampler: Sampler,
}

/// Runs, and says each word as it comes.
fn say(args: &GenerateArgs, words: &Words, ids: &[u32], run: Run) -> Outcome {
    let Run { mut model, limits, mut sampler } = run;
    let began = Instant::now();
    let (mut came, mut spoken, mut closed) = (Vec::new(), String::new(), None);
    let mut stream = words.stream();
    let mut on_token = |token| {
        came.push(began.elapsed());
        let said = stream.step(token).and_then(|text| {
            spoken += &text;
            print(&text)
        });
        closed = said.err();
        closed.is_none()
    };
    let generated = generate(&mut model, ids, &limits, &mut sampler, &mut on_token)
        .map_err(|error| Failure::failed(error, "the run"))?;
    if let Some(failure) = closed {
        return Err(failure);
    }
    // A last letter that is not whole has not been said.
    let text = words.text(&generated.tokens)?;
    print(text.strip_prefix(&spoken).unwrap_or_default())?;
    print("\n")?;
    eprintln!("{}", summary(ids.len(), &generated, &came));
    if let Some(path) = &args.json {
        write_json(path, &text, ids, &generated, &came)?;
    }
    outcome(generated.ended)
}

/// A text that broke off since the model computed no number is a failure, however much of it there is.
fn outcome(ended: Ended) -> Outcome {
    match ended {
        Ended::NoToken => Err(Failure::failed("no logit was a number", "the run")),
        Ended::Length | Ended::Stop(_) | Ended::Cancelled => Ok(()),
    }
}

fn print(text: &str) -> Outcome {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

/// `12 tokens in, 64 out, the first after 103 ms, then 12.1 ms each; as many as asked for`.
fn summary(given: usize, generated: &Generated, came: &[Duration]) -> String {
    let ns = |time: Duration| i64::try_from(time.as_nanos()).unwrap_or(i64::MAX);
    let mut text = format!("{} in, {} out", counted(given as u64, "token"), came.len());
    if let (Some(&first), Some(&last)) = (came.first(), came.last()) {
        text += &format!(", the first after {}", duration(ns(first)));
        let more = came.len() as i64 - 1;
        if more > 0 {
            text += &format!(", then {} each", duration(ns(last - first) / more));
        }
    }
    let why = match generated.ended {
        Ended::Length => "as many as asked for".to_owned(),
        Ended::Stop(token) => format!("the model ended it (token {token})"),
        Ended::Cancelled => "cancelled".to_owned(),
        Ended::NoToken => "no logit was a number".to_owned(),
    };
    format!("{text}; {why}")
}

fn write_json(
    path: &Path,
    text: &str,
    ids: &[u32],
    generated: &Generated,
    came: &[Duration],
) -> Outcome {
    let came_ms: Vec<f64> = came.iter().map(|time| time.as_secs_f64() * 1e3).collect();
    let value = json!({
        "prompt_tokens": ids,
        "tokens": generated.tokens,
        "text": text,
        "ended": match generated.ended {
            Ended::Length => "length",
            Ended::Stop(_) => "stop",
            Ended::Cancelled => "cancelled",
            Ended::NoToken => "no token",
        },
        "came_ms": came_ms,
    });
    let text = serde_json::to_string_pretty(&value).expect("plain values");
    write_atomically(path, |out| {
        writeln!(out, "{text}").map_err(|error| FileError::io("cannot write", &error, path))
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_text_that_broke_off_has_failed() {
        assert!(outcome(Ended::NoToken).is_err());
        assert!(
            [Ended::Length, Ended::Stop(2), Ended::Cancelled]
                .map(outcome)
                .iter()
                .all(Result::is_ok)
        );
    }
}
