//! TLS 1.3 between a window and a server that know each other by a fingerprint: no names, no authorities, no dates.

mod certificate;
mod halves;
mod pin;

pub(super) use certificate::Certificate;
pub(super) use halves::halves;
pub(super) use pin::client;

use std::fmt;

use ring::digest::{SHA256, digest};

use super::{proof::Binding, token::bytes_of_hex};

/// What the proof of a connection is tied to: RFC 9266 has the same for any protocol, with a label of its own.
const LABEL: &[u8] = b"EXPORTER-weftscope-serve";
/// Bytes of SHA-256.
const BYTES: usize = 32;

/// The SHA-256 of a certificate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint([u8; BYTES]);

impl Fingerprint {
    fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; BYTES];
        bytes.copy_from_slice(digest(&SHA256, certificate).as_ref());
        Self(bytes)
    }

    /// 64 hexadecimal digits, with colons between bytes or without.
    pub(super) fn of_text(text: &str) -> Option<Self> {
        bytes_of_hex(&text.replace(':', "")).map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What ties a proof to this connection, whose handshake is over.
///
/// # Errors
/// Those of rustls: the handshake is not over.
pub(super) fn binding<Data>(
    connection: &rustls::ConnectionCommon<Data>,
) -> Result<Binding, rustls::Error> {
    let exported = connection.export_keying_material([0; BYTES], LABEL, None)?;
    Ok(Binding::Tls(exported))
}
