//! Which rank is where: tensor-parallel ranks side by side, then stages of the pipeline, then replicas.

use super::spec::ClusterSpec;

/// Where a rank stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which of its tensor-parallel group.
    pub tp: u32,
    /// Stage of the pipeline.
    pub stage: u32,
    /// Replica.
    pub replica: u32,
}

/// The arrangement of a cluster's ranks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) tp: u32,
    pub(super) pp: u32,
    pub(super) dp: u32,
    gpus_per_server: u32,
}

impl Layout {
    pub(super) fn of(spec: &ClusterSpec, gpus_per_server: u32) -> Self {
        Self { tp: spec.tp, pp: spec.pp, dp: spec.dp, gpus_per_server }
    }

    pub(super) fn place(&self, rank: u32) -> Place {
        let group = rank / self.tp;
        Place { tp: rank % self.tp, stage: group % self.pp, replica: group / self.pp }
    }

    pub(super) fn rank(&self, place: Place) -> u32 {
        (place.replica * self.pp + place.stage) * self.tp + place.tp
    }

    pub(super) fn server(&self, rank: u32) -> u32 {
        rank / self.gpus_per_server
    }

    pub(super) fn servers(&self) -> u32 {
        (self.tp * self.pp * self.dp).div_ceil(self.gpus_per_server)
    }

    /// Ranks of the same shard and stage in all replicas.
    pub(super) fn replicas_of(&self, place: Place) -> impl Iterator<Item = u32> + use<> {
        let layout = *self;
        (0..self.dp).map(move |replica| layout.rank(Place { replica, ..place }))
    }
}
