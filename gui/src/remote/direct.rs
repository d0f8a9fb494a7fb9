//! A server of `weftscope serve` is reached: connected to, proven to, greeted.

use std::{
    env, io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    os::unix::net::UnixStream,
    path::PathBuf,
    time::Duration,
};

use rustls::Stream;
use thiserror::Error;

use super::{
    greeting::{Greeting, GreetingError},
    link::{Link, Lost},
    proof::{Binding, ProofError, prove},
    socket::{ReadHalf, SILENCE, Socket, WriteHalf},
    target::{Place, WeftTarget},
    timed::Timed,
    tls::{self, Fingerprint},
    token::{Token, TokenError, secrets_folder},
};
use crate::jobs::Wake;

/// How long a computer may take to answer at all.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long both ends may take to prove themselves; the server gives less.
const PROVING: Duration = Duration::from_secs(10);
/// Bytes that a server may send until it is proven: a handshake of TLS with a certificate has some 1000.
const MOST_BEFORE: usize = 16 << 10;

/// Why a server is not reached.
#[derive(Debug, Error)]
pub(super) enum DirectError {
    /// There is no such host, or nobody answers.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is nobody at a socket's path.
    #[error("nobody listens there: {0}")]
    NoSocket(io::Error),
    /// It would be spoken to in the clear.
    #[error(
        "{0} is another computer, and the link has no fp=…: only TLS goes there (weftscope serve --tls), or a port of this computer that ssh -L forwards"
    )]
    Clear(SocketAddr),
    /// No token is given, and none is here.
    #[error("the link has no token=…, and none is here: {0}")]
    NoToken(TokenError),
    /// Its certificate is another one.
    #[error(
        "its certificate is not the one of the link: it is another server, or somebody stands between; ask for its link again"
    )]
    OtherCertificate,
    /// It speaks something else.
    #[error("no TLS 1.3 is spoken there ({0})")]
    NoTls(String),
    /// One of both did not prove itself.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// What answers is not of this version.
    #[error(transparent)]
    Greeting(#[from] GreetingError),
    /// In words.
    #[error("{0}")]
    NoLink(String),
}

/// Both halves of a connection that is proven.
type Halves = (Box<dyn io::Read + Send>, Box<dyn io::Write + Send>);

/// Reaches a server and greets it.
///
/// # Errors
/// [`DirectError`]
pub(super) fn connect(
    target: &WeftTarget,
    ours: &Greeting,
    wake: Wake,
    lost: Lost,
) -> Result<(Link, Greeting), DirectError> {
    let (mut halves, greeting) = greet(target, ours)?;
    let input = std::mem::replace(&mut halves.0, Box::new(io::empty()));
    // Dropped, its writing half says the end, and the server ends what is left.
    let link = Link::over((input, halves.1), wake, || {}, lost).map_err(DirectError::NoLink)?;
    Ok((link, greeting))
}

/// The same without a link.
pub(super) fn greet(
    target: &WeftTarget,
    ours: &Greeting,
) -> Result<(Halves, Greeting), DirectError> {
    let token = match &target.token {
        Some(token) => token.clone(),
        None => token_here().map_err(DirectError::NoToken)?,
    };
    let socket = socket(target)?;
    let mut halves = proven(&socket, target.fingerprint, &token)?;
    ours.say(&mut halves.1).map_err(|error| GreetingError::Frame(error.into()))?;
    let greeting = Greeting::hear(&mut halves.0)?;
    Ok((halves, greeting))
}

/// That of the file that `WEFTSCOPE_TOKEN_FILE` names, or of the one that `serve` makes here.
fn token_here() -> Result<Token, TokenError> {
    let named = env::var_os("WEFTSCOPE_TOKEN_FILE").map(PathBuf::from);
    let path = named.map_or_else(|| Ok(secrets_folder()?.join("token")), Ok)?;
    Token::of_file(&path)
}

fn socket(target: &WeftTarget) -> Result<Socket, DirectError> {
    let (host, port) = match &target.place {
        Place::Unix(path) => {
            let stream = UnixStream::connect(path).map_err(DirectError::NoSocket)?;
            return Ok(Socket::Unix(stream));
        }
        Place::Tcp(host, port) => (host.as_str(), *port),
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "it has no address");
    for address in (host, port).to_socket_addrs()? {
        if target.fingerprint.is_none() && !address.ip().to_canonical().is_loopback() {
            return Err(DirectError::Clear(address));
        }
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(Socket::Tcp(stream)),
            Err(error) => last = error,
        }
    }
    Err(last.into())
}

fn proven(
    socket: &Socket,
    fingerprint: Option<Fingerprint>,
    token: &Token,
) -> Result<Halves, DirectError> {
    socket.hurry();
    let mut timed = Timed::new(socket, PROVING, MOST_BEFORE);
    let halves: Halves = match fingerprint {
        None => {
            prove(&mut timed, token, Binding::Plain)?;
            let (read, write) = (socket.try_clone()?, socket.try_clone()?);
            (Box::new(ReadHalf(read)), Box::new(WriteHalf(write)))
        }
        Some(fingerprint) => {
            let mut connection = tls::client(fingerprint).map_err(|error| no_tls(&error))?;
            connection.complete_io(&mut timed).map_err(|error| why_no_tls(&error))?;
            let binding = tls::binding(&connection).map_err(|error| no_tls(&error))?;
            prove(&mut Stream::new(&mut connection, &mut timed), token, binding)?;
            let (read, write) = tls::halves(connection, socket)?;
            (Box::new(read), Box::new(write))
        }
    };
    socket.set_timeouts(SILENCE)?;
    Ok(halves)
}

fn no_tls(error: &rustls::Error) -> DirectError {
    if let rustls::Error::InvalidCertificate(_) = error {
        DirectError::OtherCertificate
    } else {
        DirectError::NoTls(error.to_string())
    }
}

fn why_no_tls(error: &io::Error) -> DirectError {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(error) => no_tls(error),
        None => DirectError::NoTls(error.to_string()),
    }
}
