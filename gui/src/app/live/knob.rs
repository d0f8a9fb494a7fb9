//! The table of knobs: what each is called, what it turns in a [`RunSpec`], and which of its values are asked about
//! beforehand.
//!
//! To add one: its field in `engine/src/spec/knobs.rs`, its variants here (the compiler then asks for the rest), its
//! control in the file of its group in `gui/src/panels/knobs/`, its argument in `gui/src/cli/run_args.rs`. Control and
//! argument read the descriptions from here; the draft, resetting and refusals follow the table.

use weftscope_engine::{
    batch::Batch,
    spec::{RunSpec, SplitChoice, StrategyKind, Transport},
};

use super::Catalog;

/// A thing that may be turned, for showing its default and going back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Knob {
    /// The model.
    Model,
    /// The machine.
    Machine,
    /// Tensor-parallel degree.
    Tp,
    /// The degree whose shards are computed.
    ShardOf,
    /// The requests.
    Batch,
    /// The schedule.
    Strategy,
    /// How bytes travel.
    Transport,
    /// Where the batch is cut.
    Split,
    /// CTAs of collectives under attention.
    AttnCtas,
    /// CTAs of collectives under the MLP.
    MlpCtas,
    /// Layers run.
    Layers,
    /// How late ranks start.
    Skew,
    /// Seed of the jitter.
    Seed,
}

/// One turn of a knob.
#[derive(Clone, Debug, PartialEq)]
pub enum KnobEdit {
    /// Another model, by name.
    Model(String),
    /// Another machine, by name.
    Machine(String),
    /// Another degree.
    Tp(u32),
    /// Shards of another degree; `None`: of the degree that runs.
    ShardOf(Option<u32>),
    /// The batch as text; it counts once it parses.
    BatchText(String),
    /// One prefill of so many tokens.
    Tokens(u32),
    /// Another schedule.
    Strategy(StrategyKind),
    /// Another transport.
    Transport(Transport),
    /// Another cut.
    Split(SplitChoice),
    /// CTAs under attention; `None`: as the chooser says.
    AttnCtas(Option<u32>),
    /// CTAs under the MLP; `None`: as the chooser says.
    MlpCtas(Option<u32>),
    /// Layers run; `None`: all.
    Layers(Option<u32>),
    /// A rank starts so many ns late.
    Skew {
        /// Which rank.
        rank: u32,
        /// How late, ns; negative is early.
        late_ns: i64,
    },
    /// Another seed.
    Seed(u64),
    /// Back to the default.
    Reset(Knob),
}

impl Knob {
    /// Every knob.
    pub const ALL: [Self; 13] = [
        Self::Model,
        Self::Batch,
        Self::Layers,
        Self::Seed,
        Self::Strategy,
        Self::Split,
        Self::Transport,
        Self::AttnCtas,
        Self::MlpCtas,
        Self::Skew,
        Self::Machine,
        Self::Tp,
        Self::ShardOf,
    ];

    /// Name beside its control.
    pub fn label(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Machine => "Machine",
            Self::Tp => "Ranks",
            Self::ShardOf => "Shards of",
            Self::Batch => "Requests",
            Self::Strategy => "Strategy",
            Self::Transport => "Transport",
            Self::Split => "Chosen by",
            Self::AttnCtas => "CTAs, attn",
            Self::MlpCtas => "CTAs, MLP",
            Self::Layers => "Layers",
            Self::Skew => "Rank skew",
            Self::Seed => "Seed",
        }
    }

    /// What it is, without a full stop: a control's tooltip, and the first words of an argument's help.
    pub fn help(self) -> &'static str {
        match self {
            Self::Model => "The model",
            Self::Machine => "The machine: simulated, or the GPUs of this computer",
            Self::Tp => "Tensor-parallel degree: ranks, one GPU each",
            Self::ShardOf => {
                "Shard sizes as if the degree were this; times then show that degree's ratio of compute to communication"
            }
            Self::Batch => "Requests of one iteration, separated by commas, in scheduler order",
            Self::Strategy => "Overlap strategy",
            Self::Transport => "How bytes travel between GPUs",
            Self::Split => "Where the batch is cut",
            Self::AttnCtas => {
                "Thread blocks of the collectives under attention, one an SM; compute has the other SMs to itself"
            }
            Self::MlpCtas => {
                "Thread blocks of the collectives under the MLP, one an SM; compute has the other SMs to itself"
            }
            Self::Layers => "Layers to run; each further one adds its share to every figure",
            Self::Skew => "How late each rank starts an iteration",
            Self::Seed => "Seed of the jitter of thread blocks; the same seed gives the same run",
        }
    }

    /// True when two specs have it at the same value. Asked for every knob each frame, so nothing is copied.
    pub(super) fn is_same(self, one: &RunSpec, other: &RunSpec) -> bool {
        let (mine, theirs) = (&one.knobs, &other.knobs);
        match self {
            Self::Model => one.model.name == other.model.name,
            Self::Machine => one.machine.name == other.machine.name,
            Self::Batch => one.batch == other.batch,
            Self::Tp => mine.tp == theirs.tp.min(one.machine.gpus),
            Self::ShardOf => mine.shard_of == theirs.shard_of,
            Self::Strategy => mine.strategy == theirs.strategy,
            Self::Transport => mine.transport == theirs.transport,
            Self::Split => mine.split == theirs.split,
            Self::AttnCtas => mine.attn_ctas == theirs.attn_ctas,
            Self::MlpCtas => mine.mlp_ctas == theirs.mlp_ctas,
            Self::Layers => mine.layers == theirs.layers,
            Self::Skew => mine.skew_ns == theirs.skew_ns,
            Self::Seed => mine.seed == theirs.seed,
        }
    }

    /// Sets it in `spec` to its value in `from`.
    pub(super) fn copy(self, spec: &mut RunSpec, from: &RunSpec) {
        let (mine, theirs) = (&mut spec.knobs, &from.knobs);
        match self {
            Self::Model => spec.model.clone_from(&from.model),
            Self::Machine => spec.machine.clone_from(&from.machine),
            Self::Batch => spec.batch.clone_from(&from.batch),
            Self::Tp => mine.tp = theirs.tp.min(spec.machine.gpus),
            Self::ShardOf => mine.shard_of = theirs.shard_of,
            Self::Strategy => mine.strategy = theirs.strategy,
            Self::Transport => mine.transport = theirs.transport,
            Self::Split => mine.split = theirs.split,
            Self::AttnCtas => mine.attn_ctas = theirs.attn_ctas,
            Self::MlpCtas => mine.mlp_ctas = theirs.mlp_ctas,
            Self::Layers => mine.layers = theirs.layers,
            Self::Skew => mine.skew_ns.clone_from(&theirs.skew_ns),
            Self::Seed => mine.seed = theirs.seed,
        }
    }

    /// Its values that a GPU may refuse: each is asked about before it is offered.
    pub(super) fn choices(self, catalog: &Catalog) -> Vec<KnobEdit> {
        match self {
            Self::Model => {
                let names = catalog.models().iter().map(|model| model.name.clone());
                names.map(KnobEdit::Model).collect()
            }
            Self::Strategy => StrategyKind::ALL.map(KnobEdit::Strategy).into(),
            Self::Transport => Transport::ALL.map(KnobEdit::Transport).into(),
            Self::Machine
            | Self::Tp
            | Self::ShardOf
            | Self::Batch
            | Self::Split
            | Self::AttnCtas
            | Self::MlpCtas
            | Self::Layers
            | Self::Skew
            | Self::Seed => Vec::new(),
        }
    }
}

impl KnobEdit {
    /// Makes the edit in `spec`, as far as the spec alone shows it.
    pub(super) fn apply(&self, spec: &mut RunSpec, catalog: &Catalog) {
        let knobs = &mut spec.knobs;
        match self {
            Self::Model(name) => {
                if let Some(model) = catalog.model(name) {
                    spec.model.clone_from(model);
                }
            }
            Self::Machine(name) => {
                if let Some(host) = catalog.host(name) {
                    spec.machine.clone_from(&host.machine);
                }
            }
            Self::Tp(tp) => knobs.tp = *tp,
            Self::ShardOf(degree) => knobs.shard_of = *degree,
            Self::BatchText(text) => {
                if let Ok(batch) = text.parse() {
                    spec.batch = batch;
                }
            }
            Self::Tokens(tokens) => set_tokens(&mut spec.batch, *tokens),
            Self::Strategy(strategy) => knobs.strategy = *strategy,
            Self::Transport(transport) => knobs.transport = *transport,
            Self::Split(split) => knobs.split = *split,
            Self::AttnCtas(ctas) => knobs.attn_ctas = *ctas,
            Self::MlpCtas(ctas) => knobs.mlp_ctas = *ctas,
            Self::Layers(layers) => knobs.layers = *layers,
            Self::Skew { rank, late_ns } => set_skew(&mut knobs.skew_ns, *rank, *late_ns),
            Self::Seed(seed) => knobs.seed = *seed,
            Self::Reset(knob) => knob.copy(spec, catalog.default_spec()),
        }
    }
}

/// Scales the batch to so many tokens: the one long prefill grows or shrinks, decode steps stay.
fn set_tokens(batch: &mut Batch, tokens: u32) {
    let all = batch.tokens();
    let most = batch.requests.iter().map(|request| request.new_tokens).max();
    let longest = batch.requests.iter_mut().find(|request| Some(request.new_tokens) == most);
    match longest.filter(|longest| !longest.is_decode()) {
        Some(longest) => {
            let rest = all - longest.new_tokens;
            longest.new_tokens = tokens.saturating_sub(rest).max(1);
        }
        None => *batch = Batch::prefill(tokens.max(1), tokens.max(1)),
    }
}

fn set_skew(skew_ns: &mut Vec<i64>, rank: u32, late_ns: i64) {
    let rank = rank as usize;
    if skew_ns.len() <= rank {
        skew_ns.resize(rank + 1, 0);
    }
    skew_ns[rank] = late_ns;
    // On time is the default; a list of zeros is the same run as an empty one.
    while skew_ns.last() == Some(&0) {
        skew_ns.pop();
    }
}
