//! The first words of a connection: a magic line, behind whatever a login shell prints, and who is there.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use weftscope_engine::machine::Machine;

use super::frame::{Frame, FrameError, Kind};
use crate::here::Gpus;

/// What both ends begin with; a byte that no text has stands first.
const MAGIC: &[u8] = b"\x00weftscope remote\n";
/// The version of what follows. Both ends speak the same one.
const PROTOCOL: u32 = 1;
/// Bytes that may stand before the magic line: what the files of a login shell print.
const MOST_BEFORE: usize = 64 << 10;

/// Who is there, and what it offers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Greeting {
    protocol: u32,
    /// Version of the program.
    pub(crate) version: String,
    /// Name of the computer; empty where it is not known.
    pub(crate) host: String,
    /// Its GPUs, and these as a machine.
    pub(crate) gpus: Option<(Gpus, Machine)>,
}

/// Why there is no talking to each other.
#[derive(Debug, Error)]
pub(crate) enum GreetingError {
    /// The connection failed.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It ended before a word.
    #[error("it ended without an answer{}", said(.0))]
    Ended(String),
    /// Something else answers.
    #[error("something else than weftscope answers{}", said(.0))]
    Other(String),
    /// Another version.
    #[error(
        "weftscope {theirs} is there and {ours} here, and they do not speak the same: use one version"
    )]
    Version {
        /// Version there.
        theirs: String,
        /// Version here.
        ours: &'static str,
    },
}

fn said(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("; it says: {text}") }
}

impl Greeting {
    /// This program's.
    pub(crate) fn ours(host: String, gpus: Option<(Gpus, Machine)>) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { protocol: PROTOCOL, version, host, gpus }
    }

    /// Its GPUs, in words.
    pub fn gpus_in_words(&self) -> Option<String> {
        self.gpus.as_ref().map(|(_, machine)| machine.title.clone())
    }

    /// Says it.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn say(&self, out: &mut impl Write) -> io::Result<()> {
        let head = serde_json::to_string(self)?;
        out.write_all(MAGIC)?;
        Frame { head, ..Frame::bare(Kind::Greeting, 0) }.write(out)?;
        out.flush()
    }

    /// Hears the other end's.
    ///
    /// # Errors
    /// [`GreetingError`]
    pub(super) fn hear(input: &mut impl Read) -> Result<Self, GreetingError> {
        skip_to_magic(input)?;
        let Some((frame, _)) = Frame::read(input)? else {
            return Err(GreetingError::Ended(String::new()));
        };
        if frame.kind != Kind::Greeting {
            return Err(FrameError::NoFrame("a greeting comes first").into());
        }
        // What an older or a newer version says more or less of itself does not hide which one it is.
        #[derive(Deserialize)]
        struct Which {
            protocol: u32,
            version: String,
        }
        let no_greeting = |_| FrameError::NoFrame("the greeting says nothing");
        let which: Which = serde_json::from_str(&frame.head).map_err(no_greeting)?;
        if which.protocol != PROTOCOL {
            let ours = env!("CARGO_PKG_VERSION");
            return Err(GreetingError::Version { theirs: which.version, ours });
        }
        Ok(serde_json::from_str(&frame.head).map_err(no_greeting)?)
    }
}

/// Reads up to the end of the magic line. Byte by byte: what follows is not to be lost, and this is short.
fn skip_to_magic(input: &mut impl Read) -> Result<(), GreetingError> {
    let mut before = Vec::new();
    let mut byte = [0];
    loop {
        match input.read(&mut byte) {
            Ok(0) => return Err(GreetingError::Ended(words(&before))),
            Ok(_) => before.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(FrameError::Io(error).into()),
        }
        if before.ends_with(MAGIC) {
            return Ok(());
        }
        if before.len() > MOST_BEFORE {
            return Err(GreetingError::Other(words(&before)));
        }
    }
}

/// The first line or two of what came, as text.
fn words(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).collect()
}
