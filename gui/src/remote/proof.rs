//! How both ends prove that they know a token, before anything else is said. It never crosses the connection, and what was recorded proves nothing again.
//!
//! ```text
//! window   magic[17]  version u8  nonce[32]
//! server   magic[17]  0 u8        nonce[32]      or a verdict in the place of 0, and an end
//! window   HMAC(token, "… window" binding nonces)[32]
//! server   0 u8       HMAC(token, "… server" binding nonces)[32]      or a verdict, and an end
//! ```
//!
//! HMAC is that of RFC 2104 with SHA-256, nonces are random. The binding is one byte 0 of a plain connection, or 1 and what RFC 9266's `tls-exporter` gives
//! of this very one: who stands between two TLS connections cannot hand a proof on.

use std::io::{self, Read, Write};

use ring::{
    hmac,
    rand::{SecureRandom, SystemRandom},
};
use thiserror::Error;

use super::token::Token;

/// What both begin with: a byte that no text has, and a name.
pub(super) const MAGIC: [u8; 17] = *b"\x00weftscope serve\n";
/// Of this exchange.
const VERSION: u8 = 1;
/// Bytes of a nonce, and of a proof.
const BYTES: usize = 32;

type Nonce = [u8; BYTES];

/// What a server says to a proof, or in the place of asking for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Verdict {
    /// Let in.
    #[error("let in")]
    Admitted = 0,
    /// Another token.
    #[error(
        "the token is another server's: take the link that the server printed, or its token file"
    )]
    Token = 1,
    /// TLS is spoken there, and nothing else.
    #[error("it speaks TLS alone: the link that it printed has fp=…")]
    TlsWanted = 2,
    /// Too many are in.
    #[error("as many windows as it serves are connected there")]
    Full = 3,
    /// Another version of this exchange.
    #[error("another version of weftscope is there: use one version")]
    Version = 4,
}

/// Why a proof did not come about.
#[derive(Debug, Error)]
pub(crate) enum ProofError {
    /// The connection failed, took too long, or too much came.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// What came is something else.
    #[error("something else than weftscope serve answers")]
    Other,
    /// It was refused.
    #[error("{0}")]
    Refused(Verdict),
    /// The other end does not know the token either.
    #[error("what answers does not know the token: it is not the server that the link is of")]
    Impostor,
    /// The system has no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

/// What a proof is tied to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Binding {
    /// A connection that anybody on the way could have made.
    Plain,
    /// What only the two ends of one TLS connection know.
    Tls([u8; BYTES]),
}

impl Verdict {
    fn of(byte: u8) -> Option<Self> {
        let all = [Self::Admitted, Self::Token, Self::TlsWanted, Self::Full, Self::Version];
        all.into_iter().find(|verdict| *verdict as u8 == byte)
    }
}

/// The window's part.
///
/// # Errors
/// [`ProofError`]
pub(super) fn prove(
    stream: &mut (impl Read + Write),
    token: &Token,
    binding: Binding,
) -> Result<(), ProofError> {
    let ours = nonce()?;
    stream.write_all(&[&MAGIC[..], &[VERSION], &ours].concat())?;
    stream.flush()?;
    let mut magic = [0; MAGIC.len()];
    stream.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(ProofError::Other);
    }
    hear_verdict(stream)?;
    let mut theirs = Nonce::default();
    stream.read_exact(&mut theirs)?;
    let said = |who| said(who, binding, (&ours, &theirs));
    let key = key(token);
    stream.write_all(hmac::sign(&key, &said("window")).as_ref())?;
    stream.flush()?;
    hear_verdict(stream)?;
    let mut proof = Nonce::default();
    stream.read_exact(&mut proof)?;
    hmac::verify(&key, &said("server"), &proof).map_err(|_| ProofError::Impostor)
}

fn hear_verdict(stream: &mut impl Read) -> Result<(), ProofError> {
    let mut byte = [0];
    stream.read_exact(&mut byte)?;
    match Verdict::of(byte[0]) {
        Some(Verdict::Admitted) => Ok(()),
        Some(verdict) => Err(ProofError::Refused(verdict)),
        None => Err(ProofError::Other),
    }
}

/// The server's part, up to whether the window knows the token; what is then made of it is said by [`admit`].
///
/// # Errors
/// [`ProofError`]; of [`ProofError::Refused`] the window has not been told.
pub(super) fn challenge(
    stream: &mut (impl Read + Write),
    token: &Token,
    binding: Binding,
) -> Result<Admission, ProofError> {
    let mut magic = [0; MAGIC.len()];
    stream.read_exact(&mut magic)?;
    if magic != MAGIC {
        return Err(ProofError::Other);
    }
    let mut version = [0];
    stream.read_exact(&mut version)?;
    let mut theirs = Nonce::default();
    stream.read_exact(&mut theirs)?;
    if version[0] != VERSION {
        stream.write_all(&MAGIC)?;
        return Err(ProofError::Refused(Verdict::Version));
    }
    let ours = nonce()?;
    stream.write_all(&[&MAGIC[..], &[Verdict::Admitted as u8], &ours].concat())?;
    stream.flush()?;
    let mut proof = Nonce::default();
    stream.read_exact(&mut proof)?;
    let said = |who| said(who, binding, (&theirs, &ours));
    let key = key(token);
    // Compares in constant time.
    hmac::verify(&key, &said("window"), &proof).map_err(|_| ProofError::Refused(Verdict::Token))?;
    Ok(Admission(hmac::sign(&key, &said("server"))))
}

/// The server's own proof, not said yet.
pub(super) struct Admission(hmac::Tag);

impl Admission {
    /// Lets the window in.
    ///
    /// # Errors
    /// Those of `stream`.
    pub(super) fn say(&self, stream: &mut impl Write) -> io::Result<()> {
        stream.write_all(&[&[Verdict::Admitted as u8], self.0.as_ref()].concat())?;
        stream.flush()
    }
}

fn nonce() -> Result<Nonce, ProofError> {
    let mut nonce = Nonce::default();
    SystemRandom::new().fill(&mut nonce).map_err(|_| ProofError::Random)?;
    Ok(nonce)
}

fn key(token: &Token) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, token.bytes())
}

/// What is signed: by whom, where, and for which connection.
fn said(who: &str, binding: Binding, (window, server): (&Nonce, &Nonce)) -> Vec<u8> {
    let mut said = format!("weftscope serve {VERSION} {who}\n").into_bytes();
    match binding {
        Binding::Plain => said.push(0),
        Binding::Tls(exported) => {
            said.push(1);
            said.extend(exported);
        }
    }
    said.extend(window);
    said.extend(server);
    said
}
