use serde::{Deserialize, Serialize};

use super::SliceRef;

/// Why one slice points at another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[repr(u8)]
pub enum FlowKind {
    /// The second op may start only after the first has finished.
    Dependency = 0,
    /// A host call that launched a kernel.
    Launch = 1,
    /// Anything an imported file drew an arrow for.
    Imported = 2,
}

/// An arrow between two slices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// Producer.
    pub from: SliceRef,
    /// Consumer.
    pub to: SliceRef,
    /// Why.
    pub kind: FlowKind,
}
