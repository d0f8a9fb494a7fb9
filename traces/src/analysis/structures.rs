//! Which passes and layers did every rank run?

use serde::{Deserialize, Serialize};

use super::{Ops, RankStructure};

/// Layers, passes and halves of the tokens of every rank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StructureReport {
    /// By rank; ranks without computation are left out.
    pub ranks: Vec<RankStructure>,
}

/// What is known of the order in which each rank runs.
pub fn structure(ops: &Ops<'_>) -> StructureReport {
    let known = ops.ranks.iter().filter(|rank| rank.structure.ops > 0);
    StructureReport { ranks: known.map(|rank| rank.structure.clone()).collect() }
}
