//! What a slice spends its time on, and where in a weave it belongs.

use serde::{Deserialize, Serialize};

/// What a slice spends its time on. One hue each, everywhere.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Kind {
    /// Matrix multiplication.
    Gemm = 0,
    /// Attention of any form (prefill, decode, with cached prefix).
    Attention = 1,
    /// RMSNorm and LayerNorm, with or without residual add.
    Norm = 2,
    /// Rotary embedding, activation, embedding look-up, copies done by a compute kernel.
    Elementwise = 3,
    /// Collectives and transfers between devices: all-reduce, reduce-scatter, all-gather, all-to-all, the fused
    /// all-reduce + RMSNorm, and copies from peer to peer.
    Comm = 4,
    /// Holding an SM without progress: spinning at a barrier for a peer rank.
    Wait = 5,
    /// Memory copies and sets by the copy engines, but for those between devices; neither compute nor communication.
    Memcpy = 6,
    /// Host-side work (Python, runtime API calls).
    Host = 7,
    /// Iteration, layer and phase marks and user annotations; occupies nothing.
    Mark = 8,
    /// A GPU kernel that none of the rules recognises; counted as compute.
    #[default]
    Other = 9,
    /// A matrix multiplication and the collective before or behind it in one kernel: both computation and communication,
    /// which hide each other for as long as it runs.
    Fused = 10,
}

impl Kind {
    /// Every kind, in drawing order.
    pub const ALL: [Self; 11] = [
        Self::Gemm,
        Self::Attention,
        Self::Norm,
        Self::Elementwise,
        Self::Comm,
        Self::Wait,
        Self::Memcpy,
        Self::Host,
        Self::Mark,
        Self::Other,
        Self::Fused,
    ];

    /// Lower-case name, as files, tables, queries and texts of edits have it. Readers are shown its [words](Self::words).
    pub fn name(self) -> &'static str {
        match self {
            Self::Gemm => "gemm",
            Self::Attention => "attention",
            Self::Norm => "norm",
            Self::Elementwise => "elementwise",
            Self::Comm => "comm",
            Self::Wait => "wait",
            Self::Memcpy => "memcpy",
            Self::Host => "host",
            Self::Mark => "mark",
            Self::Other => "other",
            Self::Fused => "fused",
        }
    }

    /// What it is called in legends, tooltips, tables of the window and sentences.
    pub fn words(self) -> &'static str {
        match self {
            Self::Gemm => "GEMM",
            Self::Attention => "attention",
            Self::Norm => "norm",
            Self::Elementwise => "elementwise",
            Self::Comm => "communication",
            Self::Wait => "waiting for a rank",
            Self::Memcpy => "memory copy",
            Self::Host => "host",
            Self::Mark => "mark",
            Self::Other => "other kernel",
            Self::Fused => "GEMM + collective in one",
        }
    }

    /// The kind with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind stored as this byte.
    pub fn from_u8(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// A GPU kernel that counts as computation in overlap figures.
    pub const fn is_compute(self) -> bool {
        matches!(
            self,
            Self::Gemm
                | Self::Attention
                | Self::Norm
                | Self::Elementwise
                | Self::Other
                | Self::Fused
        )
    }

    /// A GPU kernel that counts as communication in overlap figures (a spinning barrier belongs to its collective).
    pub fn is_comm(self) -> bool {
        matches!(self, Self::Comm | Self::Wait | Self::Fused)
    }
}

/// Which part of the batch's tokens an op works on.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Split {
    /// All tokens (unsplit op), or not known.
    #[default]
    Whole = 0,
    /// The prefix, split 0.
    First = 1,
    /// The suffix, split 1.
    Second = 2,
}

/// Where in the weave an op belongs (`tokenweave` schedule: four phases a layer, a head and a tail).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[repr(u8)]
pub enum Phase {
    /// Not part of a phased schedule.
    #[default]
    None = 0,
    /// Before the first weave: embedding and its collective.
    Head = 1,
    /// Attention of split 0 over the input norm of split 1.
    A = 2,
    /// Attention of split 1 over the post-attention norm of split 0.
    B = 3,
    /// MLP of split 0 over the post-attention norm of split 1.
    C = 4,
    /// MLP of split 1 over the next layer's input norm of split 0.
    D = 5,
    /// After the last weave: the exposed final norm.
    Tail = 6,
}

impl Phase {
    /// Every phase in schedule order, without [`Phase::None`].
    pub const ALL: [Self; 6] = [Self::Head, Self::A, Self::B, Self::C, Self::D, Self::Tail];

    /// Short name: `head`, `A` … `D`, `tail`, or the empty string.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Head => "head",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::Tail => "tail",
        }
    }
}
