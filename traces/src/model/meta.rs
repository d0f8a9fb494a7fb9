use serde::{Deserialize, Serialize};

/// Where the times come from. There is no default: whoever builds a trace must say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Provenance {
    /// Recorded on hardware.
    Measured {
        /// Recorder, e.g. `PyTorch profiler (CUPTI 13.0.1)`.
        source: String,
    },
    /// Computed by the simulator.
    Modelled {
        /// Simulator and machine file, e.g. `weftscope-engine 0.1.0, h100x8`.
        source: String,
    },
}

impl Provenance {
    /// `measured` or `modelled`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Measured { .. } => "measured",
            Self::Modelled { .. } => "modelled",
        }
    }

    /// The recorder or simulator.
    pub fn source(&self) -> &str {
        match self {
            Self::Measured { source } | Self::Modelled { source } => source,
        }
    }
}

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
}

/// What recording cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overhead {
    /// Host nanoseconds spent recording, in all; `None` when the recorder did not say.
    pub recording_host_ns: Option<i64>,
    /// How the figure was obtained, or what else is known (e.g. stamps on/off ratio).
    pub note: String,
    /// How much longer the run took for being recorded; `None` when nobody compared.
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
    /// The run's own description (model, machine, batch, strategy, knobs …), ordered, as shown.
    pub run: Vec<(String, String)>,
    /// What recording cost.
    pub overhead: Overhead,
    /// How well the clocks agree that the times were read from; empty for modelled times and imports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ClockAgreement>,
}

impl Meta {
    /// Key of [`Meta::run`] for what the numbers must not be taken for, a sentence; may occur several times.
    pub const CAVEAT: &'static str = "caveat";

    /// Every [`Meta::CAVEAT`].
    pub fn caveats(&self) -> impl Iterator<Item = &str> {
        let caveats = self.run.iter().filter(|(key, _)| key == Self::CAVEAT);
        caveats.map(|(_, sentence)| sentence.as_str())
    }

    /// Meta with only what nobody may leave out.
    pub fn new(title: impl Into<String>, provenance: Provenance) -> Self {
        Self {
            title: title.into(),
            provenance,
            base_time_unix_ns: 0,
            world_size: 1,
            ranks: Vec::new(),
            run: Vec::new(),
            overhead: Overhead::default(),
            clocks: Vec::new(),
        }
    }

    /// How far a time may be off against one of another rank, in ns: the worst clock of the trace; `None` when
    /// nothing is known, as of modelled times, which are exact.
    pub fn clock_uncertainty_ns(&self) -> Option<i64> {
        self.clocks.iter().map(|clock| clock.residual_p99_ns).max()
    }
}
