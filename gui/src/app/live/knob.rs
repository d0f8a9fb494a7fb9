use weftscope_engine::spec::{SplitChoice, StrategyKind, Transport};

/// A thing that may be turned, for showing its default and going back to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Knob {
    /// The model.
    Model,
    /// The machine.
    Machine,
    /// Tensor-parallel degree.
    Tp,
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
