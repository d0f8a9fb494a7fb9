//! Keys and values of earlier tokens, in pages.

use std::sync::Arc;

use super::{
    contents::Placed,
    layout::{PAGE_TOKENS, Sizes, pages_of},
    random::{RandomMatrices, Streams},
};
use crate::{
    batch::{Batch, Request},
    cuda::{
        driver::{Buffer, CudaError, Device},
        kernels::{Loader, Matrix},
    },
    plan::Plan,
};

/// Pages for so many tokens of each sequence, dealt out in shuffled order as a server that has run for a while would: nothing
/// may depend on neighbours. And how many pages that is.
pub(in crate::cuda) fn shuffled(tokens: impl Iterator<Item = u32>) -> (Vec<Vec<u32>>, u32) {
    let counts: Vec<u32> = tokens.map(pages_of).collect();
    let total: u32 = counts.iter().sum();
    let mut pages: Vec<u32> = (0..total).collect();
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    for last in (1..pages.len()).rev() {
        // Steele and Vigna's SplitMix64.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        pages.swap(last, ((mixed ^ (mixed >> 31)) % (last as u64 + 1)) as usize);
    }
    let mut left = pages.into_iter();
    let of = counts.iter().map(|&count| left.by_ref().take(count as usize).collect()).collect();
    (of, total)
}

/// A batch's sequences in pages of their own.
fn placed(batch: &Batch) -> (Vec<Placed>, u32) {
    let requests = batch.requests.iter();
    let (pages, total) =
        shuffled(requests.clone().map(|request| request.cached_tokens + request.new_tokens));
    let place =
        |(request, pages): (&Request, _)| Placed { cached_tokens: request.cached_tokens, pages };
    (requests.zip(pages).map(place).collect(), total)
}

/// One rank's keys and values, `[pages · 128, kv_heads, head_dim]` a layer each.
#[derive(Debug)]
pub(super) struct KvCache {
    layers: Vec<LayerCache>,
    rows: u32,
    columns: u32,
}

/// Of one layer, `[rows, columns]` each.
#[derive(Debug)]
struct LayerCache {
    keys: Buffer,
    values: Buffer,
}

impl KvCache {
    /// Zeros: to be written before it is read.
    fn zeros(device: &Device, sizes: &Sizes, pages: u32) -> Result<Self, CudaError> {
        Self::new(sizes, pages, |_, len| Buffer::zeros(device, len * 2))
    }

    /// Random numbers, by rank and seed: they stand for tokens that were never computed.
    fn random(
        loader: Loader<'_>,
        of: (u32, u64),
        sizes: &Sizes,
        pages: u32,
    ) -> Result<Self, CudaError> {
        let random = RandomMatrices::new(loader, of)?;
        let cache = Self::new(sizes, pages, |which, len| {
            random.matrix(len, Streams::of_cache(which), 1.0)
        })?;
        loader.device().synchronize()?;
        Ok(cache)
    }

    fn new(
        sizes: &Sizes,
        pages: u32,
        make: impl Fn(u32, usize) -> Result<Buffer, CudaError>,
    ) -> Result<Self, CudaError> {
        let (rows, columns) = (pages * PAGE_TOKENS, sizes.shard.kv_heads * sizes.shard.head_dim);
        let len = rows as usize * columns as usize;
        let layers = (0..sizes.layers)
            .map(|layer| {
                Ok(LayerCache { keys: make(2 * layer, len)?, values: make(2 * layer + 1, len)? })
            })
            .collect::<Result<_, CudaError>>()?;
        Ok(Self { layers, rows, columns })
    }

    /// Keys and values of a layer.
    pub(super) fn layer(&self, layer: u32) -> [Matrix<'_>; 2] {
        let LayerCache { keys, values } = &self.layers[layer as usize];
        [keys, values].map(|buffer| Matrix::dense(buffer.ptr(), self.rows, self.columns))
    }
}

/// The cache of a plan: each rank's keys and values in its pages.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    /// Where the sequences of a plan lie whose cache is its own; `None` of one that is kept.
    pub(super) own: Option<Arc<Vec<Placed>>>,
    /// In all.
    pub(super) pages: u32,
    pub(super) ranks: Vec<Arc<KvCache>>,
}

impl Cache {
    /// A cache that is kept between plans, empty.
    pub(super) fn kept(plan: &Plan, pages: u32, loaders: &[Loader<'_>]) -> Result<Self, CudaError> {
        let sizes = Sizes::of(plan).expect("the plan was made for this degree");
        let make =
            |loader: &Loader<'_>| Ok(Arc::new(KvCache::zeros(loader.device(), &sizes, pages)?));
        let ranks = loaders.iter().map(make).collect::<Result<_, CudaError>>()?;
        Ok(Self { own: None, pages, ranks })
    }

    /// A cache for one plan, if its batch has cached tokens: they are random numbers.
    pub(super) fn for_plan(
        plan: &Plan,
        (first, loaders): (u32, &[Loader<'_>]),
    ) -> Result<Option<Self>, CudaError> {
        let batch = &plan.spec.batch;
        if batch.requests.iter().all(|request| request.cached_tokens == 0) {
            return Ok(None);
        }
        let sizes = Sizes::of(plan).expect("the plan was made for this degree");
        let ((own, pages), seed) = (placed(batch), plan.spec.knobs.seed);
        let make = |(rank, &loader): (u32, &Loader<'_>)| {
            Ok(Arc::new(KvCache::random(loader, (rank, seed), &sizes, pages)?))
        };
        let ranks = (first..).zip(loaders).map(make).collect::<Result<_, CudaError>>()?;
        Ok(Some(Self { own: Some(Arc::new(own)), pages, ranks }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// No two tokens share a row of the cache.
        #[test]
        fn every_token_has_a_slot_of_its_own(
            lens in proptest::collection::vec((0u32..500, 0u32..500), 1..6),
        ) {
            let request = |&(cached_tokens, new_tokens): &(u32, u32)| Request { cached_tokens, new_tokens };
            let batch = Batch { requests: lens.iter().map(request).collect() };
            let (placed, pages) = placed(&batch);
            let all: Vec<u32> = batch
                .requests
                .iter()
                .zip(&placed)
                .flat_map(|(r, placed)| (0..r.cached_tokens + r.new_tokens).map(|at| placed.slot(at)))
                .collect();
            prop_assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
            prop_assert!(all.iter().all(|&slot| slot < pages * PAGE_TOKENS));
        }
    }
}
