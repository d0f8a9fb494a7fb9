//! What a cluster is: the file that describes one.

use serde::{Deserialize, Serialize};
use weftscope_engine::{
    batch::Batch,
    machine,
    model::{self, ModelShape},
    spec::{Knobs, RunSpec, StrategyKind},
};

use super::error::ClusterError;

/// Ranks of a cluster at most.
const MOST_RANKS: u32 = 1 << 17;
/// Iterations at most.
const MOST_ITERATIONS: u32 = 100_000;

/// A cluster and what it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClusterSpec {
    /// Name of the job.
    pub job: String,
    /// Name of a built-in model.
    pub model: String,
    /// Name of a built-in machine: every server is one.
    pub machine: String,
    /// Overlap strategy in each tensor-parallel group.
    pub strategy: String,
    /// Tokens of a microbatch, one sequence.
    pub tokens: u32,
    /// Layers; 0: the model's.
    pub layers: u32,
    /// Ranks that share a layer; they are on one server.
    pub tp: u32,
    /// Stages of the pipeline; each has as many layers.
    pub pp: u32,
    /// Replicas.
    pub dp: u32,
    /// Microbatches of an iteration, one after another through the pipeline.
    pub microbatches: u32,
    /// Iterations of the digest.
    pub iterations: u32,
    /// Between the starts of two iterations of the digest, s: it samples a longer run. 0: one follows the other.
    pub every_s: f64,
    /// How much later the host begins a microbatch, at most, as a share of what it takes.
    pub host_spread: f64,
    /// What links the servers.
    pub network: Network,
    /// What replicas do at the end of an iteration.
    pub sync: Sync,
    /// Slow ranks.
    pub stragglers: Vec<Straggler>,
    /// Slow links.
    pub slow_links: Vec<SlowLink>,
    /// Clocks of the servers.
    pub clocks: Clocks,
    /// Unix time of the first iteration, ns.
    pub start_unix_ns: i64,
    /// Seed of everything random.
    pub seed: u64,
}

/// Tiers of the network between servers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Servers of a rack.
    pub servers_per_rack: u32,
    /// Between servers of a rack.
    pub rack: Tier,
    /// Between racks.
    pub spine: Tier,
    /// Ends of one collective are so far apart on different servers, at most, ns.
    pub end_spread_ns: i64,
}

/// One tier, as a GPU sees it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// Bytes a second a direction.
    pub bytes_per_s: f64,
    /// One way, ns.
    pub latency_ns: f64,
}

/// What ranks do at the end of an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sync {
    /// An all-reduce of so many bytes over the replicas; 0: none.
    pub replicas_bytes: u64,
    /// An all-reduce of so many bytes over all ranks; 0: none.
    pub world_bytes: u64,
}

/// A slow rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Straggler {
    /// Which.
    pub rank: u32,
    /// How many times as long its computation takes.
    pub slowdown: f64,
    /// From this iteration on.
    #[serde(default)]
    pub from_iteration: u32,
}

/// A slow link.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowLink {
    /// The two servers.
    pub between: [u32; 2],
    /// How many times as long bytes take over it.
    pub times: f64,
}

/// How far the servers' clocks are off: by chance, evenly up to these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Clocks {
    /// Either way, ms.
    pub offset_ms: f64,
    /// Either way, millionths.
    pub drift_ppm: f64,
}

impl Default for ClusterSpec {
    fn default() -> Self {
        Self {
            job: "simulated".to_owned(),
            model: "llama-3.3-70b".to_owned(),
            machine: "h100x8".to_owned(),
            strategy: "tokenweave".to_owned(),
            tokens: 4096,
            layers: 0,
            tp: 8,
            pp: 1,
            dp: 2,
            microbatches: 1,
            iterations: 4,
            every_s: 0.0,
            host_spread: 0.01,
            network: Network::default(),
            sync: Sync::default(),
            stragglers: Vec::new(),
            slow_links: Vec::new(),
            clocks: Clocks::default(),
            start_unix_ns: 1_790_000_000_000_000_000,
            seed: 0,
        }
    }
}

impl Default for Network {
    fn default() -> Self {
        Self {
            servers_per_rack: 16,
            rack: Tier { bytes_per_s: 45e9, latency_ns: 5_000.0 },
            spine: Tier { bytes_per_s: 40e9, latency_ns: 9_000.0 },
            end_spread_ns: 10_000,
        }
    }
}

impl Default for Sync {
    fn default() -> Self {
        Self { replicas_bytes: 16 << 20, world_bytes: 8 }
    }
}

impl ClusterSpec {
    /// Reads a description.
    ///
    /// # Errors
    /// [`ClusterError`] names what is wrong.
    pub fn from_json(text: &str) -> Result<Self, ClusterError> {
        let spec: Self = serde_json::from_str(text)?;
        spec.check()?;
        Ok(spec)
    }

    /// Ranks.
    pub fn ranks(&self) -> u32 {
        self.tp * self.pp * self.dp
    }

    /// Whether it can be simulated.
    ///
    /// # Errors
    /// [`ClusterError`] names what is wrong.
    pub fn check(&self) -> Result<(), ClusterError> {
        let run = self.group()?;
        let gpus = run.machine.gpus;
        let layers = self.layers_of(&run.model);
        let least = |what, value: u32| in_range(what, f64::from(value), 1.0, f64::from(MOST_RANKS));
        for (what, value) in [
            ("tp", self.tp),
            ("pp", self.pp),
            ("dp", self.dp),
            ("microbatches", self.microbatches),
            ("servers_per_rack", self.network.servers_per_rack),
        ] {
            least(what, value)?;
        }
        in_range("iterations", self.iterations.into(), 1.0, MOST_ITERATIONS.into())?;
        let ranks = u64::from(self.tp) * u64::from(self.pp) * u64::from(self.dp);
        in_range("tp × pp × dp", ranks as f64, 1.0, MOST_RANKS.into())?;
        if self.tp > gpus || !gpus.is_multiple_of(self.tp) {
            return Err(range("tp", &self.tp, format!("a divisor of the {gpus} GPUs of a server")));
        }
        if !layers.is_multiple_of(self.pp) {
            return Err(range("pp", &self.pp, format!("a divisor of the {layers} layers")));
        }
        for tier in [self.network.rack, self.network.spine] {
            in_range("bytes_per_s", tier.bytes_per_s, 1.0, 1e15)?;
            in_range("latency_ns", tier.latency_ns, 0.0, 1e9)?;
        }
        in_range("end_spread_ns", self.network.end_spread_ns as f64, 0.0, 1e9)?;
        in_range("every_s", self.every_s, 0.0, 86_400.0)?;
        in_range("host_spread", self.host_spread, 0.0, 1.0)?;
        in_range("offset_ms", self.clocks.offset_ms, 0.0, 3.6e6)?;
        in_range("drift_ppm", self.clocks.drift_ppm, 0.0, 1000.0)?;
        let servers = self.ranks().div_ceil(gpus);
        for straggler in &self.stragglers {
            in_range(
                "a straggler's rank",
                straggler.rank.into(),
                0.0,
                f64::from(self.ranks() - 1),
            )?;
            in_range("slowdown", straggler.slowdown, 1.0, 1000.0)?;
        }
        for link in &self.slow_links {
            for server in link.between {
                in_range("a slow link's server", server.into(), 0.0, f64::from(servers - 1))?;
            }
            in_range("times", link.times, 1.0, 1e6)?;
        }
        Ok(())
    }

    /// Layers of all stages.
    pub(super) fn layers_of(&self, model: &ModelShape) -> u32 {
        if self.layers == 0 { model.layers } else { self.layers }
    }

    /// What a tensor-parallel group runs, without layers told.
    pub(super) fn group(&self) -> Result<RunSpec, ClusterError> {
        let unknown = |what, name: &str, names: Vec<&str>| ClusterError::Unknown {
            what,
            name: name.to_owned(),
            names: names.join(", "),
        };
        let model = model::builtin(&self.model)
            .ok_or_else(|| unknown("model", &self.model, model::names().to_vec()))?;
        let machine = machine::builtin(&self.machine)
            .ok_or_else(|| unknown("machine", &self.machine, machine::names().collect()))?;
        let strategies = || StrategyKind::ALL.iter().map(|strategy| strategy.name()).collect();
        let strategy = StrategyKind::from_name(&self.strategy)
            .ok_or_else(|| unknown("strategy", &self.strategy, strategies()))?;
        let batch = Batch::prefill(self.tokens, self.tokens);
        let knobs = Knobs { tp: self.tp, strategy, seed: self.seed, ..Knobs::default() };
        Ok(RunSpec { model, machine, batch, knobs })
    }
}

fn range(what: &'static str, value: &impl ToString, range: String) -> ClusterError {
    ClusterError::Range { what, value: value.to_string(), range }
}

fn in_range(what: &'static str, value: f64, least: f64, most: f64) -> Result<(), ClusterError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(range(what, &value, format!("between {least} and {most}")))
}
