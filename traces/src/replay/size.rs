//! How much an op computes and moves on one rank, where a recording says, and what moves the bytes of a collective.

use crate::model::{Kind, Label};

/// Amounts of an op on one rank: a plan's, or of products those of the shapes that PyTorch recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct OpSize {
    /// Floating-point operations; 0 of what only moves bytes.
    pub flops: f64,
    /// Bytes of device memory, each input and output once; `None` where not known.
    pub hbm_bytes: Option<f64>,
    /// Bytes over this GPU's links in one direction; `None` where not known, and of what is no collective.
    pub link_bytes: Option<f64>,
    /// Thread blocks of the launch: of a product its tiles. `None` where not known.
    pub blocks: Option<u32>,
    /// SMs that a plan leaves to collectives beside it.
    pub held_sms: u32,
    /// Rows of the activation; `None` where not known.
    pub rows: Option<u32>,
}

/// What moves the bytes of a collective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// NCCL.
    Nccl,
    /// Loads and stores to peers, row by row.
    Peers,
    /// In-switch reduction and multicast.
    Multimem,
}

impl Transport {
    /// Of an op with this label; `None` of what is no communication by itself.
    pub(super) fn of(label: &Label) -> Option<Self> {
        if !matches!(label.kind, Kind::Comm | Kind::Wait) {
            return None;
        }
        let shape = label.facts.as_ref().map_or("", |facts| facts.shape.as_str());
        let starts = |with: &str| {
            let start = |text: &str| text.get(..with.len()).map(str::to_ascii_lowercase);
            [shape, &label.name].into_iter().any(|text| start(text).as_deref() == Some(with))
        };
        Some(match () {
            () if starts("nccl") => Self::Nccl,
            () if starts("multimem") => Self::Multimem,
            () => Self::Peers,
        })
    }
}
