//! Who is to be reached: by `ssh://`, or what `weftscope serve` printed, `weft://` and `weft+unix://`.

mod ssh;
mod weft;

pub use ssh::SshTarget;
pub use weft::WeftTarget;
pub(super) use weft::{Place, link};

use std::{fmt, str::FromStr};

use thiserror::Error;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// As `ssh` reaches it.
    Ssh(SshTarget),
    /// Where `weftscope serve` listens.
    Weft(WeftTarget),
}

/// Why a text names no server. What was given is not repeated where it may hold a token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TargetError {
    /// Another scheme, or none; without what stands behind `#`.
    #[error(
        "{0:?} is no address of a server: ssh://user@host:port is, of which user and port may be left out, and what `weftscope serve` prints"
    )]
    Scheme(String),
    /// A part is empty, or would be taken for something else.
    #[error("{text:?}: {part} is {why}")]
    Part {
        /// What was given, without what stands behind `#`.
        text: String,
        /// Which part.
        part: &'static str,
        /// What about it.
        why: &'static str,
    },
}

impl TargetError {
    fn part(text: &str, part: &'static str, why: &'static str) -> Self {
        Self::Part { text: public(text).to_owned(), part, why }
    }
}

/// What of an address may be shown.
fn public(text: &str) -> &str {
    text.split(['#', '?']).next().unwrap_or_default()
}

impl Target {
    /// Whether a text is meant as the address of a server.
    pub fn is_meant(text: &str) -> bool {
        let text = text.trim_start();
        [ssh::SCHEME, weft::SCHEME, weft::UNIX_SCHEME].iter().any(|scheme| text.starts_with(scheme))
    }

    /// Its name for people.
    pub fn host(&self) -> &str {
        match self {
            Self::Ssh(target) => target.host(),
            Self::Weft(target) => target.name(),
        }
    }
}

impl fmt::Display for Target {
    /// As it was given, without a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ssh(target) => target.fmt(f),
            Self::Weft(target) => target.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let text = text.trim();
        let is_weft =
            |text: &str| text.starts_with(weft::SCHEME) || text.starts_with(weft::UNIX_SCHEME);
        // Pasted behind what the window's question begins with.
        let text = text.strip_prefix(ssh::SCHEME).filter(|rest| is_weft(rest)).unwrap_or(text);
        if is_weft(text) { text.parse().map(Self::Weft) } else { text.parse().map(Self::Ssh) }
    }
}

/// `host`, `host:22`, `[::1]`, `[::1]:22`.
fn host_and_port(place: &str) -> (&str, Option<&str>) {
    if let Some((host, behind)) = place.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, behind.strip_prefix(':'));
    }
    place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
}

/// Refuses what is no name, and what ssh, or the shell that some configurations hand it to, could take for something else than one.
fn part(text: &str) -> Result<(), &'static str> {
    let is_odd =
        |it: char| it.is_control() || it.is_whitespace() || "'\"`$\\;&|<>(){}*?!#".contains(it);
    if text.is_empty() {
        Err("missing")
    } else if text.starts_with('-') {
        Err("not to begin with a dash")
    } else if text.contains(is_odd) {
        Err("not to hold characters that a shell reads")
    } else {
        Ok(())
    }
}

fn port(text: &str) -> Result<u16, &'static str> {
    text.parse().ok().filter(|&port| port > 0).ok_or("none of 1 to 65535")
}
