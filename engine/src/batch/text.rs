//! The text form of batches, read with the column of what is wrong, and written with runs of equal requests merged.

use std::{fmt, str::FromStr};

use thiserror::Error;

use super::{Batch, MAX_CACHED_TOKENS, MAX_REQUESTS, MAX_TOKENS, Request};

/// Why a text is no batch, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{problem} at column {column} of the batch {text:?}")]
pub struct BatchError {
    /// What is wrong.
    pub problem: String,
    /// Where, in characters from 1.
    pub column: usize,
    /// The whole text.
    pub text: String,
}

impl FromStr for Batch {
    type Err = BatchError;

    fn from_str(text: &str) -> Result<Self, BatchError> {
        let mut reader = Reader { text, at: 0 };
        let mut batch = Self { requests: Vec::new() };
        loop {
            let start = reader.skip_spaces();
            let part = reader.part()?;
            let tokens = u64::from(batch.tokens()) + part.tokens();
            if tokens > u64::from(MAX_TOKENS) {
                return Err(reader.error(start, format!("more than {MAX_TOKENS} tokens in all")));
            }
            let requests = batch.requests.len() as u64 + part.requests();
            if requests > u64::from(MAX_REQUESTS) {
                let problem = format!("more than {MAX_REQUESTS} requests in all");
                return Err(reader.error(start, problem));
            }
            part.append_to(&mut batch);
            reader.skip_spaces();
            if reader.at == text.len() {
                return Ok(batch);
            }
            reader.expect(',', "a comma or the end")?;
        }
    }
}

impl fmt::Display for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, run) in self.requests.chunk_by(|a, b| a == b).enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            if run.len() > 1 {
                write!(f, "{}x", run.len())?;
            }
            let Request { cached_tokens, new_tokens } = run[0];
            match (run[0].is_decode(), cached_tokens) {
                (true, _) => write!(f, "decode@{cached_tokens}")?,
                (false, 0) => write!(f, "{new_tokens}")?,
                (false, _) => write!(f, "{new_tokens}@{cached_tokens}")?,
            }
        }
        Ok(())
    }
}

/// A part of the list: `count` times `tokens` in sequences of `seq`, each after `cached`.
struct Part {
    count: u32,
    tokens: u32,
    seq: u32,
    cached: u32,
}

impl Part {
    fn tokens(&self) -> u64 {
        u64::from(self.count) * u64::from(self.tokens)
    }

    fn requests(&self) -> u64 {
        u64::from(self.count) * u64::from(self.tokens.div_ceil(self.seq))
    }

    fn append_to(&self, batch: &mut Batch) {
        let requests = Batch::prefill(self.tokens, self.seq).requests;
        let cached_tokens = self.cached;
        for _ in 0..self.count {
            let cached = requests.iter().map(|request| Request { cached_tokens, ..*request });
            batch.requests.extend(cached);
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    /// Byte offset of the next character.
    at: usize,
}

impl Reader<'_> {
    fn part(&mut self) -> Result<Part, BatchError> {
        let mut count = 1;
        if !self.decode_step()? {
            let start = self.at;
            let number = self.number("a number of tokens or `decode`")?;
            if !self.eat("x") {
                return self.chunk(1, (start, number));
            }
            count = self.positive(start, number, "a count")?;
            if !self.decode_step()? {
                let start = self.at;
                let number = self.number("a number of tokens or `decode`")?;
                return self.chunk(count, (start, number));
            }
        }
        let start = self.at;
        let cached = self.number("a number of cached tokens")?;
        let cached = self.positive(start, cached, "the cached tokens of a decode step")?;
        Ok(Part { count, tokens: 1, seq: 1, cached: self.cached(start, cached)? })
    }

    /// Reads `decode@`, or the short `d` before a number; false when something else comes.
    fn decode_step(&mut self) -> Result<bool, BatchError> {
        if self.eat("decode") {
            self.expect('@', "`@` and the cached tokens of a decode step")?;
            return Ok(true);
        }
        let rest = self.text[self.at..].strip_prefix('d');
        Ok(rest.is_some_and(|rest| rest.starts_with(|next: char| next.is_ascii_digit()))
            && self.eat("d"))
    }

    /// What may follow the tokens of a chunk: `/seq` or `@cached`.
    fn chunk(&mut self, count: u32, (start, tokens): (usize, u32)) -> Result<Part, BatchError> {
        let tokens = self.positive(start, tokens, "a number of tokens")?;
        let mut part = Part { count, tokens, seq: tokens, cached: 0 };
        if self.eat("/") {
            let start = self.at;
            let seq = self.number("a sequence length")?;
            part.seq = self.positive(start, seq, "a sequence length")?;
        } else if self.eat("@") {
            let start = self.at;
            let cached = self.number("a number of cached tokens")?;
            part.cached = self.cached(start, cached)?;
        }
        Ok(part)
    }

    fn number(&mut self, wanted: &str) -> Result<u32, BatchError> {
        let rest = &self.text[self.at..];
        let len = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        if len == 0 {
            return Err(self.error(self.at, format!("expected {wanted}")));
        }
        let number = rest[..len].parse();
        let number = number.map_err(|_| self.error(self.at, "a number too large".to_owned()))?;
        self.at += len;
        Ok(number)
    }

    fn positive(&self, start: usize, number: u32, what: &str) -> Result<u32, BatchError> {
        if number > 0 { Ok(number) } else { Err(self.error(start, format!("{what} of 0"))) }
    }

    fn cached(&self, start: usize, cached: u32) -> Result<u32, BatchError> {
        if cached <= MAX_CACHED_TOKENS {
            return Ok(cached);
        }
        Err(self.error(start, format!("more than {MAX_CACHED_TOKENS} cached tokens")))
    }

    fn expect(&mut self, wanted: char, description: &str) -> Result<(), BatchError> {
        if self.text[self.at..].starts_with(wanted) {
            self.at += wanted.len_utf8();
            return Ok(());
        }
        Err(self.error(self.at, format!("expected {description}")))
    }

    fn eat(&mut self, token: &str) -> bool {
        let found = self.text[self.at..].starts_with(token);
        self.at += if found { token.len() } else { 0 };
        found
    }

    /// Skips blanks and returns where the next character is.
    fn skip_spaces(&mut self) -> usize {
        self.at = self.text.len() - self.text[self.at..].trim_start().len();
        self.at
    }

    fn error(&self, at: usize, problem: String) -> BatchError {
        let column = self.text[..at].chars().count() + 1;
        BatchError { problem, column, text: self.text.to_owned() }
    }
}
