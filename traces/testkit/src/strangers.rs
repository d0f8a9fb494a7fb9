//! Who may come to a port that listens, and is not to be let in: each sort tries, and says what became of it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

/// What a stranger waits for at most: a server that has not ended its connection by then has not refused it.
const PATIENCE: Duration = Duration::from_secs(15);
/// The first words of an exchange, as whoever has read the source knows them: magic, version, nonce.
const HELLO: &[u8; 50] = b"\x00weftscope serve\n\x01a nonce that is no good nonce...";
/// What only those who were let in are sent.
const GREETING: &[u8] = b"weftscope remote";

/// A server that strangers come to.
#[derive(Clone)]
pub struct Scene {
    /// Where it listens.
    pub address: SocketAddr,
    /// What a window that was let in has sent before.
    pub recorded: Arc<Vec<u8>>,
}

/// One sort of them.
#[derive(Clone, Copy)]
pub struct Stranger {
    /// What it is, as a table has it.
    pub name: &'static str,
    /// How often it tries.
    pub tries: u32,
    /// How many times at once.
    pub at_once: u32,
    does: fn(&Scene, &mut TcpStream) -> io::Result<()>,
}

/// What became of all tries.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Those that the server ended without having let them in.
    pub refused: u32,
    /// The longest, s.
    pub longest_s: f64,
    /// Most bytes that one of them was answered.
    pub most_answered: usize,
    /// The first answer, to be looked at.
    pub answer: Vec<u8>,
}

/// All sorts, for a server with TLS or without.
pub fn strangers(is_tls: bool) -> Vec<Stranger> {
    let one = |name, does| Stranger { name, tries: 5, at_once: 5, does };
    let mut all: Vec<Stranger> = vec![
        one("no token: frames at once", |_, stream| {
            stream.write_all(b"\x00weftscope remote\n\x10\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        }),
        one("wrong token", wrong_token),
        one("replay of what a window has sent", |scene, stream| stream.write_all(&scene.recorded)),
        one("oversized: 64 MiB", |_, stream| flood(stream, HELLO)),
        one("oversized: a header of HTTP without an end", |_, stream| flood(stream, b"GETX")),
        one("silent", |_, _| Ok(())),
        one("slow-loris: a byte every 0.3 s", slow_loris),
        one("plain HTTP: GET with an Origin", |_, stream| {
            stream.write_all(
                b"GET /?token=0 HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n\r\n",
            )
        }),
        one("plain HTTP: OPTIONS, as before a POST from elsewhere", |_, stream| {
            stream.write_all(b"OPTIONS / HTTP/1.1\r\nOrigin: null\r\nAccess-Control-Request-Private-Network: true\r\n\r\n")
        }),
        one("WebSocket", |_, stream| {
            stream.write_all(b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: http://evil.example\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        }),
        one("something else: SSH", |_, stream| stream.write_all(b"SSH-2.0-scan\r\n")),
        one("gone at once", |_, stream| stream.shutdown(Shutdown::Both)),
        one("TLS 1.2 alone", |_, stream| stream.write_all(&tls_1_2())),
        Stranger { name: "1 000 tries", tries: 1000, at_once: 25, does: wrong_token },
    ];
    if is_tls {
        all.push(one("downgrade: no TLS", |_, stream| stream.write_all(HELLO)));
        all.push(one("oversized: a handshake of TLS without an end", |_, stream| {
            flood(stream, b"\x16\x03\x01\x40\x00\x01\x00\xff\xfb\x03\x03")
        }));
    }
    all
}

impl Stranger {
    /// Tries, and waits for what becomes of it.
    pub fn come(&self, scene: &Scene) -> Outcome {
        let outcome = Arc::new(Mutex::new(Outcome::default()));
        let each = self.tries / self.at_once;
        let threads: Vec<_> = (0..self.at_once)
            .map(|_| {
                let (outcome, scene, does) = (Arc::clone(&outcome), scene.clone(), self.does);
                beside(move || {
                    for _ in 0..each {
                        let tried = attempt(&scene, does);
                        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
                        outcome.refused += u32::from(tried.is_refused);
                        outcome.longest_s = outcome.longest_s.max(tried.took.as_secs_f64());
                        outcome.most_answered = outcome.most_answered.max(tried.answer.len());
                        outcome.answer = tried.answer;
                    }
                })
            })
            .collect();
        for thread in threads {
            thread.join().expect("a stranger");
        }
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.clone()
    }
}

/// One try.
struct Tried {
    is_refused: bool,
    took: Duration,
    answer: Vec<u8>,
}

fn attempt(scene: &Scene, does: fn(&Scene, &mut TcpStream) -> io::Result<()>) -> Tried {
    let began = Instant::now();
    let mut stream = TcpStream::connect(scene.address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket of this computer");
    stream.set_write_timeout(Some(PATIENCE)).expect("a socket of this computer");
    // What cannot be written any more was refused in the middle.
    let _done = does(scene, &mut stream);
    let mut answer = Vec::new();
    // A reset is an end as well; a time that is over is none.
    let ended = match stream.take(1 << 20).read_to_end(&mut answer) {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
    };
    let is_let_in = answer.windows(GREETING.len()).any(|part| part == GREETING);
    Tried { is_refused: ended && !is_let_in, took: began.elapsed(), answer }
}

fn wrong_token(_: &Scene, stream: &mut TcpStream) -> io::Result<()> {
    stream.write_all(HELLO)?;
    stream.write_all(&[0x5a; 32])
}

fn flood(stream: &mut TcpStream, first: &[u8]) -> io::Result<()> {
    stream.write_all(first)?;
    let piece = vec![0; 64 << 10];
    (0..1024).try_for_each(|_| stream.write_all(&piece))
}

fn slow_loris(_: &Scene, stream: &mut TcpStream) -> io::Result<()> {
    for byte in HELLO {
        stream.write_all(&[*byte])?;
        thread::sleep(Duration::from_millis(300));
    }
    Ok(())
}

/// The first words of a client of TLS 1.2 that knows no later one (RFC 5246, 7.4.1.2).
fn tls_1_2() -> Vec<u8> {
    // ECDHE_ECDSA and ECDHE_RSA with AES_128_GCM_SHA256; no compression; groups, formats and signatures.
    let mut hello = vec![3, 3];
    hello.extend([7; 32]);
    hello.extend([0, 0, 4, 0xc0, 0x2b, 0xc0, 0x2f, 1, 0]);
    let extensions =
        [&[0, 10, 0, 4, 0, 2, 0, 23][..], &[0, 11, 0, 2, 1, 0], &[0, 13, 0, 6, 0, 4, 4, 3, 8, 4]]
            .concat();
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).expect("a short message").to_be_bytes();
    hello.extend(length(&extensions));
    hello.extend(&extensions);
    let handshake = [&[1, 0][..], &length(&hello), &hello].concat();
    [&[0x16, 3, 1][..], &length(&handshake), &handshake].concat()
}

/// What a window sends to a server, and all of it: `goes` is told where to connect in the server's place.
///
/// # Panics
/// Without sockets there is nothing to record.
pub fn recorded(server: SocketAddr, goes: impl FnOnce(SocketAddr)) -> Vec<u8> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket of this computer");
    let between = listener.local_addr().expect("a socket of this computer");
    let recording = beside(move || {
        let (mut near, _) = listener.accept().expect("a window");
        let mut far = TcpStream::connect(server).expect("the server listens");
        let (mut back_from, mut back_to) =
            (far.try_clone().expect("a socket"), near.try_clone().expect("a socket"));
        beside(move || {
            // Either end may end it.
            let _ended = io::copy(&mut back_from, &mut back_to);
            let _ended = back_to.shutdown(Shutdown::Both);
        });
        let (mut sent, mut piece) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = near.read(&mut piece) {
            sent.extend(&piece[..read]);
            if far.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ended = far.shutdown(Shutdown::Both);
        sent
    });
    goes(between);
    recording.join().expect("a recording")
}

/// As many connections as one likes that say nothing; they end when they are dropped.
///
/// # Panics
/// Where the system gives no more sockets.
pub fn crowd(address: SocketAddr, many: usize) -> Vec<TcpStream> {
    let connect = |_| TcpStream::connect(address).expect("the server listens");
    (0..many).map(connect).collect()
}

/// Does something on a thread of its own.
fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> thread::JoinHandle<T> {
    thread::Builder::new().name("stranger".to_owned()).spawn(work).expect("a thread")
}
