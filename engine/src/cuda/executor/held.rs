//! What stays on the GPUs while plans come and go, and what it is made from.

use std::{rc::Rc, sync::Arc};

use super::{
    cache::Cache,
    contents::Contents,
    graph::uses_nccl,
    layout::{Sizes, ring_capacity},
    places::Places,
    rank::Parts,
    share::Share,
    weights::{KeptWeights, Key, Progress, RankWeights, Weights},
    workspace::{Room, Workspace},
};
use crate::{
    cuda::{
        driver::{CudaError, Device, Nccl},
        kernels::Loader,
        stamps::Recording,
    },
    executor::ExecError,
    plan::Plan,
};

/// What stands behind the batch of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Given {
    /// The plan's batch, of any tokens.
    #[default]
    Any,
    /// The plan's batch, of these tokens.
    Ids(Vec<u32>),
    /// A batch of its shape.
    Batch(Contents),
}

/// Weights, memory, the batch that was given, and a cache that goes on from plan to plan.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) source: Weights,
    given: Given,
    /// Of what was given: another with each.
    number: u64,
    /// Pages of a cache that is kept; `None`: plans with cached tokens have one of their own.
    pub(super) kept_pages: Option<u32>,
    weights: Option<KeptWeights>,
    cache: Option<KeptCache>,
    workspace: Option<Workspace>,
    rings: Vec<Arc<Recording>>,
    nccl: Option<Rc<Nccl>>,
    /// Which ranks are here; `None`: all.
    pub(super) share: Option<Share>,
}

/// A cache that is kept, and what it is for.
#[derive(Debug)]
struct KeptCache {
    key: Key,
    cache: Cache,
}

impl Held {
    /// Takes weights from elsewhere from now on.
    pub(super) fn set_source(&mut self, source: Weights) {
        *self = Self { source, share: self.share, ..Self::default() };
    }

    /// Takes another batch.
    pub(super) fn give(&mut self, given: Given) {
        self.given = given;
        self.number += 1;
    }

    /// What was given last, and its number.
    pub(super) fn given(&self) -> (&Given, u64) {
        (&self.given, self.number)
    }

    /// The plan's rank that the first GPU here is.
    pub(super) fn first_rank(&self) -> u32 {
        self.share.map_or(0, |share| share.first)
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
            let first = self.first_rank();
            let loaded = KeptWeights::load(&self.source, plan, (first, loaders), progress)?;
            self.weights = Some(loaded);
        }
        Ok(self.weights.iter().flat_map(|weights| weights.ranks.clone()).collect())
    }

    /// Whether a plan's keys and values lie in pages.
    pub(super) fn is_paged(&self, plan: &Plan) -> bool {
        let mut requests = plan.spec.batch.requests.iter();
        self.kept_pages.is_some() || requests.any(|request| request.cached_tokens > 0)
    }

    /// Whether the cache that is kept is on the GPUs.
    pub(super) fn has_cache(&self, plan: &Plan) -> bool {
        let key = Key::of(plan);
        self.cache
            .as_ref()
            .is_some_and(|kept| kept.key == key && Some(kept.cache.pages) == self.kept_pages)
    }

    /// The cache that a plan needs: the kept one, one of its own for cached tokens, or none.
    pub(super) fn cache(
        &mut self,
        plan: &Plan,
        loaders: &[Loader<'_>],
    ) -> Result<Option<Cache>, ExecError> {
        let Some(pages) = self.kept_pages else {
            self.cache = None;
            return Ok(Cache::for_plan(plan, (self.first_rank(), loaders))?);
        };
        if self.has_cache(plan) {
            return Ok(self.cache.as_ref().map(|kept| kept.cache.clone()));
        }
        self.cache = None;
        let key = Key::of(plan);
        let cache = Cache::kept(plan, pages, loaders)?;
        self.cache = Some(KeptCache { key, cache: cache.clone() });
        Ok(Some(cache))
    }

    /// Whether a plan finds its activations on the GPUs.
    pub(super) fn has_workspace(&self, plan: &Plan, sizes: &Sizes, places: &Places) -> bool {
        let room = Room::of(sizes, places);
        self.workspace.as_ref().is_some_and(|workspace| workspace.serves(plan, &room))
    }

    /// Gives the memory of activations, rings and NCCL back: where others are to take it, and after an error, which leaves
    /// signals of collectives behind that ranks disagree on.
    pub(super) fn drop_workspace(&mut self) {
        self.workspace = None;
        self.rings.clear();
        self.nccl = None;
    }

    /// The communicators of a plan, if it has need of them: the same for every plan.
    pub(super) fn nccl(
        &mut self,
        plan: &Plan,
        devices: &[Device],
    ) -> Result<Option<Rc<Nccl>>, CudaError> {
        if uses_nccl(plan) && self.nccl.is_none() {
            let nccl = match self.share {
                Some(share) => Nccl::join(devices, &share.joining())?,
                None => Nccl::open(devices)?,
            };
            self.nccl = Some(Rc::new(nccl));
        }
        Ok(self.nccl.clone().filter(|_| uses_nccl(plan)))
    }

    /// Frees the memory of everything but weights: plans made ready share it, so they have to be gone.
    pub(super) fn drop_all_but_weights(&mut self) {
        self.drop_workspace();
        self.cache = None;
    }

    /// What each rank of a plan works with.
    pub(super) fn parts(
        &mut self,
        plan: &Plan,
        (sizes, places): (&Sizes, &Places),
        weights: Vec<Arc<RankWeights>>,
        cache: Option<&Cache>,
        devices: &[Device],
    ) -> Result<Vec<Parts>, ExecError> {
        let room = Room::of(sizes, places);
        let workspace = match self.workspace.take() {
            Some(kept) if kept.serves(plan, &room) => kept,
            old => Workspace::grown(old, plan, room, devices)?,
        };
        let workspace = self.workspace.insert(workspace);
        workspace.turn(plan, devices)?;
        let capacity = ring_capacity(plan);
        if self.rings.len() != devices.len()
            || self.rings.iter().any(|ring| ring.capacity() < capacity)
        {
            let make = |device| Ok(Arc::new(Recording::new(device, capacity)?));
            self.rings.clear();
            self.rings = devices.iter().map(make).collect::<Result<_, ExecError>>()?;
        }
        let workspace = &*workspace;
        let parts = devices.iter().zip(weights).zip(&self.rings).enumerate();
        let parts = parts.map(|(index, ((device, weights), ring))| {
            let (scratch, rope) = workspace.of_rank(index);
            let cache = cache.map(|cache| cache.ranks[index].clone());
            Parts { device: device.clone(), scratch, rope, weights, cache, recording: ring.clone() }
        });
        Ok(parts.collect())
    }

    /// Rings that a plan made anew to have room for more iterations, for the next plan.
    pub(super) fn keep_rings<'r>(&mut self, rings: impl Iterator<Item = &'r Arc<Recording>>) {
        self.rings = rings.cloned().collect();
    }
}
