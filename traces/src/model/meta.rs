//! Facts about a whole trace: what ran where, on which clock, at what cost.

use serde::{Deserialize, Serialize};

use super::{Doubt, Origin, Provenance, RunFacts, RunLine, run_lines_v1};

/// A GPU as the trace knows it. Zero means not known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceInfo {
    /// Marketing name, e.g. `NVIDIA H200`.
    pub name: String,
    /// Streaming multiprocessors.
    pub sms: u32,
    /// Device memory in bytes.
    pub memory_bytes: u64,
    /// Compute capability, `(9, 0)`.
    pub compute_capability: (u32, u32),
}

/// One rank of the trace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RankInfo {
    /// Global rank.
    pub rank: u32,
    /// Its GPU.
    pub device: DeviceInfo,
    /// The server whose clock its times are of; `None` where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
}

/// What recording cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overhead {
    /// Host nanoseconds spent recording, in all; `None` when the recorder did not say.
    pub recording_host_ns: Option<i64>,
    /// How the figure was obtained, or what else is known (e.g. stamps on/off ratio).
    pub note: String,
    /// How much longer the run took for being recorded; `None` when that was not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowdown: Option<Slowdown>,
}

/// What recording made of the run itself, by running it both ways.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slowdown {
    /// Recorded over unrecorded time, less one, in percent; below 0 when noise is larger than the cost.
    pub percent: f64,
    /// How it was measured, e.g. `medians of 10 interleaved iterations with and without recording`.
    pub how: String,
}

impl Slowdown {
    /// In words, without how it was measured. A run that took less time recorded was not made faster by it.
    pub fn sentence(&self) -> String {
        let percent = self.percent;
        if percent < 0.0 {
            return format!(
                "Recorded, the run took {:.2} % less time: recording costs less than its times differ by",
                -percent
            );
        }
        format!("Recording made the run {percent:+.2} % longer")
    }

    /// The same in few words.
    pub fn brief(&self) -> String {
        if self.percent < 0.0 {
            return "recording cost too little to tell".to_owned();
        }
        format!("recording made it {:+.2} % longer", self.percent)
    }
}

/// How well two clocks of a measured trace agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockAgreement {
    /// The rank whose times were mapped.
    pub rank: u32,
    /// The clocks, and how they were read against each other.
    pub what: String,
    /// 99th percentile of the distance between readings and map, in ns.
    pub residual_p99_ns: i64,
    /// Readings that the map rests on.
    pub readings: u64,
}

/// What the row of a process is called beside its name, as whoever recorded it says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ProcessLabel {
    /// Whose row.
    pub of: Labelled,
    /// The label, e.g. `GPU 0`.
    pub text: String,
}

/// A process with a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labelled {
    /// What runs on the GPU of a rank.
    Rank(u32),
    /// A process of the host, by its number.
    Process(u32),
}

/// Facts about the whole trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meta {
    /// One line: what was run.
    pub title: String,
    /// Where the times come from.
    pub provenance: Provenance,
    /// Unix time of trace time 0, in ns; 0 when not known.
    pub base_time_unix_ns: i64,
    /// Ranks in the job, even when the file holds only some.
    pub world_size: u32,
    /// Ranks in this trace, by rank.
    pub ranks: Vec<RankInfo>,
    /// The engine's runs that the trace holds: one, or several after traces of several runs were merged; none in
    /// files that others wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runs: Vec<RunFacts>,
    /// What a file that others wrote says of its run, e.g. `CUPTI` → `13.0`; in its order.
    #[serde(default, rename = "run", skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<(String, String)>,
    /// What such a file says beside its events that is not understood here, as JSON by key: it goes out as it came in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<(String, String)>,
    /// Labels of processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<ProcessLabel>,
    /// What recording cost.
    pub overhead: Overhead,
    /// How well the clocks agree that the times were read from; empty for modelled times and imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockAgreement>,
}

impl Meta {
    /// What the numbers must not be taken for, a sentence each.
    pub fn caveats(&self) -> impl Iterator<Item = &str> {
        let all = self.runs.iter().flat_map(|run| &run.caveats);
        let mut told: Vec<&str> = Vec::new();
        all.filter_map(move |caveat| {
            let is_new = !told.contains(&caveat.as_str());
            told.push(caveat);
            is_new.then_some(caveat.as_str())
        })
    }

    /// How far the times are off; `None` where they are not all predicted. Of several runs the largest error, not known where
    /// that of one is not.
    pub fn doubt(&self) -> Option<Doubt<'_>> {
        let runs = self.runs.iter().map(|run| Doubt(run.expected_error.as_ref()));
        let all = || runs.reduce(Doubt::or_larger).unwrap_or(Doubt(None));
        (self.provenance.origin() == Some(Origin::Modelled)).then(all)
    }

    /// The facts of all runs as lines for people, each once.
    pub fn run_lines(&self) -> impl Iterator<Item = RunLine> {
        let mut told: Vec<RunLine> = Vec::new();
        for line in self.runs.iter().flat_map(RunFacts::lines) {
            if !told.contains(&line) {
                told.push(line);
            }
        }
        told.into_iter()
    }

    /// Ranks numbered anew.
    pub(super) fn renumber(&mut self, new: impl Fn(u32) -> u32) {
        for info in &mut self.ranks {
            info.rank = new(info.rank);
        }
        self.ranks.sort_by_key(|info| info.rank);
        for clock in &mut self.clocks {
            clock.rank = new(clock.rank);
        }
        for label in &mut self.labels {
            if let Labelled::Rank(rank) = &mut label.of {
                *rank = new(*rank);
            }
        }
        self.provenance.renumber(&new);
    }

    /// Understands the description of a run as version 1 of our files has it.
    pub(crate) fn upgrade_from_v1(&mut self) {
        let (facts, rest) = run_lines_v1::facts(std::mem::take(&mut self.lines));
        self.runs.extend(facts);
        self.lines = rest;
        // Titles named the machine as it is chosen where it stands, which says nothing where the file is read.
        if let Some(run) = self.title.strip_suffix(" on here")
            && let [first, ..] = &self.ranks[..]
            && self.ranks.iter().all(|rank| rank.device.name == first.device.name)
        {
            self.title = format!("{run} on {} × {}", self.ranks.len(), first.device.name);
        }
    }

    /// Meta data with only what may not be left out.
    pub fn new(title: impl Into<String>, provenance: Provenance) -> Self {
        Self {
            title: title.into(),
            provenance,
            base_time_unix_ns: 0,
            world_size: 1,
            ranks: Vec::new(),
            runs: Vec::new(),
            lines: Vec::new(),
            beside: Vec::new(),
            labels: Vec::new(),
            overhead: Overhead::default(),
            clocks: Vec::new(),
        }
    }

    /// The times of its ranks need no comparing: modelled ones are on one clock unless servers stamped them, and of clocks that
    /// were read against each other it is known how well they agree.
    pub fn has_exact_clock(&self) -> bool {
        let is_stamped = self.ranks.iter().any(|info| info.server.is_some());
        self.provenance.origin() == Some(Origin::Modelled) && !is_stamped || !self.clocks.is_empty()
    }

    /// The server whose clock the times of a rank are of; `None` where nobody said.
    pub fn server_of(&self, rank: u32) -> Option<&str> {
        self.ranks.iter().find(|info| info.rank == rank)?.server.as_deref()
    }

    /// Times of both count from the same moment, though neither says from which: ranks of one simulated run.
    pub fn shares_untold_clock(&self, other: &Self) -> bool {
        self.base_time_unix_ns == 0
            && other.base_time_unix_ns == 0
            && !self.runs.is_empty()
            && self.runs == other.runs
            && self.provenance == other.provenance
            && self.provenance.origin() == Some(Origin::Modelled)
    }

    /// How far a time may be off against one of another rank, in ns: the worst clock of the trace; `None` when
    /// nothing is known, as of modelled times, which are exact.
    pub fn clock_uncertainty_ns(&self) -> Option<i64> {
        self.clocks.iter().map(|clock| clock.residual_p99_ns).max()
    }
}

#[cfg(test)]
mod tests {
    use super::Slowdown;

    #[test]
    fn no_run_is_longer_by_less_than_nothing() {
        let sentence = |percent| Slowdown { percent, how: String::new() }.sentence();
        assert_eq!(sentence(1.254), "Recording made the run +1.25 % longer");
        assert!(sentence(-1.69).starts_with("Recorded, the run took 1.69 % less time"));
        let brief = |percent| Slowdown { percent, how: String::new() }.brief();
        assert_eq!(brief(1.254), "recording made it +1.25 % longer");
        assert_eq!(brief(-0.1), "recording cost too little to tell");
    }
}
