//! What stays on the GPUs while plans come and go, and what it is made from.

use std::sync::Arc;

use super::{
    cache::{Cache, CacheRoom},
    weights::{KeptWeights, Key, Progress, RankWeights, Weights},
};
use crate::{cuda::kernels::Loader, executor::ExecError, plan::Plan};

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
    cache: Option<KeptCache>,
}

/// A cache that is kept, and what it is for.
#[derive(Debug)]
struct KeptCache {
    key: Key,
    room: CacheRoom,
    cache: Cache,
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
        loaders: &[Loader<'_>],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<Arc<RankWeights>>, ExecError> {
        if !self.has_weights(plan) {
            self.drop_weights();
            let loaded = KeptWeights::load(&self.source, plan, loaders, progress)?;
            self.weights = Some(loaded);
        }
        Ok(self.weights.iter().flat_map(|weights| weights.ranks.clone()).collect())
    }

    /// The cache that a plan needs: the kept one, one of its own for cached tokens, or none.
    pub(super) fn cache(
        &mut self,
        plan: &Plan,
        loaders: &[Loader<'_>],
    ) -> Result<Option<Cache>, ExecError> {
        let Some(room) = self.room else {
            self.cache = None;
            return Ok(Cache::for_plan(plan, loaders)?);
        };
        let key = Key::of(plan);
        let serves = |kept: &&KeptCache| kept.key == key && kept.room == room;
        if let Some(kept) = self.cache.as_ref().filter(serves) {
            return Ok(Some(kept.cache.clone()));
        }
        self.cache = None;
        let cache = Cache::kept(plan, room, loaders)?;
        self.cache = Some(KeptCache { key, room, cache: cache.clone() });
        Ok(Some(cache))
    }
}
