//! What was planted in a simulated cluster.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The truth of a simulated cluster.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) stragglers: Vec<Straggler>,
    /// Names of the two servers, and how many times as long bytes take between them.
    pub(crate) slow_links: Vec<([String; 2], f64)>,
    pub(crate) clocks: Vec<Clock>,
    /// Unix time of the first iteration, and how long the digest goes on after that, ns.
    pub(crate) start_ns: i64,
    pub(crate) lasts_ns: i64,
}

/// A slow rank.
#[derive(Debug)]
pub(crate) struct Straggler {
    pub(crate) rank: i64,
    pub(crate) slowdown: f64,
    pub(crate) from_iteration: i64,
}

/// A server's clock.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) server: String,
    pub(crate) offset_ns: i64,
    /// ns a ns.
    pub(crate) drift: f64,
}

impl Truth {
    /// Reads what `weftscope digest --simulate` wrote beside the ranks.
    pub(crate) fn read(digests: &Path, job: &str) -> Result<Self, String> {
        let path = digests.join(format!("job={job}/_truth.json"));
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("cannot read the truth: {error}: {}", path.display()))?;
        let truth: Value = serde_json::from_str(&text)
            .map_err(|error| format!("cannot read the truth: {error}: {}", path.display()))?;
        let read = Self::of(&truth);
        read.ok_or_else(|| format!("the truth says too little: {}", path.display()))
    }

    fn of(truth: &Value) -> Option<Self> {
        let (cluster, clocks) = (&truth["cluster"], truth["clocks"].as_array()?);
        let name = |server: &Value| clocks.get(server.as_u64()? as usize)?["server"].as_str();
        let link = |link: &Value| {
            let mut pair = [0, 1].map(|at| name(&link["between"][at]).map(str::to_owned));
            pair.sort_unstable();
            let [one, other] = pair;
            Some(([one?, other?], link["times"].as_f64()?))
        };
        let every_s = cluster["every_s"].as_f64()?;
        let iterations = cluster["iterations"].as_f64()?;
        Some(Self {
            stragglers: all(&cluster["stragglers"], Straggler::of)?,
            slow_links: all(&cluster["slow_links"], link)?,
            clocks: all(&truth["clocks"], Clock::of)?,
            start_ns: cluster["start_unix_ns"].as_i64()?,
            lasts_ns: (every_s * iterations * 1e9) as i64,
        })
    }
}

fn all<T>(of: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
    of.as_array()?.iter().map(read).collect()
}

impl Straggler {
    fn of(it: &Value) -> Option<Self> {
        Some(Self {
            rank: it["rank"].as_i64()?,
            slowdown: it["slowdown"].as_f64()?,
            from_iteration: it["from_iteration"].as_i64()?,
        })
    }
}

impl Clock {
    fn of(it: &Value) -> Option<Self> {
        Some(Self {
            server: it["server"].as_str()?.to_owned(),
            offset_ns: it["offset_ns"].as_i64()?,
            drift: it["drift_ppm"].as_f64()? * 1e-6,
        })
    }

    /// What it shows so long after the start of the run.
    pub(crate) fn shows(&self, start_ns: i64, after_ns: i64) -> i64 {
        let grown = (self.drift * after_ns as f64).round() as i64;
        start_ns + self.offset_ns + after_ns + grown
    }
}
