use serde::{Deserialize, Serialize};

/// How collectives move their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// NVLink multicast with in-switch reduction.
    Multimem,
    /// Peer loads and stores, two-shot.
    P2p,
    /// NCCL ring.
    Nccl,
}

impl Transport {
    /// Every transport.
    pub const ALL: [Self; 3] = [Self::Multimem, Self::P2p, Self::Nccl];

    /// Name on the command line, in files and in the window.
    pub fn name(self) -> &'static str {
        match self {
            Self::Multimem => "multimem",
            Self::P2p => "p2p",
            Self::Nccl => "nccl",
        }
    }

    /// What it does, in one line for lists.
    pub fn about(self) -> &'static str {
        match self {
            Self::Multimem => "NVLink multicast, reduction in the switch",
            Self::P2p => "loads and stores to peers, two-shot",
            Self::Nccl => "NCCL's ring",
        }
    }

    /// The transport of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == name)
    }
}
