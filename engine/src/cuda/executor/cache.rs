//! Keys and values of earlier tokens, in pages.

use std::sync::Arc;

use super::{
    layout::{PAGE_TOKENS, Sizes},
    random::{RandomMatrices, Streams},
};
use crate::{
    batch::Batch,
    cuda::{
        driver::{Buffer, CudaError, Device},
        kernels::{Loader, Matrix},
    },
    plan::Plan,
};

/// Room of a cache that outlives plans: request `i` of every batch goes on with sequence `i`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheRoom {
    /// Sequences, so requests of a batch at most.
    pub sequences: u32,
    /// Tokens of a sequence at most, cached and new.
    pub tokens: u32,
}

/// Which pages the sequences of a batch have, the same on every rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pages {
    /// By sequence, in the order of its tokens.
    of: Vec<Vec<u32>>,
    /// Pages in all.
    total: u32,
}

impl Pages {
    /// Pages for so many tokens of each sequence, dealt out in shuffled order as a server that has run for a while would:
    /// nothing may depend on neighbours.
    fn shuffled(tokens: impl Iterator<Item = u32>) -> Self {
        let counts: Vec<u32> = tokens.map(|tokens| tokens.div_ceil(PAGE_TOKENS)).collect();
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
        Self { of, total }
    }

    /// Those of a batch: in a kept cache of this room, or just enough of its own.
    pub(super) fn of(batch: &Batch, room: Option<CacheRoom>) -> Self {
        match room {
            Some(room) => Self::shuffled((0..room.sequences).map(|_| room.tokens)),
            None => {
                let requests = batch.requests.iter();
                Self::shuffled(requests.map(|request| request.cached_tokens + request.new_tokens))
            }
        }
    }

    /// Row of the cache of each token of the batch, in its order.
    pub(super) fn slots(&self, batch: &Batch) -> Vec<u32> {
        let mut slots = Vec::new();
        for (pages, request) in self.of.iter().zip(&batch.requests) {
            let from = request.cached_tokens;
            slots.extend((from..from + request.new_tokens).map(|position| {
                pages[(position / PAGE_TOKENS) as usize] * PAGE_TOKENS + position % PAGE_TOKENS
            }));
        }
        slots
    }

    /// Pages of the longest sequence: entries in a row of [`table`](Self::table).
    pub(super) fn pitch(&self) -> u32 {
        self.of.iter().map(Vec::len).max().unwrap_or(0).max(1) as u32
    }

    /// `[requests, pitch]` page numbers of these requests.
    pub(super) fn table(&self, requests: impl Iterator<Item = u32>) -> Vec<u32> {
        let pitch = self.pitch() as usize;
        let mut table = Vec::new();
        for request in requests {
            table.extend(&self.of[request as usize]);
            table.resize(table.len().next_multiple_of(pitch), 0);
        }
        table
    }
}

/// One rank's keys and values, `[pages · 128, kv_heads, 128]` a layer each.
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
    fn zeros(device: &Device, sizes: &Sizes, pages: &Pages) -> Result<Self, CudaError> {
        Self::new(sizes, pages, |_, len| Buffer::zeros(device, len * 2))
    }

    /// Random numbers: they stand for tokens that were never computed.
    fn random(
        loader: Loader<'_>,
        seed: u64,
        sizes: &Sizes,
        pages: &Pages,
    ) -> Result<Self, CudaError> {
        let random = RandomMatrices::new(loader, seed)?;
        let cache = Self::new(sizes, pages, |which, len| {
            random.matrix(len, Streams::of_cache(which), 1.0)
        })?;
        loader.device().synchronize()?;
        Ok(cache)
    }

    fn new(
        sizes: &Sizes,
        pages: &Pages,
        make: impl Fn(u32, usize) -> Result<Buffer, CudaError>,
    ) -> Result<Self, CudaError> {
        let (rows, columns) =
            (pages.total * PAGE_TOKENS, sizes.shard.kv_heads * sizes.shard.head_dim);
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

/// The cache of a plan: its pages, and each rank's keys and values in them.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    pub(super) pages: Arc<Pages>,
    pub(super) ranks: Vec<Arc<KvCache>>,
}

impl Cache {
    /// A cache that is kept between plans, empty.
    pub(super) fn kept(
        plan: &Plan,
        room: CacheRoom,
        loaders: &[Loader<'_>],
    ) -> Result<Self, CudaError> {
        let sizes = Sizes::of(plan).expect("the plan was made for this degree");
        let pages = Pages::of(&plan.spec.batch, Some(room));
        let make =
            |loader: &Loader<'_>| Ok(Arc::new(KvCache::zeros(loader.device(), &sizes, &pages)?));
        let ranks = loaders.iter().map(make).collect::<Result<_, CudaError>>()?;
        Ok(Self { pages: Arc::new(pages), ranks })
    }

    /// A cache for one plan, if its batch has cached tokens: they are random numbers.
    pub(super) fn for_plan(plan: &Plan, loaders: &[Loader<'_>]) -> Result<Option<Self>, CudaError> {
        let batch = &plan.spec.batch;
        if batch.requests.iter().all(|request| request.cached_tokens == 0) {
            return Ok(None);
        }
        let sizes = Sizes::of(plan).expect("the plan was made for this degree");
        let (pages, seed) = (Pages::of(batch, None), plan.spec.knobs.seed);
        let make =
            |&loader: &Loader<'_>| Ok(Arc::new(KvCache::random(loader, seed, &sizes, &pages)?));
        let ranks = loaders.iter().map(make).collect::<Result<_, CudaError>>()?;
        Ok(Some(Self { pages: Arc::new(pages), ranks }))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::batch::Request;

    proptest! {
        /// No two tokens share a slot, slots agree with the table, and a kept cache gives a token the same slot in every
        /// batch.
        #[test]
        fn every_token_has_a_slot_of_its_own(
            lens in proptest::collection::vec((0u32..500, 0u32..500), 1..6),
        ) {
            let requests: Vec<_> = lens
                .iter()
                .map(|&(cached_tokens, new_tokens)| Request { cached_tokens, new_tokens })
                .collect();
            let whole: Vec<_> = requests
                .iter()
                .map(|r| Request { cached_tokens: 0, new_tokens: r.cached_tokens + r.new_tokens })
                .collect();
            let (batch, whole) = (Batch { requests }, Batch { requests: whole });
            let room = CacheRoom { sequences: lens.len() as u32 + 1, tokens: 1000 };
            for pages in [Pages::of(&batch, None), Pages::of(&batch, Some(room))] {
                let all = pages.slots(&whole);
                let distinct: BTreeSet<u32> = all.iter().copied().collect();
                prop_assert_eq!(distinct.len(), all.len());
                prop_assert!(all.iter().all(|&slot| slot < pages.total * PAGE_TOKENS));
                let table = pages.table(0..lens.len() as u32);
                prop_assert_eq!(table.len(), lens.len() * pages.pitch() as usize);
                let (mut expected, mut start) = (Vec::<u32>::new(), 0);
                for (index, request) in batch.requests.iter().enumerate() {
                    let (cached, new) = (request.cached_tokens as usize, request.new_tokens as usize);
                    expected.extend(&all[start + cached..start + cached + new]);
                    for position in cached..cached + new {
                        let entry = index * pages.pitch() as usize + position / 128;
                        prop_assert_eq!(table[entry] * 128 + position as u32 % 128, all[start + position]);
                    }
                    start += cached + new;
                }
                prop_assert_eq!(pages.slots(&batch), expected);
            }
        }
    }
}
