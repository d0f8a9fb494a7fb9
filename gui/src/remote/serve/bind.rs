//! Where a server listens: loopback or a socket in the file system as it is, beyond that with TLS alone.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr, TcpListener},
    os::unix::{
        fs::{DirBuilderExt, FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    process,
};

use thiserror::Error;

use super::super::{
    socket::Socket,
    target::{Place, link},
    tls::Certificate,
    token::{Token, TokenError},
};

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Where {
    /// An address of this computer, and a port; 0: any.
    Tcp(SocketAddr),
    /// A socket in the file system.
    Unix(PathBuf),
}

/// Why nothing is served.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    /// Anybody on the network could listen, and take the place of either end.
    #[error(
        "{0} can be reached from other computers, and without --tls all that is said could be read on the way: add --tls, or listen on 127.0.0.1 and let ssh -L forward it"
    )]
    Clear(SocketAddr),
    /// A socket is of this computer.
    #[error(
        "a socket in the file system stays on this computer and speaks no TLS: leave --tls out"
    )]
    TlsOnSocket,
    /// The token.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The certificate, in words.
    #[error("{0}")]
    Certificate(String),
    /// Somebody serves there.
    #[error("{0}: somebody listens there already")]
    Taken(String),
    /// A file is in the way.
    #[error("{0} is there already, and no socket")]
    InTheWay(String),
    /// The system refuses.
    #[error("{place}: {cause}")]
    Io {
        /// Where.
        place: String,
        /// Why.
        cause: io::Error,
    },
}

/// A socket that listens, and what lets windows in.
pub(crate) struct Bound {
    pub(super) listener: Listener,
    pub(super) token: Token,
    pub(super) certificate: Option<Certificate>,
    /// Of a socket in the file system.
    pub(super) file: Option<SocketFile>,
    /// As windows name it.
    place: Place,
}

pub(super) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// A socket's file, which goes with it.
pub(super) struct SocketFile(PathBuf);

impl Drop for SocketFile {
    fn drop(&mut self) {
        // Another server may have it by now, or somebody has removed it.
        let _gone = fs::remove_file(&self.0);
    }
}

impl Bound {
    /// Listens. The token is that of `token_file`, which is made where there is none; `host` is what windows call this computer where it listens on all addresses.
    ///
    /// # Errors
    /// [`ServeError`]
    pub(crate) fn to(
        place: &Where,
        token_file: &Path,
        wants_tls: bool,
        host: &str,
    ) -> Result<Self, ServeError> {
        match place {
            Where::Tcp(address) if !wants_tls && !address.ip().to_canonical().is_loopback() => {
                return Err(ServeError::Clear(*address));
            }
            Where::Unix(_) if wants_tls => return Err(ServeError::TlsOnSocket),
            _ => {}
        }
        let token = Token::of_file_or_made(token_file)?;
        let certificate = wants_tls.then(|| {
            let beside = token_file.with_file_name("serve.pem");
            Certificate::of_file_or_made(&beside)
                .map_err(|error| ServeError::Certificate(error.to_string()))
        });
        let certificate = certificate.transpose()?;
        let (listener, place, file) = match place {
            Where::Tcp(address) => tcp(*address, host)?,
            Where::Unix(path) => unix(path)?,
        };
        Ok(Self { listener, token, certificate, file, place })
    }

    /// What windows are to be given; a secret when it has the token.
    pub(crate) fn link(&self, with_token: bool) -> String {
        let fingerprint = self.certificate.as_ref().map(|certificate| certificate.fingerprint);
        link(&self.place, fingerprint, with_token.then_some(&self.token))
    }
}

/// What listens, how windows name it, and its file.
type Listening = (Listener, Place, Option<SocketFile>);

fn failed(place: &impl ToString) -> impl FnOnce(io::Error) -> ServeError {
    move |cause| match cause.kind() {
        io::ErrorKind::AddrInUse => ServeError::Taken(place.to_string()),
        _ => ServeError::Io { place: place.to_string(), cause },
    }
}

fn tcp(address: SocketAddr, host: &str) -> Result<Listening, ServeError> {
    let listener = TcpListener::bind(address).map_err(failed(&address))?;
    let bound = listener.local_addr().map_err(failed(&address))?;
    let name = match bound.ip() {
        ip if ip.is_unspecified() && !host.is_empty() => host.to_owned(),
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_string(),
    };
    Ok((Listener::Tcp(listener), Place::Tcp(name, bound.port()), None))
}

/// Bound in a folder that others cannot enter and moved from there, so that it is at no time what others may connect to.
fn unix(path: &Path) -> Result<Listening, ServeError> {
    let shown = &path.display();
    let path = std::path::absolute(path).map_err(failed(shown))?;
    match fs::symlink_metadata(&path) {
        Ok(about) if !about.file_type().is_socket() => {
            return Err(ServeError::InTheWay(shown.to_string()));
        }
        // One whose server is gone is taken over.
        Ok(_) if UnixStream::connect(&path).is_ok() => {
            return Err(ServeError::Taken(shown.to_string()));
        }
        _ => {}
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", process::id()));
    let beside = PathBuf::from(beside);
    fs::DirBuilder::new().mode(0o700).create(&beside).map_err(failed(shown))?;
    let within = beside.join("s");
    let bound = UnixListener::bind(&within).and_then(|listener| {
        fs::set_permissions(&within, fs::Permissions::from_mode(0o600))?;
        fs::rename(&within, &path)?;
        Ok(listener)
    });
    // Of a socket that was not moved nothing is wanted either.
    let _gone = fs::remove_file(&within);
    let removed = fs::remove_dir(&beside);
    let listener = bound.and_then(|listener| removed.map(|()| listener)).map_err(failed(shown))?;
    Ok((Listener::Unix(listener), Place::Unix(path.clone()), Some(SocketFile(path))))
}

impl Listener {
    /// The next who comes, and how the log names it.
    pub(super) fn accept(&self) -> io::Result<(Socket, String)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, from) = listener.accept()?;
                Ok((Socket::Tcp(stream), from.to_string()))
            }
            Self::Unix(listener) => {
                let (stream, _) = listener.accept()?;
                Ok((Socket::Unix(stream), "the socket".to_owned()))
            }
        }
    }
}
