use serde::{Deserialize, Serialize};

use super::names;
use crate::plan::{Op, OpId, OpRole, OpWork, Phase, Resources, Split, StreamId, Tiles};

/// One op. Its place in the list is its number.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OpLine {
    /// For whoever reads the file; where it stands it is the place.
    #[serde(default)]
    pub(super) op: Option<u32>,
    #[serde(with = "names::role")]
    role: OpRole,
    #[serde(with = "names::stream")]
    stream: StreamId,
    #[serde(default)]
    after: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tiles: Option<Tiles>,
    #[serde(default)]
    layer: Option<u32>,
    #[serde(default = "whole", with = "names::split")]
    split: Split,
    #[serde(default = "no_phase", with = "names::phase")]
    phase: Phase,
    tokens: u32,
    work: OpWork,
    grid: u32,
    block: Resources,
    flops: f64,
    hbm_bytes: f64,
    #[serde(default)]
    link_bytes: f64,
}

impl From<&Op> for OpLine {
    fn from(op: &Op) -> Self {
        Self {
            op: Some(op.id.0),
            role: op.role,
            stream: op.stream,
            after: op.deps.iter().map(|dep| dep.0).collect(),
            tiles: op.tiles,
            layer: op.layer,
            split: op.split,
            phase: op.phase,
            tokens: op.tokens,
            work: op.work.clone(),
            grid: op.grid,
            block: op.resources,
            flops: op.flops,
            hbm_bytes: op.hbm_bytes,
            link_bytes: op.link_bytes,
        }
    }
}

impl OpLine {
    /// The op at this place.
    pub(super) fn op(self, index: usize) -> Op {
        Op {
            id: OpId(self.op.unwrap_or(index as u32)),
            role: self.role,
            stream: self.stream,
            deps: self.after.into_iter().map(OpId).collect(),
            tiles: self.tiles,
            layer: self.layer,
            split: self.split,
            phase: self.phase,
            tokens: self.tokens,
            work: self.work,
            grid: self.grid,
            resources: self.block,
            flops: self.flops,
            hbm_bytes: self.hbm_bytes,
            link_bytes: self.link_bytes,
        }
    }
}

fn whole() -> Split {
    Split::Whole
}

fn no_phase() -> Phase {
    Phase::None
}
