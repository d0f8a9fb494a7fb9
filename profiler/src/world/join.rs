//! A process comes to rank 0, and stays connected.

use std::{
    net::TcpStream,
    thread,
    time::{Duration, Instant},
};

use super::{
    Address, ClockReading, StampClock, Terms, WorldError,
    clock::EXCHANGES,
    frame::{self, FrameError},
    letters::{FromHub, FromRank, Welcome, most_from_hub},
};

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);
/// How long one try may take.
const TRY: Duration = Duration::from_secs(5);
/// So much longer than rank 0 a process waits for its word: rank 0 knows who is missing.
const GRACE: Duration = Duration::from_secs(10);

/// A connection to rank 0.
#[derive(Debug)]
pub(super) struct Member {
    stream: TcpStream,
    address: Address,
    most: usize,
    limit: Duration,
}

impl Member {
    /// Comes to rank 0 and waits until everybody is there.
    pub(super) fn join(terms: &Terms, address: &Address) -> Result<(Self, Welcome), WorldError> {
        let until = Instant::now() + terms.limit;
        let mut cause;
        loop {
            match Self::try_once(terms, address, until) {
                Ok(welcome) => return Ok(welcome),
                Err(Tried::Refused(cause)) => return Err(WorldError::Refused(cause)),
                Err(Tried::Again(why)) => cause = why,
            }
            if Instant::now() + PAUSE > until {
                let seconds = terms.limit.as_secs();
                return Err(WorldError::NoAnswer { address: address.clone(), seconds, cause });
            }
            thread::sleep(PAUSE);
        }
    }

    fn try_once(
        terms: &Terms,
        address: &Address,
        until: Instant,
    ) -> Result<(Self, Welcome), Tried> {
        let again = |cause: &dyn std::fmt::Display| Tried::Again(cause.to_string());
        let mut last = Tried::Again("its name stands for no address".to_owned());
        for place in address.resolved().map_err(|error| again(&error))? {
            let left = until.saturating_duration_since(Instant::now()).min(TRY);
            let stream = match TcpStream::connect_timeout(&place, left.max(PAUSE)) {
                Ok(stream) => stream,
                Err(error) => {
                    last = again(&error);
                    continue;
                }
            };
            stream.set_nodelay(true).map_err(|error| again(&error))?;
            stream.set_write_timeout(Some(TRY)).map_err(|error| again(&error))?;
            let (address, limit) = (address.clone(), terms.limit);
            let member = Self { stream, address, most: most_from_hub(terms.world), limit };
            let hello = FromRank::Hello(terms.hello.clone());
            frame::write(&member.stream, &hello).map_err(|error| again(&error))?;
            return match frame::read(&member.stream, member.most, Some(until + GRACE)) {
                Ok(FromHub::Welcome(welcome)) if welcome.places.len() == terms.world as usize => {
                    Ok((member, welcome))
                }
                Ok(FromHub::Refused(cause)) => Err(Tried::Refused(cause)),
                Ok(_) => Err(again(&"it answers something else than was asked")),
                Err(error) => Err(again(&error)),
            };
        }
        Err(last)
    }

    /// Comes to a step, and waits until all have.
    pub(super) fn meet(&self, step: u64) -> Result<(), WorldError> {
        self.say(&FromRank::Meet(step))?;
        match self.hear()? {
            FromHub::Go => Ok(()),
            FromHub::Broken(cause) => Err(WorldError::Broken(cause)),
            _ => Err(self.gone(&"it answers something else than was asked")),
        }
    }

    /// Holds the clock against rank 0's.
    pub(super) fn compare(&self, clock: &StampClock) -> Result<ClockReading, WorldError> {
        let mut reading = ClockReading::default();
        for _ in 0..EXCHANGES {
            let before_ns = clock.now_ns();
            self.say(&FromRank::Ping)?;
            let FromHub::Pong(answered_ns) = self.hear()? else {
                return Err(self.gone(&"it answers something else than was asked"));
            };
            reading.take(before_ns, answered_ns, clock.now_ns());
        }
        Ok(reading)
    }

    /// Has ended well.
    pub(super) fn leave(&self) -> Result<(), WorldError> {
        self.say(&FromRank::Bye)
    }

    fn say(&self, letter: &FromRank) -> Result<(), WorldError> {
        frame::write(&self.stream, letter).map_err(|error| self.gone(&error))
    }

    fn hear(&self) -> Result<FromHub, WorldError> {
        let until = Instant::now() + self.limit + GRACE;
        frame::read(&self.stream, self.most, Some(until))
            .map_err(|error: FrameError| self.gone(&error))
    }

    fn gone(&self, cause: &dyn std::fmt::Display) -> WorldError {
        WorldError::HubGone { address: self.address.clone(), cause: cause.to_string() }
    }
}

enum Tried {
    Refused(String),
    Again(String),
}
