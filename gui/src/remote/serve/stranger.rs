//! Who is not let in, why, and what they are told.

use std::io;

use thiserror::Error;

use super::super::proof::{MAGIC, ProofError, Verdict};

/// Why somebody is not let in, in words of this program alone: nothing that was sent is repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Refusal {
    /// A browser, a scanner, `curl`.
    #[error("it speaks HTTP, which is not spoken here")]
    Http,
    /// Something else.
    #[error("it speaks something else")]
    Other,
    /// TLS where none is spoken.
    #[error("it speaks TLS, and this server does not (--tls)")]
    TlsUnasked,
    /// No TLS where it is spoken.
    #[error("it speaks no TLS, and this server nothing else")]
    TlsWanted,
    /// TLS of an older version, or broken.
    #[error("no TLS 1.3 with it")]
    NoTls,
    /// Another version of the exchange.
    #[error("it speaks another version")]
    Version,
    /// It knows no token, or another, or repeats what somebody else has said.
    #[error("its token is wrong")]
    Token,
    /// The time was over.
    #[error("it took too long")]
    Slow,
    /// More came than anybody has to say.
    #[error("it sent too much")]
    Long,
    /// It ended, or was cut.
    #[error("it went without a proof")]
    Left,
    /// Others came, and it was the oldest.
    #[error("others came, and it had waited longest")]
    Displaced,
    /// Others who are to go have not gone.
    #[error("too many came at once")]
    Crowded,
    /// It may come in, and there is no seat.
    #[error("its token is right, and as many windows as can be are served")]
    Full,
    /// The system has no thread for it, or no random number.
    #[error("the system has no room for it")]
    NoRoom,
}

/// What HTTP is answered: no header that a browser could make something of.
const NO_WEB: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 57\r\nConnection: close\r\n\r\nThis is no web server: weftscope takes its link by hand.\n";

impl Refusal {
    /// What it is told, if anything.
    pub(super) fn answer(self) -> Vec<u8> {
        let verdict = |verdict: Verdict| vec![verdict as u8];
        match self {
            Self::Http => NO_WEB.to_vec(),
            // In the place of a nonce.
            Self::TlsWanted => [&MAGIC[..], &[Verdict::TlsWanted as u8]].concat(),
            Self::Version => verdict(Verdict::Version),
            Self::Token => verdict(Verdict::Token),
            Self::Full => verdict(Verdict::Full),
            _ => Vec::new(),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::TimedOut => Self::Slow,
            io::ErrorKind::FileTooLarge => Self::Long,
            _ => Self::Left,
        }
    }
}

impl From<ProofError> for Refusal {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Io(error) => error.into(),
            ProofError::Refused(Verdict::Version) => Self::Version,
            ProofError::Refused(_) | ProofError::Impostor => Self::Token,
            ProofError::Other => Self::Other,
            ProofError::Random => Self::NoRoom,
        }
    }
}

/// What HTTP's requests begin with, and HTTP/2.
const METHODS: [&[u8]; 10] = [
    b"GET ",
    b"PUT ",
    b"PRI ",
    b"HEAD ",
    b"POST ",
    b"TRACE ",
    b"PATCH ",
    b"DELETE ",
    b"OPTIONS ",
    b"CONNECT ",
];

/// Whether HTTP is spoken, which so few bytes tell; reads no more of others than differs.
///
/// # Errors
/// As reading.
pub(super) fn is_http(input: &mut impl io::Read) -> io::Result<bool> {
    let mut word = Vec::new();
    loop {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        word.push(byte[0]);
        if METHODS.contains(&&word[..]) {
            return Ok(true);
        }
        if !METHODS.iter().any(|method| method.starts_with(&word)) {
            return Ok(false);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_known_by_its_first_word() {
        for text in ["GET / HTTP/1.1", "OPTIONS * HTTP/1.1\r\nOrigin: x", "PRI * HTTP/2.0"] {
            assert!(is_http(&mut text.as_bytes()).unwrap(), "{text}");
        }
        for text in ["GETS ", "SSH-2.0", "get / "] {
            assert!(!is_http(&mut text.as_bytes()).unwrap(), "{text}");
        }
        assert!(is_http(&mut &b"OPT"[..]).is_err());
        // What the answer says of its own length is so.
        let text = String::from_utf8(Refusal::Http.answer()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}\r\n", body.len())), "{}", body.len());
    }
}
