use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};

use super::{Kind, Phase, Split};

/// Index into [`TraceParts::labels`](super::TraceParts::labels).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LabelId(pub u32);

/// What a slice is. A million blocks of one op share one label: the op itself.
///
/// Runs of the engine have one label per plan op (so a label identifies layer, split and phase, and the
/// same label on another rank is the same op); imports have one label per distinct kernel name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Name as shown, e.g. `gate_up` or a demangled kernel name.
    pub name: String,
    /// What its time goes to.
    pub kind: Kind,
    /// Transformer layer, when known.
    pub layer: Option<u32>,
    /// Which tokens.
    pub split: Split,
    /// Phase of the weave.
    pub phase: Phase,
    /// What is known about the work itself; `None` for imports.
    pub facts: Option<Box<OpFacts>>,
}

/// Work of one op on one rank, as the plan states it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpFacts {
    /// Index of the op in its plan.
    pub op: u32,
    /// Thread blocks launched.
    pub grid: u32,
    /// Waves: `ceil(grid / (SMs available × blocks per SM))`.
    pub waves: u32,
    /// Share of the last wave's slots that hold a block, 0…1.
    pub tail_occupancy: f64,
    /// Of a GEMM over one of two splits: the same over all tokens in one launch with the GPU to itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsplit: Option<UnsplitFacts>,
    /// SMs the op may use (fewer than the device's when communication holds some).
    pub sms: u32,
    /// Tokens (rows), padding included.
    pub tokens: u32,
    /// Floating-point operations.
    pub flops: f64,
    /// Bytes of device memory that it reads and writes, each input once and each output once. Some of them may be found in L2.
    pub hbm_bytes: f64,
    /// Bytes a direction over this GPU's links.
    pub link_bytes: f64,
    /// Duration with the machine to itself, in ns; the slow-down in place is measured against it.
    pub alone_ns: Option<i64>,
    /// Shape in words, e.g. `4096×7168×8192`.
    pub shape: String,
}

/// A GEMM as a strategy that cuts nothing launches it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnsplitFacts {
    /// Thread blocks launched.
    pub grid: u32,
    /// Waves on all SMs of the device.
    pub waves: u32,
    /// Share of the last wave's slots that hold a block, 0…1.
    pub tail_occupancy: f64,
}

/// A label by its content, as a key: floats by their bits, so that the order over them is total and NaN equals itself.
#[derive(Clone, Debug)]
pub(crate) struct LabelKey(pub(crate) Label);

impl LabelKey {
    /// All of it. A field that is added to the label is asked for here by the compiler.
    fn content(&self) -> impl Eq + Hash + '_ {
        let Label { name, kind, layer, split, phase, facts } = &self.0;
        (name, kind, layer, split, phase, facts.as_deref().map(facts_content))
    }
}

fn facts_content(facts: &OpFacts) -> impl Eq + Hash + '_ {
    let OpFacts {
        op,
        grid,
        waves,
        tail_occupancy,
        unsplit,
        sms,
        tokens,
        flops,
        hbm_bytes,
        link_bytes,
        alone_ns,
        shape,
    } = facts;
    let unsplit = unsplit.map(|UnsplitFacts { grid, waves, tail_occupancy }| {
        (grid, waves, tail_occupancy.to_bits())
    });
    let floats = [tail_occupancy, flops, hbm_bytes, link_bytes].map(|float| float.to_bits());
    (op, grid, waves, unsplit, sms, tokens, floats, alone_ns, shape)
}

impl PartialEq for LabelKey {
    fn eq(&self, other: &Self) -> bool {
        self.content() == other.content()
    }
}

impl Eq for LabelKey {}

impl Hash for LabelKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.content().hash(state);
    }
}
