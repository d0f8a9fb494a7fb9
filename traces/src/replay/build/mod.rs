//! From the gathered ops of a recording to what can be run again.
//!
//! [`ops`] puts them on one clock, [`groups`] joins collectives across ranks, [`host`] reads the host's launches and waits,
//! [`waits`] tells what each op waited for, and what of its start nothing explains, [`work`] what it takes by itself.

mod groups;
mod host;
mod ops;
mod waits;
mod work;

use serde::Serialize;

use super::{Contention, Replay};
use crate::analysis::{Host, Ops};
use crate::words::{counted, duration};
use ops::Placed;

/// What of a recording was understood, and what was not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Understood {
    /// Kernels and copies.
    pub ops: usize,
    /// Of them those whose launch is recorded.
    pub launched: usize,
    /// Waits for an op of another stream that the recording has.
    pub recorded_waits: usize,
    /// Those that are inferred: a collective waits for what its host launched just before it, and what starts right after an op
    /// of another stream has ended, with nothing else to explain it, waited for that.
    pub inferred_waits: usize,
    /// Ops that start later than all that is known of them explains; they are kept as far behind that as they were.
    pub unexplained: usize,
    /// How long those wait, all together.
    pub unexplained_ns: i64,
    /// Collectives that are matched across ranks.
    pub matched: usize,
    /// Communication that is not: it takes what it took, waiting for ranks that are not here included.
    pub unmatched: usize,
    /// Collectives of which the recording does not say how many SMs they hold: computation beside them is not slowed.
    pub unknown_sms: usize,
    /// Ops that waited for each other in a circle when it was run again, and were started when they did start.
    pub stuck: usize,
}

impl Understood {
    /// What was not understood, and what was guessed, a sentence each; empty where all is recorded.
    pub fn in_words(&self) -> Vec<String> {
        let count = |count: usize, what: &str| counted(count as u64, what);
        let mut all = Vec::new();
        if self.launched == 0 {
            all.push("no launch is recorded, so what waits for the host stays as far behind the GPU as it was".to_owned());
        } else if self.launched < self.ops {
            let left = count(self.ops - self.launched, "op");
            all.push(format!("of {left} the launch is not recorded"));
        }
        if self.inferred_waits > 0 {
            let waits = count(self.inferred_waits, "wait");
            all.push(format!("{waits} of an op for another stream inferred from launches and times; waits that were never the last are not known"));
        }
        if self.unexplained > 0 {
            let (ops, ns) = (count(self.unexplained, "op"), duration(self.unexplained_ns));
            all.push(format!("{ops} started later than anything recorded explains, {ns} in all; they stay as far behind"));
        }
        if self.unmatched > 0 {
            let comm = count(self.unmatched, "communication kernel");
            all.push(format!("{comm} matched with no other rank: waiting for ranks that are not here stays in them"));
        }
        if self.unknown_sms > 0 {
            let comm = count(self.unknown_sms, "communication kernel");
            all.push(format!("of {comm} it is not recorded how many SMs they hold: computation beside them is not slowed"));
        }
        all
    }
}

impl Replay {
    /// What a recording says can be run again. Costs n log n of its ops and of its host's calls.
    pub fn of(ops: &Ops<'_>) -> Self {
        let Placed { mut replay, at } = ops::placed(ops);
        let host = Host::of(ops.trace);
        groups::join(&mut replay, ops, &at);
        host::steps(&mut replay, ops, &host, &at);
        waits::find(&mut replay, ops, &at);
        work::find(&mut replay);
        replay.understood.ops = replay.ops.len();
        replay
    }
}

impl Default for Contention {
    fn default() -> Self {
        Self::of(0)
    }
}
