//! `weft://host:port#fp=…&token=…` and `weft+unix:///path#token=…`: what `weftscope serve` prints. What stands behind `#` is sent nowhere.

use std::{fmt, path::PathBuf, str::FromStr};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::{
    super::{tls::Fingerprint, token::Token},
    TargetError, host_and_port, part, port,
};

/// What addresses of ports begin with.
pub(super) const SCHEME: &str = "weft://";
/// What those of sockets in a file system do.
pub(super) const UNIX_SCHEME: &str = "weft+unix://";
/// What of a path would be taken for something else.
const NOT_OF_A_PATH: &AsciiSet = &CONTROLS.add(b' ').add(b'#').add(b'?').add(b'%');

/// A server of `weftscope serve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WeftTarget {
    pub(in super::super) place: Place,
    /// With one TLS is spoken, to whoever has this certificate; without, only this computer is spoken to.
    pub(in super::super) fingerprint: Option<Fingerprint>,
    /// `None`: what the file of tokens of this computer has.
    pub(in super::super) token: Option<Token>,
    /// For people.
    name: String,
}

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Place {
    /// Host and port.
    Tcp(String, u16),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl WeftTarget {
    /// Host and port, or the socket's path.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(host, port) if host.contains(':') => write!(f, "{SCHEME}[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{SCHEME}{host}:{port}"),
            Self::Unix(path) => {
                let path = path.to_string_lossy();
                write!(f, "{UNIX_SCHEME}{}", utf8_percent_encode(&path, NOT_OF_A_PATH))
            }
        }
    }
}

impl fmt::Display for WeftTarget {
    /// Without the token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&link(&self.place, self.fingerprint, None))
    }
}

/// The link to a server; with a token it is a secret.
pub(in super::super) fn link(
    place: &Place,
    fingerprint: Option<Fingerprint>,
    token: Option<&Token>,
) -> String {
    let fingerprint = fingerprint.map(|fingerprint| format!("fp={fingerprint}"));
    let token = token.map(|token| format!("token={}", token.to_hex()));
    let behind: Vec<String> = fingerprint.into_iter().chain(token).collect();
    let mark = if behind.is_empty() { "" } else { "#" };
    format!("{place}{mark}{}", behind.join("&"))
}

impl FromStr for WeftTarget {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let wrong = |part, why| TargetError::part(text, part, why);
        let (address, behind) = text.split_once('#').unwrap_or((text, ""));
        if address.contains('?') {
            return Err(wrong("what stands behind ?", "not to be there: a token stands behind #"));
        }
        let place = match address.strip_prefix(UNIX_SCHEME) {
            Some(path) => socket(path).map_err(|why| wrong("the path", why))?,
            None => host(address.strip_prefix(SCHEME).unwrap_or_default())
                .map_err(|(part, why)| wrong(part, why))?,
        };
        let (mut fingerprint, mut token) = (None, None);
        for word in behind.split('&').filter(|word| !word.is_empty()) {
            match word.split_once('=') {
                Some(("fp", hex)) => {
                    let read = Fingerprint::of_text(hex);
                    let why = "not 64 hexadecimal digits, which a SHA-256 has";
                    fingerprint = Some(read.ok_or_else(|| wrong("the fingerprint", why))?);
                }
                Some(("token", hex)) => {
                    let why = "not 32 hexadecimal digits";
                    token = Some(hex.parse().map_err(|_| wrong("the token", why))?);
                }
                _ => return Err(wrong("what stands behind #", "neither fp=… nor token=…")),
            }
        }
        let name = match &place {
            Place::Tcp(host, port) => format!("{host}:{port}"),
            Place::Unix(path) => path.display().to_string(),
        };
        Ok(Self { place, fingerprint, token, name })
    }
}

fn host(place: &str) -> Result<Place, (&'static str, &'static str)> {
    let (host, given) = host_and_port(place.strip_suffix('/').unwrap_or(place));
    part(host).map_err(|why| ("the host", why))?;
    if host.contains(['/', '@']) {
        return Err(("the host", "not to hold / or @"));
    }
    let given = given.ok_or(("the port", "missing"))?;
    Ok(Place::Tcp(host.to_owned(), port(given).map_err(|why| ("the port", why))?))
}

fn socket(path: &str) -> Result<Place, &'static str> {
    let path = percent_decode_str(path).decode_utf8().map_err(|_| "not UTF-8")?;
    if path.starts_with('/') {
        Ok(Place::Unix(PathBuf::from(path.into_owned())))
    } else {
        Err("not to be without a / at its begin: weft+unix:///run/x.sock is a socket")
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Target, *};

    const TOKEN: &str = "000102030405060708090a0b0c0d0e0f";
    const FP: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn links_are_read_and_shown_without_their_token() {
        for (text, place, has) in [
            ("weft://localhost:9338", Place::Tcp("localhost".to_owned(), 9338), (false, false)),
            (
                &format!("weft://[::1]:9338#token={TOKEN}"),
                Place::Tcp("::1".to_owned(), 9338),
                (false, true),
            ),
            (
                &format!("weft://box.example.org:1#fp={FP}&token={TOKEN}"),
                Place::Tcp("box.example.org".to_owned(), 1),
                (true, true),
            ),
            (
                &format!("weft+unix:///run/a%20b.sock#token={TOKEN}"),
                Place::Unix("/run/a b.sock".into()),
                (false, true),
            ),
        ] {
            assert!(Target::is_meant(text));
            assert_eq!(format!("ssh://{text}").parse::<Target>(), text.parse());
            let target: WeftTarget = text.parse().unwrap();
            assert_eq!(target.place, place);
            assert_eq!((target.fingerprint.is_some(), target.token.is_some()), has, "{text}");
            let whole = link(&target.place, target.fingerprint, target.token.as_ref());
            assert_eq!(whole, text, "a link is written as it is read");
            for shown in [target.to_string(), format!("{target:?}"), target.name().to_owned()] {
                assert!(!shown.contains(TOKEN), "{shown}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_the_token() {
        for (text, part) in [
            ("weft://", "the host is missing"),
            ("weft://box", "the port is missing"),
            ("weft://box:0", "the port is none of"),
            ("weft://-box:1", "the host is not to begin with a dash"),
            ("weft://ann@box:1", "the host is not to hold / or @"),
            ("weft://box:1/x", "the port is none of"),
            ("weft+unix://x", "the path is not to be without a /"),
            (&format!("weft://box:1?token={TOKEN}"), "a token stands behind #"),
            (&format!("weft://box:1#token={TOKEN}0"), "the token is not 32"),
            (&format!("weft://box:1#token={TOKEN}&fp=00"), "the fingerprint is not 64"),
            (&format!("weft://box:1#{TOKEN}"), "neither fp=… nor token=…"),
            (&format!("wft://box:1#token={TOKEN}"), "is no address of a server"),
        ] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(part) && !error.contains(TOKEN), "{text}: {error}");
        }
    }
}
