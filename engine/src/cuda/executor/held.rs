//! What stays on the GPUs while plans come and go, and what it is made from.

use std::sync::Arc;

use super::{
    cache::{Cache, CacheRoom},
    weights::{KeptWeights, Key, Progress, RankWeights, Weights},
};
use crate::{
    cuda::{compile::Nvrtc, driver::Group, kernels::Loader},
    executor::ExecError,
    plan::Plan,
};

/// Weights, token ids, and a cache that goes on from plan to plan.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) source: Weights,
    /// Ids of the batch's tokens; `None`: any.
    pub(super) ids: Option<Vec<u32>>,
    /// Since they were last put on the GPUs.
    pub(super) ids_changed: bool,
    /// Of a cache that is kept; `None`: plans with cached tokens have one of their own.
    pub(super) room: Option<CacheRoom>,
    weights: Option<KeptWeights>,
    cache: Option<(Key, CacheRoom, Cache)>,
}

impl Held {
    /// Takes weights from elsewhere from now on.
    pub(super) fn set_source(&mut self, source: Weights) {
        *self = Self { source, ..Self::default() };
    }

    /// Whether a plan finds its weights on the GPUs.
    pub(super) fn has_weights(&self, plan: &Plan) -> bool {
        self.weights.as_ref().is_some_and(|weights| weights.serve(plan))
    }

    /// Gives the memory of weights back, for others to take it.
    pub(super) fn drop_weights(&mut self) {
        self.weights = None;
    }

    /// A plan's weights, loaded if they are not there.
    pub(super) fn weights(
        &mut self,
        plan: &Plan,
        (group, nvrtc): (&Group, &Nvrtc),
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Arc<RankWeights>>, ExecError> {
        if !self.has_weights(plan) {
            self.drop_weights();
            let loaded = KeptWeights::load(&self.source, plan, &loaders(group, nvrtc), progress)?;
            self.weights = Some(loaded);
        }
        Ok(self.weights.iter().flat_map(|weights| weights.ranks.clone()).collect())
    }

    /// The cache that a plan needs: the kept one, one of its own for cached tokens, or none.
    pub(super) fn cache(
        &mut self,
        plan: &Plan,
        (group, nvrtc): (&Group, &Nvrtc),
    ) -> Result<Option<Cache>, ExecError> {
        let Some(room) = self.room else {
            self.cache = None;
            return Ok(Cache::for_plan(plan, &loaders(group, nvrtc))?);
        };
        let key = Key::of(plan);
        let serves = |kept: &&mut (Key, CacheRoom, Cache)| kept.0 == key && kept.1 == room;
        if let Some((.., cache)) = self.cache.as_mut().filter(serves) {
            return Ok(Some(cache.clone()));
        }
        self.cache = None;
        let cache = Cache::kept(plan, room, &loaders(group, nvrtc))?;
        self.cache = Some((key, room, cache.clone()));
        Ok(Some(cache))
    }
}

/// For programs that run before iterations do: without stamps.
fn loaders<'a>(group: &'a Group, nvrtc: &'a Nvrtc) -> Vec<Loader<'a>> {
    group.devices().iter().map(|device| Loader { device, nvrtc, stamps: false }).collect()
}
