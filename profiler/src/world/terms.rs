//! What a process brings to the rendezvous: who it is, what it is about to run, and the clock that stamps its times.

use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    WorldError,
    letters::{Hello, MOST_NAME, MOST_WORLD},
};

/// A clock that stamps a process' times: the computer's, by Unix time, and what was planted on it.
#[derive(Clone)]
pub struct StampClock {
    /// The computer's time at which a drift begins, ns.
    began_ns: Arc<OnceLock<i64>>,
    offset_ns: i64,
    drift: f64,
}

impl fmt::Debug for StampClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StampClock({} ns, {:e})", self.offset_ns, self.drift)
    }
}

impl StampClock {
    /// The computer's clock, so many ns ahead, and going so much faster: 20 ppm are 20e-6.
    pub fn new(offset_ns: i64, drift: f64) -> Self {
        Self { began_ns: Arc::default(), offset_ns, drift }
    }

    /// What it shows now, ns since 1970.
    pub fn now_ns(&self) -> i64 {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let true_ns = i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX);
        let began_ns = *self.began_ns.get_or_init(|| true_ns);
        self.shown_ns(began_ns, true_ns.saturating_sub(began_ns))
    }

    /// What it shows so long after a moment of the true clock, both ns: right then, its offset ahead.
    pub fn shown_ns(&self, began_ns: i64, after_ns: i64) -> i64 {
        let drifted = (self.drift * after_ns as f64).round() as i64;
        began_ns.saturating_add(after_ns).saturating_add(self.offset_ns).saturating_add(drifted)
    }
}

/// What a process brings.
#[derive(Clone, Debug)]
pub struct Terms {
    pub(super) hello: Hello,
    pub(super) world: u32,
    pub(super) limit: Duration,
    pub(super) clock: StampClock,
}

impl Terms {
    /// Of process `rank` of `world`, on a computer of that name, with so many ranks of the plan; `plan` stands for everything that
    /// must be the same everywhere. `limit` is how long anybody waits for anybody.
    ///
    /// # Errors
    /// [`WorldError::Refused`]: a rank that is not below the size, or more processes than there can be.
    pub fn new(
        (rank, world): (u32, u32),
        (server, gpus): (&str, u32),
        plan: u64,
        (limit, clock): (Duration, StampClock),
    ) -> Result<Self, WorldError> {
        let refused = |cause: String| Err(WorldError::Refused(cause));
        if world == 0 || world > MOST_WORLD {
            return refused(format!("{world} ranks: there can be 1 to {MOST_WORLD}"));
        }
        if rank >= world {
            return refused(format!("there is no rank {rank} among {world}, which count from 0"));
        }
        let hello = Hello {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rank,
            world,
            server: server.chars().take(MOST_NAME).collect(),
            gpus,
            plan: format!("{plan:016x}"),
        };
        Ok(Self { hello, world, limit, clock })
    }
}
