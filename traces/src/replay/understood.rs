//! What of a recording was understood, and what was not.

use serde::Serialize;

use crate::words::{counted, duration};

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
    /// There is communication, but how many SMs the GPU has is not recorded: computation beside it is not slowed.
    pub unknown_gpu: bool,
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
        if self.unknown_gpu {
            all.push("how many SMs the GPU has is not recorded: computation beside communication is not slowed".to_owned());
        }
        all
    }
}
