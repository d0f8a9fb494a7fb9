//! What a checkpoint's folder says of its words: the tokenizer, where a text ends, how long one may be.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use tokenizers::Tokenizer;
use weftscope_traces::words::counted;

use crate::{cli::Failure, files::FileError};

/// Text to tokens and back.
pub(super) struct Words {
    tokenizer: Tokenizer,
    path: PathBuf,
    /// Tokens that end a text, by generation_config.json, else config.json.
    pub(super) stops: Vec<u32>,
    /// Tokens of a text at most; `None`: the model does not say.
    longest: Option<u32>,
}

impl Words {
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join("tokenizer.json");
        let tokenizer = Tokenizer::from_file(&path).map_err(|error| cannot(&error, &path))?;
        let config = read(&folder.join("config.json"))?;
        let generation = folder.join("generation_config.json");
        let generation = if generation.exists() { read(&generation)? } else { Value::Null };
        let stops = [&generation, &config].map(|from| stops(&from["eos_token_id"]));
        let longest = config["max_position_embeddings"].as_u64();
        Ok(Self {
            tokenizer,
            path,
            stops: stops.into_iter().find(|stops| !stops.is_empty()).unwrap_or_default(),
            longest: longest.and_then(|tokens| u32::try_from(tokens).ok()),
        })
    }

    /// The tokens of a text, with those that the tokenizer begins every text with.
    pub(super) fn ids(&self, text: &str, vocab: u32) -> Result<Vec<u32>, Failure> {
        let encoded =
            self.tokenizer.encode(text, true).map_err(|error| cannot(&error, &self.path))?;
        let ids = encoded.get_ids();
        match ids.iter().find(|&&id| id >= vocab) {
            Some(id) => Err(cannot(
                format!("token {id} lies outside the model's vocabulary of {vocab}"),
                &self.path,
            )),
            None if ids.is_empty() => Err(cannot("it makes no tokens of this text", &self.path)),
            None => Ok(ids.to_vec()),
        }
    }

    /// Tokens of prompt and answer together.
    pub(super) fn room(&self, prompt: usize, new: u32) -> Result<u32, Failure> {
        let all = prompt as u64 + u64::from(new);
        let most = u64::from(self.longest.unwrap_or(u32::MAX));
        if all > most {
            let cause = format!(
                "{} and {new} more are longer than the model's {most} positions",
                counted(prompt as u64, "token")
            );
            return Err(Failure::misuse(cause, "--max-tokens"));
        }
        Ok(all as u32)
    }

    pub(super) fn text(&self, ids: &[u32]) -> Result<String, Failure> {
        self.tokenizer.decode(ids, true).map_err(|error| cannot(&error, &self.path))
    }

    /// The text as it comes: a token may be part of a letter.
    pub(super) fn stream(&self) -> Stream<'_> {
        let mut stream = self.tokenizer.decode_stream(true);
        Stream { step: Box::new(move |token| stream.step(token)), path: &self.path }
    }
}

type Step<'a> = dyn FnMut(u32) -> tokenizers::Result<Option<String>> + 'a;

/// Words that come one token at a time.
pub(super) struct Stream<'a> {
    step: Box<Step<'a>>,
    path: &'a Path,
}

impl Stream<'_> {
    /// What a token adds to the text; nothing while a letter is not whole.
    pub(super) fn step(&mut self, token: u32) -> Result<String, Failure> {
        let text = (self.step)(token).map_err(|error| cannot(&error, self.path))?;
        Ok(text.unwrap_or_default())
    }
}

fn cannot(cause: impl std::fmt::Display, path: &Path) -> Failure {
    FileError::new(cause.to_string(), path).into()
}

fn read(path: &Path) -> Result<Value, Failure> {
    let text =
        fs::read_to_string(path).map_err(|error| FileError::io("cannot read", &error, path))?;
    serde_json::from_str(&text).map_err(|error| cannot(error, path))
}

/// One token or several.
fn stops(value: &Value) -> Vec<u32> {
    let one = |value: &Value| value.as_u64().and_then(|id| u32::try_from(id).ok());
    match value {
        Value::Array(values) => values.iter().filter_map(one).collect(),
        value => one(value).into_iter().collect(),
    }
}
