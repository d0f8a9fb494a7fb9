//! The window's end of a connection: many channels over one pair of streams, a thread that reads and one that writes.

use std::{
    collections::HashMap,
    io::{BufReader, BufWriter, Read, Write},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::{
    frame::{Frame, Kind},
    role::RoleCell,
    traffic::Traffic,
};
use crate::{
    app::live::away::{Letter, Port},
    jobs::Wake,
};

/// Frames that may wait to be written: a slow link takes commands of seconds, and nobody waits for it.
const MOST_WAITING: usize = 1 << 10;
/// Letters of a channel that may wait for the window: a thousand of progress and some news of a job, an iteration of a run.
const MOST_LETTERS: usize = 1 << 12;
/// Time from ping to ping: below 1 kB/s both ways together.
const PING: Duration = Duration::from_secs(2);

/// Told once, with the cause, when a connection is over.
pub(crate) type Lost = Box<dyn FnOnce(String) + Send>;

/// A connection to an agent. Clones are the same; it ends when the last is dropped, with everything that runs on it.
#[derive(Clone)]
pub struct Link {
    shared: Arc<Shared>,
    _held: Arc<Held>,
}

/// What the writing thread is given.
enum Out {
    Frame(Frame),
    /// Nothing more comes: the other end is to see an end, too.
    End,
}

struct Shared {
    outbox: Sender<Out>,
    channels: Mutex<HashMap<u32, Sender<Letter>>>,
    last_channel: AtomicU32,
    traffic: Arc<Traffic>,
    role: Arc<RoleCell>,
    /// Pings say how long after it they were sent.
    began: Instant,
    wake: Wake,
}

/// Ends the connection when it is dropped.
struct Held {
    outbox: Sender<Out>,
    close: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Where there is no room nobody reads, and closing is what is left.
        let _said = self.outbox.try_send(Out::End);
        if let Some(close) = self.close.take() {
            close();
        }
    }
}

impl Link {
    /// Over streams whose ends have greeted each other. When nobody holds the link any more `output` is dropped and `close` called;
    /// `lost` is called when there is nothing more to be read.
    ///
    /// # Errors
    /// In words, when the system gives no thread.
    pub(crate) fn over(
        (input, output): (impl Read + Send + 'static, impl Write + Send + 'static),
        wake: Wake,
        close: impl FnOnce() + Send + Sync + 'static,
        lost: Lost,
    ) -> Result<Self, String> {
        let (outbox, waiting) = bounded(MOST_WAITING);
        let shared = Arc::new(Shared {
            outbox,
            channels: Mutex::default(),
            last_channel: AtomicU32::new(0),
            traffic: Arc::default(),
            role: Arc::default(),
            began: Instant::now(),
            wake,
        });
        let no_thread = |error| format!("no thread for the connection: {error}");
        let (traffic, began) = (Arc::clone(&shared.traffic), shared.began);
        thread::Builder::new()
            .name("weftscope-to-server".to_owned())
            .spawn(move || write_all(output, &waiting, (&traffic, began)))
            .map_err(no_thread)?;
        // What the reading thread shares keeps no connection open: that is `Held`, which only links have.
        let reading = Arc::clone(&shared);
        thread::Builder::new()
            .name("weftscope-from-server".to_owned())
            .spawn(move || {
                let cause = read_all(input, &reading);
                reading.lock().clear();
                lost(cause);
                (reading.wake)();
            })
            .map_err(no_thread)?;
        let held = Held { outbox: shared.outbox.clone(), close: Some(Box::new(close)) };
        Ok(Self { shared, _held: Arc::new(held) })
    }

    /// A channel of its own, which ends when the port is dropped.
    pub(crate) fn port(&self) -> Port {
        let channel = self.shared.last_channel.fetch_add(1, Ordering::Relaxed) + 1;
        let (sender, inbox) = bounded(MOST_LETTERS);
        self.shared.lock().insert(channel, sender);
        let open = Open { shared: Arc::clone(&self.shared), channel };
        let post = move |letter: Letter| open.post(letter);
        Port::new(Box::new(post), inbox)
    }

    /// What this window is to the run there.
    pub(crate) fn role(&self) -> &Arc<RoleCell> {
        &self.shared.role
    }

    /// Asks to control the run there.
    pub(crate) fn take_control(&self) {
        self.shared.send(Frame::bare(Kind::Take, 0));
    }

    /// What has gone over it.
    pub(crate) fn traffic(&self) -> &Arc<Traffic> {
        &self.shared.traffic
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<u32, Sender<Letter>>> {
        // There is no state behind the lock that a panic could have broken.
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, frame: Frame) {
        if self.outbox.try_send(Out::Frame(frame)).is_err() {
            self.traffic.lose();
        }
    }
}

/// A channel that is open.
struct Open {
    shared: Arc<Shared>,
    channel: u32,
}

impl Open {
    fn post(&self, letter: Letter) {
        self.shared.send(Frame::letter(self.channel, letter.head, letter.bytes));
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.lock().remove(&self.channel);
        self.shared.send(Frame::bare(Kind::Close, self.channel));
    }
}

/// Writes what waits, and a ping now and then, until the connection ends.
fn write_all(output: impl Write, waiting: &Receiver<Out>, (traffic, began): (&Traffic, Instant)) {
    let mut output = BufWriter::new(output);
    let mut pinged = None::<Instant>;
    loop {
        let due = pinged.map_or(Duration::ZERO, |at| PING.saturating_sub(at.elapsed()));
        let frame = match waiting.recv_timeout(due) {
            Ok(Out::Frame(frame)) => frame,
            Ok(Out::End) | Err(RecvTimeoutError::Disconnected) => return drop(output.flush()),
            Err(RecvTimeoutError::Timeout) => {
                pinged = Some(Instant::now());
                let head = began.elapsed().as_nanos().to_string();
                Frame { head, ..Frame::bare(Kind::Ping, 0) }
            }
        };
        match frame.write(&mut output) {
            Ok(bytes) => traffic.send(bytes),
            // Over the limits: nothing of it was written.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => traffic.lose(),
            // The reading end finds out why.
            Err(_) => return,
        }
        if waiting.is_empty() && output.flush().is_err() {
            return;
        }
    }
}

/// Hands letters to their channels until the connection ends; gives why.
fn read_all(input: impl Read, shared: &Shared) -> String {
    let mut input = BufReader::new(input);
    loop {
        let (frame, bytes) = match Frame::read(&mut input) {
            Ok(Some(read)) => read,
            Ok(None) => return "the connection was closed there".to_owned(),
            Err(error) => return error.to_string(),
        };
        shared.traffic.receive(bytes);
        match frame.kind {
            Kind::Letter => {
                let channel = shared.lock().get(&frame.channel).cloned();
                let letter = Letter { head: frame.head, bytes: frame.body };
                // A channel that was closed here meanwhile hears nothing.
                if channel.is_some_and(|channel| channel.try_send(letter).is_err()) {
                    shared.traffic.lose();
                }
                (shared.wake)();
            }
            Kind::Close => drop(shared.lock().remove(&frame.channel)),
            Kind::Pong => {
                if let Ok(sent_ns) = frame.head.parse() {
                    let sent = Duration::from_nanos(sent_ns);
                    shared.traffic.answered(shared.began.elapsed().saturating_sub(sent));
                }
            }
            Kind::Ping => shared.send(Frame { kind: Kind::Pong, ..frame }),
            Kind::Role => {
                // What is not understood leaves what was known.
                if let Ok(role) = serde_json::from_str(&frame.head) {
                    shared.role.set(role);
                    (shared.wake)();
                }
            }
            Kind::Greeting | Kind::Take => {}
        }
    }
}
