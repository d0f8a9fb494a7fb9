//! The server's certificate, which signs itself: made once and kept, so that its fingerprint stays what links say.

use std::{io, path::Path, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use thiserror::Error;

use super::{
    super::token::{TokenError, make_secret, secret},
    Fingerprint,
};

/// Bytes of a file that are read: both together have some 900.
const MOST_READ: u64 = 64 << 10;

/// What a server shows, and how it proves that it is its own.
pub(in super::super) struct Certificate {
    /// How connections are accepted.
    pub(in super::super) config: Arc<ServerConfig>,
    /// What windows are to find.
    pub(in super::super) fingerprint: Fingerprint,
}

/// Why there is no certificate.
#[derive(Debug, Error)]
pub(crate) enum CertificateError {
    /// The file that keeps it.
    #[error(transparent)]
    File(#[from] TokenError),
    /// What it holds is none.
    #[error("{path} holds no certificate with its key ({cause}): remove it, and another is made")]
    Broken {
        /// Which file.
        path: String,
        /// Why.
        cause: String,
    },
    /// None could be made.
    #[error("no certificate could be made: {0}")]
    NotMade(#[from] rcgen::Error),
}

impl Certificate {
    /// That of a file of the user's alone, which is made where there is none.
    ///
    /// # Errors
    /// [`CertificateError`]
    pub(in super::super) fn of_file_or_made(path: &Path) -> Result<Self, CertificateError> {
        let text = match secret(path, MOST_READ) {
            Err(TokenError::File { cause, .. }) if cause.kind() == io::ErrorKind::NotFound => {
                make_secret(path, made()?.as_bytes())?;
                secret(path, MOST_READ)?
            }
            read => read?,
        };
        Self::of_pem(&text)
            .map_err(|cause| CertificateError::Broken { path: path.display().to_string(), cause })
    }

    fn of_pem(text: &[u8]) -> Result<Self, String> {
        let words = |error: rustls::pki_types::pem::Error| error.to_string();
        let certificate = CertificateDer::from_pem_slice(text).map_err(words)?;
        let key = PrivateKeyDer::from_pem_slice(text).map_err(words)?;
        let fingerprint = Fingerprint::of(&certificate);
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .and_then(|builder| {
                builder.with_no_client_auth().with_single_cert(vec![certificate], key)
            });
        let mut config = config.map_err(|error| error.to_string())?;
        // Nothing is taken up again: every connection proves itself.
        config.send_tls13_tickets = 0;
        Ok(Self { config: Arc::new(config), fingerprint })
    }
}

/// A new certificate and its key, in one text.
fn made() -> Result<String, rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(["weftscope".to_owned()])?;
    params.distinguished_name.push(DnType::CommonName, "weftscope serve");
    let certificate = params.self_signed(&key)?;
    Ok(pem("CERTIFICATE", certificate.der()) + &pem("PRIVATE KEY", &key.serialize_der()))
}

/// RFC 7468's form.
fn pem(label: &str, bytes: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(bytes);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, behind) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = behind;
    }
    pem + &format!("-----END {label}-----\n")
}
