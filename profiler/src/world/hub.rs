//! The barrier at rank 0: who has come to which step, and what has gone wrong.

use std::{
    collections::BTreeSet,
    net::{Shutdown, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use weftscope_traces::words;

use super::{
    StampClock, WorldError, frame,
    gather::Comer,
    letters::{FromHub, FromRank, MOST_FROM_RANK, Place},
};

/// How long rank 0 waits in the end for the others to have heard what it said.
const LINGER: Duration = Duration::from_secs(5);

/// Rank 0's side of a run that is going on: a thread for each other process.
#[derive(Debug)]
pub(super) struct Hub {
    shared: Arc<Shared>,
    streams: Vec<TcpStream>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    places: Vec<Place>,
    limit: Duration,
}

#[derive(Debug, Default)]
struct State {
    step: u64,
    come: BTreeSet<u32>,
    /// What went wrong first; it stays.
    broken: Option<String>,
    /// Processes that have ended well.
    ended: u32,
}

impl Hub {
    /// Serves who came, each on a thread of its own.
    pub(super) fn start(
        comers: Vec<Comer>,
        places: Vec<Place>,
        (limit, clock): (Duration, &StampClock),
    ) -> Result<Self, WorldError> {
        let (state, changed) = (Mutex::default(), Condvar::new());
        let shared = Arc::new(Shared { state, changed, places, limit });
        let mut hub = Self { shared, streams: Vec::new(), threads: Vec::new() };
        for Comer { stream, hello } in comers {
            let refused = |error: std::io::Error| WorldError::Thread(error.to_string());
            hub.streams.push(stream.try_clone().map_err(refused)?);
            let (shared, clock, rank) = (Arc::clone(&hub.shared), clock.clone(), hello.rank);
            let thread = thread::Builder::new().name(format!("rank {rank}"));
            let serve = move || shared.serve(&stream, rank, &clock);
            hub.threads.push(thread.spawn(serve).map_err(refused)?);
        }
        Ok(hub)
    }

    /// Comes to a step, and waits until all have.
    pub(super) fn meet(&self, step: u64) -> Result<(), WorldError> {
        self.shared.meet(0, step).map_err(WorldError::Broken)
    }

    /// What went wrong, if something did.
    pub(super) fn broken(&self) -> Option<String> {
        self.shared.lock().broken.clone()
    }

    /// Waits until all others have ended well.
    pub(super) fn leave(&self) -> Result<(), WorldError> {
        let shared = &*self.shared;
        let (until, others) = (Instant::now() + shared.limit, shared.places.len() as u32 - 1);
        let mut state = shared.lock();
        loop {
            if let Some(broken) = &state.broken {
                return Err(WorldError::Broken(broken.clone()));
            }
            if state.ended == others {
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let seconds = shared.limit.as_secs();
                let cause =
                    format!("only {} of {others} ranks ended within {seconds} s", state.ended);
                return Err(WorldError::Broken(cause));
            }
            state = shared.wait(state, left);
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Where all went well this changes nothing: nobody is there any more.
        self.shared.fail(&mut self.shared.lock(), "rank 0 has ended".to_owned());
        let until = Instant::now() + LINGER;
        while Instant::now() < until && self.threads.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(Duration::from_millis(5));
        }
        for stream in &self.streams {
            // One that is closed already is as it should be.
            let _closed = stream.shutdown(Shutdown::Both);
        }
        for thread in self.threads.drain(..) {
            // A thread that panicked has told of it on stderr.
            let _ended = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, most: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0
    }

    fn fail(&self, state: &mut State, cause: String) {
        state.broken.get_or_insert(cause);
        self.changed.notify_all();
    }

    /// Listens to a process until it has ended or is gone.
    fn serve(&self, stream: &TcpStream, rank: u32, clock: &StampClock) {
        let gone = |cause: String| {
            let server = self.places.get(rank as usize).map_or("", |place| &place.server);
            let mut state = self.lock();
            let cause = format!("rank {rank} on {server} is gone at step {}: {cause}", state.step);
            self.fail(&mut state, cause);
        };
        loop {
            let letter = match frame::read(stream, MOST_FROM_RANK, None) {
                Ok(letter) => letter,
                Err(error) => return gone(error.to_string()),
            };
            let answer = match letter {
                FromRank::Ping => FromHub::Pong(clock.now_ns()),
                FromRank::Meet(step) => match self.meet(rank, step) {
                    Ok(()) => FromHub::Go,
                    Err(cause) => FromHub::Broken(cause),
                },
                FromRank::Bye => {
                    self.lock().ended += 1;
                    self.changed.notify_all();
                    return;
                }
                FromRank::Hello(_) => return gone("it says twice who it is".to_owned()),
            };
            let is_last = matches!(answer, FromHub::Broken(_));
            if let Err(error) = frame::write(stream, &answer) {
                return gone(error.to_string());
            }
            if is_last {
                return;
            }
        }
    }

    /// Comes to a step for a process, and waits until all have.
    fn meet(&self, rank: u32, step: u64) -> Result<(), String> {
        let until = Instant::now() + self.limit;
        let mut state = self.lock();
        if state.broken.is_none() && step != state.step {
            let cause = format!("rank {rank} is at step {step}, the others at {}", state.step);
            self.fail(&mut state, cause);
        }
        state.come.insert(rank);
        if state.broken.is_none() && state.come.len() == self.places.len() {
            state.come.clear();
            state.step += 1;
            self.changed.notify_all();
        }
        loop {
            // All came: what went wrong since is of the next step.
            if state.step > step {
                return Ok(());
            }
            if let Some(broken) = &state.broken {
                return Err(broken.clone());
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let cause = self.missing(&state);
                self.fail(&mut state, cause.clone());
                return Err(cause);
            }
            state = self.wait(state, left);
        }
    }

    fn missing(&self, state: &State) -> String {
        let all = 0..self.places.len() as u32;
        let missing: Vec<u32> = all.filter(|rank| !state.come.contains(rank)).collect();
        let (ranks, seconds) = (words::ranks(&missing), self.limit.as_secs());
        format!("{ranks} did not come to step {} within {seconds} s", state.step)
    }
}
