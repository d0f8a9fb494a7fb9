//! Rank 0 waits for everybody, and says who does not fit.
//!
//! Each connection has a thread of its own until it has said who it is, for a few seconds at most, and there are only so many at a
//! time: whoever else comes is sent away and may try again. What is not of this program is closed without an answer.

use std::{
    collections::BTreeMap,
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use weftscope_traces::words;

use super::{
    Address, Terms, WorldError, frame,
    letters::{FromHub, FromRank, Hello, MOST_FROM_RANK},
};

/// How long somebody may take to say who it is.
const HELLO: Duration = Duration::from_secs(5);
/// Connections that have not said it yet, at most.
const MOST_UNKNOWN: usize = 64;
/// Between two looks for connections.
const LOOK: Duration = Duration::from_millis(5);
/// How long those that are still on their way are told of a refusal.
const AFTERMATH: Duration = Duration::from_secs(2);

/// A process that has said who it is.
#[derive(Debug)]
pub(super) struct Comer {
    pub(super) stream: TcpStream,
    pub(super) hello: Hello,
}

/// Listens where the others will come.
pub(super) fn listen(address: &Address) -> Result<TcpListener, WorldError> {
    let mut cause = "there is no such address".to_owned();
    for place in address.to_listen() {
        match TcpListener::bind(place) {
            Ok(listener) => return Ok(listener),
            Err(error) => cause = error.to_string(),
        }
    }
    Err(WorldError::Listen { address: address.clone(), cause })
}

/// Waits for all others; gives them by rank. When they do not fit, everybody who came is told why.
pub(super) fn gather(terms: &Terms, listener: TcpListener) -> Result<Vec<Comer>, WorldError> {
    let door = Door::open(listener)?;
    let mut comers: BTreeMap<u32, Comer> = BTreeMap::new();
    let until = Instant::now() + terms.limit;
    let outcome = loop {
        if comers.len() as u32 + 1 == terms.world {
            break Ok(());
        }
        let left = until.saturating_duration_since(Instant::now());
        let Ok(comer) = door.comers.recv_timeout(left) else {
            break Err(too_few(terms, &comers));
        };
        let known = comers.get(&comer.hello.rank).map(|known| &known.hello);
        if let Some(cause) = misfit(terms, known, &comer.hello) {
            refuse(&comer, &cause);
            break Err(cause);
        }
        comers.insert(comer.hello.rank, comer);
    };
    let Err(cause) = outcome else { return Ok(comers.into_values().collect()) };
    comers.values().for_each(|comer| refuse(comer, &cause));
    let until = Instant::now() + AFTERMATH;
    let mut told = comers.len() as u32 + 1;
    while told < terms.world {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(late) = door.comers.recv_timeout(left) else { break };
        refuse(&late, &cause);
        told += 1;
    }
    Err(WorldError::Refused(cause))
}

fn refuse(comer: &Comer, cause: &str) {
    // Whoever is gone needs no reason.
    let _gone = frame::write(&comer.stream, &FromHub::Refused(cause.to_owned()));
}

/// Why a process does not belong to the others.
fn misfit(terms: &Terms, known: Option<&Hello>, new: &Hello) -> Option<String> {
    let who = format!("rank {} on {}", new.rank, new.server);
    let (own, world) = (&terms.hello, terms.world);
    if new.version != own.version {
        let (theirs, ours) = (&new.version, &own.version);
        return Some(format!("{who} is version {theirs} of weftscope, rank 0 is version {ours}"));
    }
    if new.world != world {
        let theirs = new.world;
        return Some(format!(
            "{who} was told that there are {theirs} ranks, rank 0 that there are {world}"
        ));
    }
    if new.rank >= world {
        return Some(format!("{who} is none of {world} ranks, which count from 0"));
    }
    let first = if new.rank == 0 { Some(own) } else { known };
    if let Some(first) = first {
        let (rank, one, other) = (new.rank, &first.server, &new.server);
        return Some(format!(
            "two processes say that they are rank {rank}: on {one} and on {other}"
        ));
    }
    if new.plan != own.plan {
        return Some(format!(
            "{who} is about to run something else than rank 0: every rank needs the same arguments"
        ));
    }
    if new.gpus == 0 {
        return Some(format!("{who} holds no rank of the plan"));
    }
    None
}

fn too_few(terms: &Terms, comers: &BTreeMap<u32, Comer>) -> String {
    let missing: Vec<u32> = (1..terms.world).filter(|rank| !comers.contains_key(rank)).collect();
    format!(
        "{} of {} ranks came within {} s; missing: {}",
        comers.len() + 1,
        terms.world,
        terms.limit.as_secs(),
        words::ranks(&missing)
    )
}

/// What lets processes in; closed when it is dropped.
struct Door {
    comers: Receiver<Comer>,
    is_closed: Arc<AtomicBool>,
}

impl Door {
    fn open(listener: TcpListener) -> Result<Self, WorldError> {
        let refused = |error: std::io::Error| WorldError::Thread(error.to_string());
        let (sender, comers) = sync_channel(MOST_UNKNOWN);
        let is_closed = Arc::new(AtomicBool::new(false));
        listener.set_nonblocking(true).map_err(refused)?;
        let closed = Arc::clone(&is_closed);
        let thread = thread::Builder::new().name("rendezvous".to_owned());
        thread.spawn(move || let_in(&listener, &sender, &closed)).map_err(refused)?;
        Ok(Self { comers, is_closed })
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }
}

fn let_in(listener: &TcpListener, comers: &SyncSender<Comer>, is_closed: &AtomicBool) {
    let unknown = Arc::new(AtomicUsize::new(0));
    while !is_closed.load(Ordering::Relaxed) {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(LOOK);
            continue;
        };
        if unknown.load(Ordering::Relaxed) >= MOST_UNKNOWN {
            continue;
        }
        unknown.fetch_add(1, Ordering::Relaxed);
        let (comers, waiting) = (comers.clone(), Arc::clone(&unknown));
        let thread = thread::Builder::new().name("a comer".to_owned());
        let ask = move || {
            if let Some(comer) = asked(stream) {
                // Nobody waits any more once all are there.
                let _late = comers.send(comer);
            }
            waiting.fetch_sub(1, Ordering::Relaxed);
        };
        if thread.spawn(ask).is_err() {
            unknown.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// Who it is; `None`: nobody of this program, or nobody that says so in time.
fn asked(stream: TcpStream) -> Option<Comer> {
    stream.set_nonblocking(false).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_write_timeout(Some(HELLO)).ok()?;
    let until = Some(Instant::now() + HELLO);
    match frame::read(&stream, MOST_FROM_RANK, until) {
        Ok(FromRank::Hello(hello)) => Some(Comer { stream, hello }),
        _ => None,
    }
}
