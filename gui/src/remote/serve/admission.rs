//! From the first byte to a proof: what is spoken is found out, and whether the window knows the token.

use std::{
    io::{self, Read, Write},
    net::Shutdown,
    sync::Arc,
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, Stream};

use super::{
    super::{
        proof::{Admission, Binding, MAGIC, challenge},
        socket::{ReadHalf, SILENCE, Socket, WriteHalf},
        timed::Timed,
        tls,
        token::Token,
    },
    stranger::{Refusal, is_http},
};

/// All that comes before a proof takes no longer.
pub(super) const PROVING: Duration = Duration::from_secs(5);
/// Bytes of it: 82 are needed.
const MOST_BYTES: usize = 256;
/// With a handshake of TLS around it, which has some 600.
const MOST_BYTES_TLS: usize = 8 << 10;
/// How long a refusal is held back; who waits for it holds up nobody else.
const DELAY: Duration = Duration::from_millis(200);
/// What a record of a TLS handshake begins with.
const TLS: u8 = 0x16;

/// What lets windows in.
pub(super) struct Door {
    pub(super) token: Token,
    /// TLS alone is spoken where there is one.
    pub(super) tls: Option<Arc<ServerConfig>>,
}

/// What was found out about who came, and the TLS that is spoken with it.
pub(super) struct Heard<What> {
    pub(super) what: What,
    tls: Option<Box<ServerConnection>>,
}

impl<What> Heard<What> {
    fn plainly(what: impl Into<What>) -> Self {
        Self { what: what.into(), tls: None }
    }
}

/// What is read, and what is written.
pub(super) type Halves = (Box<dyn Read + Send>, Box<dyn Write + Send>);

impl Door {
    /// Hears who comes: one that knows the token and has not been told so, or one that is refused and has not been told either.
    ///
    /// # Errors
    /// [`Refusal`]
    pub(super) fn hear(&self, socket: &Socket) -> Result<Heard<Admission>, Heard<Refusal>> {
        socket.hurry();
        let most = if self.tls.is_some() { MOST_BYTES_TLS } else { MOST_BYTES };
        let mut timed = Timed::new(socket, PROVING, most);
        let first = timed.peek().map_err(Heard::<Refusal>::plainly)?;
        match (first, &self.tls) {
            (TLS, Some(config)) => self.hear_tls(Arc::clone(config), &mut timed),
            (TLS, None) => Err(Heard::plainly(Refusal::TlsUnasked)),
            (first, Some(_)) if first == MAGIC[0] => Err(Heard::plainly(Refusal::TlsWanted)),
            _ => match self.hear_words(&mut timed, Binding::Plain) {
                Ok(admission) => Ok(Heard::plainly(admission)),
                Err(refusal) => Err(Heard::plainly(refusal)),
            },
        }
    }

    fn hear_tls(
        &self,
        config: Arc<ServerConfig>,
        timed: &mut Timed<'_>,
    ) -> Result<Heard<Admission>, Heard<Refusal>> {
        let no_tls = |_| Heard::plainly(Refusal::NoTls);
        let mut tls = Box::new(ServerConnection::new(config).map_err(no_tls)?);
        tls.complete_io(timed).map_err(|error| {
            // That a window went in the middle, since it does not know the certificate, is the same whether its alert came before its end.
            Heard::plainly(match Refusal::from(error) {
                Refusal::Left => Refusal::NoTls,
                why => why,
            })
        })?;
        let binding = tls::binding(&tls).map_err(no_tls)?;
        match self.hear_words(&mut Stream::new(&mut *tls, timed), binding) {
            Ok(what) => Ok(Heard { what, tls: Some(tls) }),
            Err(what) => Err(Heard { what, tls: Some(tls) }),
        }
    }

    /// The exchange itself, or what is said in its place.
    fn hear_words(
        &self,
        stream: &mut (impl Read + Write),
        binding: Binding,
    ) -> Result<Admission, Refusal> {
        let mut first = [0];
        stream.read_exact(&mut first)?;
        let mut stream = Ahead { first: Some(first[0]), stream };
        if first[0] == MAGIC[0] {
            return Ok(challenge(&mut stream, &self.token, binding)?);
        }
        Err(if is_http(&mut stream)? { Refusal::Http } else { Refusal::Other })
    }
}

impl Heard<Admission> {
    /// Lets it in.
    ///
    /// # Errors
    /// Those of the socket.
    pub(super) fn let_in(self, socket: &Socket) -> io::Result<Halves> {
        let (read, write) = (socket.try_clone()?, socket.try_clone()?);
        let mut halves: Halves = match self.tls {
            None => (Box::new(ReadHalf(read)), Box::new(WriteHalf(write))),
            Some(connection) => {
                let (read, write) = tls::halves(*connection, socket)?;
                (Box::new(read), Box::new(write))
            }
        };
        socket.set_timeouts(SILENCE)?;
        self.what.say(&mut halves.1)?;
        Ok(halves)
    }

    /// It knows the token, and yet.
    pub(super) fn refused(self, why: Refusal) -> Heard<Refusal> {
        Heard { what: why, tls: self.tls }
    }
}

impl Heard<Refusal> {
    /// Tells it, after a while, and ends the connection.
    pub(super) fn tell(self, socket: &Socket) {
        linger(socket);
        let answer = self.what.answer();
        if !answer.is_empty() {
            // A stranger may have gone, and is not waited for.
            let _told = tell(self.tls, socket, &answer);
            socket.end(Shutdown::Write);
            // What it has sent and nobody read would take the answer from it.
            linger(socket);
        }
        socket.end(Shutdown::Both);
    }
}

fn tell(tls: Option<Box<ServerConnection>>, socket: &Socket, answer: &[u8]) -> io::Result<()> {
    socket.set_write_timeout(DELAY)?;
    let mut socket = socket;
    match tls {
        None => socket.write_all(answer),
        Some(mut connection) => {
            connection.writer().write_all(answer)?;
            connection.send_close_notify();
            while connection.wants_write() {
                connection.write_tls(&mut socket)?;
            }
            Ok(())
        }
    }
}

/// Throws away what comes, for so long or until it ends.
fn linger(mut socket: &Socket) {
    let until = Instant::now() + DELAY;
    let mut thrown = [0; 1 << 10];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || socket.set_read_timeout(left).is_err() {
            return;
        }
        match socket.read(&mut thrown) {
            Ok(1..) => {}
            // It went, or the time is over.
            Ok(0) | Err(_) => return,
        }
    }
}

/// A stream of which one byte was read ahead.
struct Ahead<S> {
    first: Option<u8>,
    stream: S,
}

impl<S: Read> Read for Ahead<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match (self.first, bytes.first_mut()) {
            (Some(first), Some(byte)) => {
                *byte = first;
                self.first = None;
                Ok(1)
            }
            _ => self.stream.read(bytes),
        }
    }
}

impl<S: Write> Write for Ahead<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
