//! The server's end of a connection: each channel is a thread with a run or a job of its own.

use std::{
    collections::HashMap,
    io::{BufReader, BufWriter, Read, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use thiserror::Error;
use weftscope_engine::machine::Machine;

use super::{
    frame::{Frame, FrameError, Kind},
    greeting::{Greeting, GreetingError},
};
use crate::{
    app::live::{
        Executors,
        away::{Busy, Host, Inside, Letter, Role, SharedRun, Tell, Visit},
    },
    here::Gpus,
    jobs::JobControl,
};

/// Channels that may be open at once: a window has a run and a job.
const MOST_CHANNELS: usize = 64;
/// What is asked of a channel and not yet heard.
const MOST_ASKED: usize = 1 << 12;
/// Frames that may wait to be written. A slow link makes whoever tells more wait, which holds pictures back and no run: a run
/// keeps its newest iteration alone.
const MOST_WAITING: usize = 16;

/// What a server offers.
#[derive(Clone, Default)]
pub(crate) struct Offer {
    /// Who runs plans.
    pub(crate) executors: Executors,
    /// Its GPUs.
    pub(crate) gpus: Option<Arc<Gpus>>,
    /// These as a machine.
    pub(crate) machine: Option<Machine>,
    /// Its name.
    pub(crate) host: String,
    /// The run that all its windows see; `None`: each has its own.
    pub(crate) shared: Option<SharedRun>,
    /// What has to be brought to its end although a window is gone.
    pub(crate) busy: Busy,
}

/// Why an agent ended otherwise than by being told to.
#[derive(Debug, Error)]
pub(crate) enum AgentError {
    /// The window did not greet.
    #[error("greeting the window: {0}")]
    Greeting(#[from] GreetingError),
    /// The connection broke.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The system gave no thread.
    #[error("no thread to answer on: {0}")]
    Thread(std::io::Error),
}

/// Serves one window until it goes. Whatever it had running ends then.
///
/// # Errors
/// [`AgentError`]; an ordinary end is none.
pub(crate) fn serve(
    input: impl Read,
    output: impl Write + Send + 'static,
    offer: &Offer,
) -> Result<(), AgentError> {
    let mut output = BufWriter::new(output);
    let gpus = offer.gpus.as_deref().cloned().zip(offer.machine.clone());
    Greeting::ours(offer.host.clone(), gpus)
        .say(&mut output)
        .map_err(|error| AgentError::Frame(error.into()))?;
    let mut input = BufReader::new(input);
    Greeting::hear(&mut input)?;
    let (outlet, waiting) = bounded(MOST_WAITING);
    let role = Arc::new(Mutex::new(None));
    let outlet = Outlet { frames: outlet, role: Arc::clone(&role) };
    thread::Builder::new()
        .name("weftscope-to-window".to_owned())
        .spawn(move || write_all(output, &waiting, &role))
        .map_err(AgentError::Thread)?;
    let telling = outlet.clone();
    let visit = offer.shared.as_ref().map(|run| run.visit(move |role| telling.say_role(role)));
    let _leaving = Leaving(visit.clone());
    let mut desks = HashMap::new();
    while let Some((frame, _)) = Frame::read(&mut input)? {
        match frame.kind {
            Kind::Letter => {
                let letter = Letter { head: frame.head, bytes: frame.body };
                let crowded = desks.len() >= MOST_CHANNELS;
                let desk = match desks.get(&frame.channel) {
                    Some(desk) => desk,
                    None if crowded => {
                        refuse(&outlet, frame.channel, "too many channels are open");
                        continue;
                    }
                    None => match Desk::open(frame.channel, (offer, visit.clone()), outlet.clone())
                    {
                        Ok(desk) => desks.entry(frame.channel).or_insert(desk),
                        Err(error) => {
                            refuse(&outlet, frame.channel, &format!("no thread for it: {error}"));
                            continue;
                        }
                    },
                };
                if desk.asked.try_send(Heard::Letter(letter)).is_err() {
                    refuse(&outlet, frame.channel, "more is asked than can be heard");
                    desks.remove(&frame.channel);
                }
            }
            Kind::Close => drop(desks.remove(&frame.channel)),
            Kind::Ping => outlet.say(Frame { kind: Kind::Pong, ..frame }),
            Kind::Take => visit.iter().for_each(|visit| visit.take_control()),
            Kind::Pong | Kind::Greeting | Kind::Role => {}
        }
    }
    Ok(())
}

/// A window is gone when its connection is, not when all that it asked for has ended.
struct Leaving(Option<Arc<Visit>>);

impl Drop for Leaving {
    fn drop(&mut self) {
        self.0.iter().for_each(|visit| visit.leave());
    }
}

fn refuse(outlet: &Outlet, channel: u32, cause: &str) {
    let letter = Letter::of(&Tell::Ended(cause.to_owned()));
    outlet.say(Frame::letter(channel, letter.head, letter.bytes));
}

/// What a window is to a shared run, until it is said: the newest counts.
type Pending = Mutex<Option<Role>>;

/// Where frames go, from all channels.
#[derive(Clone)]
struct Outlet {
    frames: Sender<Frame>,
    role: Arc<Pending>,
}

impl Outlet {
    /// Sends it when there is room; a window that is gone is found out by who reads.
    fn send(&self, frame: Frame) {
        drop(self.frames.send(frame));
    }

    /// The same for who must go on listening: what finds no room is not said.
    fn say(&self, frame: Frame) {
        drop(self.frames.try_send(frame));
    }

    /// Says it behind the next frame, whoever that is of; never waits.
    fn say_role(&self, role: Role) {
        *lock(&self.role) = Some(role);
        // Where there is no room, there is a next frame.
        self.say(Frame::bare(Kind::Role, 0));
    }
}

fn lock(role: &Pending) -> MutexGuard<'_, Option<Role>> {
    role.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write_all(mut output: impl Write, waiting: &Receiver<Frame>, role: &Pending) {
    let role = || {
        let head = serde_json::to_string(&lock(role).take()?).ok()?;
        Some(Frame { head, ..Frame::bare(Kind::Role, 0) })
    };
    // What only says that there is a role to be told is none itself.
    let real = |frame: Frame| (frame.kind != Kind::Role).then_some(frame);
    for frame in waiting.iter().flat_map(|frame| real(frame).into_iter().chain(role())) {
        let written = match frame.write(&mut output) {
            // Nothing of it was written: it is said instead.
            Err(error) if error.kind() == std::io::ErrorKind::InvalidInput => {
                let letter = Letter::of(&Tell::Refused(error.to_string()));
                Frame::letter(frame.channel, letter.head, letter.bytes).write(&mut output)
            }
            written => written,
        };
        if written.is_err() || waiting.is_empty() && output.flush().is_err() {
            return;
        }
    }
}

/// What a channel hears.
enum Heard {
    /// The window asks.
    Letter(Letter),
    /// A run has something to tell.
    Woken,
}

/// A channel; dropped, what is at work on it ends.
struct Desk {
    asked: Sender<Heard>,
    over: JobControl,
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.over.cancel();
    }
}

impl Desk {
    fn open(
        channel: u32,
        (offer, visit): (&Offer, Option<Arc<Visit>>),
        outlet: Outlet,
    ) -> std::io::Result<Self> {
        let (asked, inbox) = bounded(MOST_ASKED);
        let over = JobControl::default();
        // Only that there is something counts: one that waits is enough.
        let (wake, woken) = bounded(1);
        let wake = Arc::new(move || {
            let _one_waits = wake.try_send(());
        });
        let gpus = offer.gpus.clone();
        let host = Host::with_threads(offer.executors.clone(), gpus, wake).sharing(visit);
        #[cfg(feature = "gpus")]
        let host = host.awaited(offer.busy.clone());
        let post = move |letter: Letter| {
            outlet.send(Frame::letter(channel, letter.head, letter.bytes));
        };
        let control = over.clone();
        thread::Builder::new().name(format!("weftscope-channel-{channel}")).spawn(move || {
            work(Inside::new(post, host, control.clone()), &inbox, &woken, &control);
        })?;
        Ok(Self { asked, over })
    }
}

/// Does what is asked, and tells what there is to tell, until the channel is closed.
fn work(mut inside: Inside, inbox: &Receiver<Heard>, woken: &Receiver<()>, over: &JobControl) {
    let mut wait = None;
    while !over.is_cancelled() {
        match next(inbox, woken, wait) {
            Ok(Heard::Letter(letter)) => inside.take(&letter),
            Ok(Heard::Woken) => {}
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        wait = inside.turn();
    }
}

fn next(
    inbox: &Receiver<Heard>,
    woken: &Receiver<()>,
    wait: Option<Duration>,
) -> Result<Heard, RecvTimeoutError> {
    let wait = wait.unwrap_or(Duration::from_secs(3600));
    crossbeam::select! {
        recv(inbox) -> heard => heard.map_err(|_| RecvTimeoutError::Disconnected),
        recv(woken) -> _ => Ok(Heard::Woken),
        default(wait) => Err(RecvTimeoutError::Timeout),
    }
}
