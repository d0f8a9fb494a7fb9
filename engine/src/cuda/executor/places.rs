//! Where the lists that describe a batch to the kernels lie in one block of device memory, and what stands in them.
//!
//! Where they lie follows from the plan, so launches and graphs stay as they are; what stands in them is written in one copy
//! before an iteration, so that one plan serves every batch of its shape: as many requests with as many new tokens each,
//! and with at most as many cached ones.

use super::{
    contents::Placed,
    layout::{Rows, Sizes, pages_of},
    tiles::{Queries, Run},
};
use crate::{
    batch::{Batch, Request},
    cuda::kernels::decode_blocks_per_key_head,
    plan::{OpRole, Plan, Split},
};

/// Keys of a split-KV chunk, at least and at most; from 1024 on the decode kernel reads at full rate (`kernels/NOTES.md`),
/// shorter chunks are for filling the GPU.
const CHUNK_TOKENS: (u32, u32) = (256, 2048);
/// Words that lists begin at multiples of: tiles are read sixteen bytes at a time.
const ALIGN_WORDS: u32 = 4;

/// Offsets are in words of four bytes from the beginning of the block.
#[derive(Debug)]
pub(super) struct Places {
    /// Words in all.
    len: u32,
    rows: u32,
    /// `[rows]`: token ids.
    pub(super) ids: u32,
    /// `[rows]`: place of each token in its sequence.
    pub(super) positions: u32,
    /// `[sequences]`: row of each sequence's last token.
    pub(super) last_rows: u32,
    /// Sequences with new tokens.
    pub(super) sequences: u32,
    /// Where keys and values lie in pages.
    pub(super) paged: Option<Paged>,
    splits: [Option<SplitWork>; 3],
}

/// Lists of pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paged {
    /// `[tokens]`: row of the cache that each token's key and value go to.
    pub(super) slots: u32,
    /// `[requests, pitch]`: pages of each request.
    pub(super) table: u32,
    /// Entries of a row of a table.
    pub(super) pitch: u32,
}

/// What attention over the rows of a split works on.
#[derive(Debug)]
pub(super) struct SplitWork {
    rows: Rows,
    /// `[num_tiles, 4]`.
    pub(super) tiles: u32,
    pub(super) num_tiles: u32,
    pub(super) runs: Vec<DecodeRun>,
}

/// Single queries in rows that follow one another.
#[derive(Debug)]
pub(super) struct DecodeRun {
    pub(super) first: u32,
    pub(super) queries: u32,
    /// `[queries]`: keys that each sees.
    pub(super) lengths: u32,
    /// `[queries, pitch]`: pages of each.
    pub(super) table: u32,
    /// Keys of a split-KV chunk.
    pub(super) chunk_tokens: u32,
    /// Chunks of the longest query.
    pub(super) chunks: u32,
}

impl Places {
    /// Of a plan; `paged`: keys and values lie in pages of a cache.
    pub(super) fn of(plan: &Plan, sizes: &Sizes, paged: bool) -> Self {
        let batch = &plan.spec.batch;
        let requests = batch.requests.len() as u32;
        let sequences = live(batch).count() as u32;
        let mut room = Room(0);
        let (ids, positions) = (room.take(sizes.rows), room.take(sizes.rows));
        let last_rows = room.take(sequences);
        let paged = paged.then(|| {
            let pages = |request: &Request| pages_of(request.cached_tokens + request.new_tokens);
            let pitch = batch.requests.iter().map(pages).max().unwrap_or(0).max(1);
            let (slots, table) = (room.take(batch.tokens()), room.take(requests * pitch));
            Paged { slots, table, pitch }
        });
        let mut splits = [None, None, None];
        for op in plan.ops.iter().filter(|op| op.role == OpRole::Attention) {
            let work = &mut splits[op.split as usize];
            if work.is_none() {
                let rows = sizes.live(sizes.rows_of(op));
                let queries = queries(batch, rows, paged.is_some());
                let pitch = paged.map_or(0, |paged| paged.pitch);
                let fill = Filling::of(plan, sizes);
                *work = Some(SplitWork::of(rows, &queries, pitch, fill, &mut room));
            }
        }
        Self { len: room.0, rows: sizes.rows, ids, positions, last_rows, sequences, paged, splits }
    }

    /// Bytes of the block.
    pub(super) fn len_bytes(&self) -> usize {
        self.len as usize * 4
    }

    /// Of attention over a split.
    pub(super) fn of_split(&self, split: Split) -> &SplitWork {
        self.splits[split as usize].as_ref().expect("known for every attention op of the plan")
    }

    /// Partial results of the decode kernel, a query and chunk each, of the longest run.
    pub(super) fn partials(&self) -> u32 {
        let runs = self.splits.iter().flatten().flat_map(|work| &work.runs);
        runs.map(|run| run.queries * run.chunks).max().unwrap_or(0)
    }

    /// What stands in the block for a batch of the plan's shape. Rows behind `ids` get the first id.
    ///
    /// # Panics
    /// When the batch has another shape, or `placed` does not have its pages.
    pub(super) fn words(&self, batch: &Batch, ids: &[u32], placed: &[Placed]) -> Vec<u32> {
        let mut words = Words(vec![0; self.len as usize]);
        words.put(self.ids, ids.iter().copied().take(self.rows as usize));
        let requests = || batch.requests.iter();
        let from =
            |request: &Request| request.cached_tokens..request.cached_tokens + request.new_tokens;
        words.put(self.positions, requests().flat_map(from));
        let ends = live(batch).scan(0, |end, request| {
            *end += request.new_tokens;
            Some(*end - 1)
        });
        words.put(self.last_rows, ends);
        if let Some(Paged { slots, table, pitch }) = self.paged {
            let slot = |(request, placed)| from(request).map(move |at| Placed::slot(placed, at));
            words.put(slots, requests().zip(placed).flat_map(slot));
            words.put_pages(table, pitch, placed.iter());
        }
        for work in self.splits.iter().flatten() {
            let queries = queries(batch, work.rows, self.paged.is_some());
            assert_eq!(queries.tiles.len(), work.num_tiles as usize, "a batch of the plan's shape");
            let tiles = queries.tiles.iter();
            words.put(work.tiles, tiles.flat_map(|t| [t.first, t.rows, t.position, t.sequence]));
            for (place, run) in work.runs.iter().zip(&queries.runs) {
                words.put(place.lengths, run.lengths.iter().copied());
                let pitch = self.paged.map_or(0, |paged| paged.pitch);
                let of_run = run.requests.iter().map(|&request| &placed[request as usize]);
                words.put_pages(place.table, pitch, of_run);
            }
        }
        words.0
    }
}

/// Requests that have tokens in this iteration, in order.
pub(super) fn live(batch: &Batch) -> impl Iterator<Item = &Request> {
    batch.requests.iter().filter(|request| request.new_tokens > 0)
}

fn queries(batch: &Batch, rows: Rows, paged: bool) -> Queries {
    if paged { Queries::in_pages(batch, rows) } else { Queries::in_rows(batch, rows) }
}

/// Words given out so far.
struct Room(u32);

impl Room {
    fn take(&mut self, words: u32) -> u32 {
        let at = self.0;
        self.0 += words.next_multiple_of(ALIGN_WORDS);
        at
    }
}

/// The block, in the making.
struct Words(Vec<u32>);

impl Words {
    fn put(&mut self, at: u32, values: impl Iterator<Item = u32>) {
        for (at, value) in (at as usize..).zip(values) {
            self.0[at] = value;
        }
    }

    /// Rows of a table; a sequence may hold more pages than it needs yet.
    fn put_pages<'a>(&mut self, at: u32, pitch: u32, placed: impl Iterator<Item = &'a Placed>) {
        for (row, placed) in (0..).zip(placed) {
            self.put(at + row * pitch, placed.pages.iter().copied().take(pitch as usize));
        }
    }
}

impl SplitWork {
    fn of(rows: Rows, queries: &Queries, pitch: u32, fill: Filling, room: &mut Room) -> Self {
        let num_tiles = queries.tiles.len() as u32;
        let tiles = room.take(4 * num_tiles);
        let runs = queries.runs.iter().map(|run| DecodeRun::of(run, pitch, fill, room));
        Self { rows, tiles, num_tiles, runs: runs.collect() }
    }
}

/// What a decode run has to fill.
#[derive(Clone, Copy, Debug)]
struct Filling {
    /// Blocks of one query and chunk.
    blocks_per_query: u32,
    sms: u32,
}

impl Filling {
    fn of(plan: &Plan, sizes: &Sizes) -> Self {
        let (heads, kv_heads) = (sizes.shard.heads, sizes.shard.kv_heads);
        let blocks_per_query = kv_heads * decode_blocks_per_key_head(heads, kv_heads);
        Self { blocks_per_query, sms: plan.spec.machine.gpu.sms }
    }
}

impl DecodeRun {
    fn of(run: &Run, pitch: u32, fill: Filling, room: &mut Room) -> Self {
        let queries = run.requests.len() as u32;
        let longest = run.lengths.iter().copied().max().unwrap_or(1);
        let chunk_tokens = chunk_tokens(longest, queries * fill.blocks_per_query, fill.sms);
        Self {
            first: run.first,
            queries,
            lengths: room.take(queries),
            table: room.take(queries * pitch),
            chunk_tokens,
            chunks: longest.div_ceil(chunk_tokens),
        }
    }
}

/// Keys of a chunk, a multiple of 64: so that some four blocks an SM are there, within [`CHUNK_TOKENS`].
fn chunk_tokens(longest: u32, blocks: u32, sms: u32) -> u32 {
    let chunks = (4 * sms).div_ceil(blocks.max(1));
    let (least, most) = CHUNK_TOKENS;
    longest.div_ceil(chunks).next_multiple_of(64).clamp(least, most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        machine, model,
        plan::plan,
        spec::{Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
    };

    /// Few queries are cut into chunks that fill the GPU, many keep long ones.
    #[test]
    fn chunks_fill_the_gpu() {
        assert_eq!(chunk_tokens(8192, 64 * 8, 132), 2048);
        assert_eq!(chunk_tokens(32_768, 8, 132), 512);
        assert_eq!(chunk_tokens(1, 1, 132), 256);
        assert_eq!(chunk_tokens(100_000, 1, 132), 256);
    }

    fn plan_of(batch: &Batch, cut: Option<u32>) -> Plan {
        let (strategy, split) = match cut {
            Some(cut) => (StrategyKind::TwoBatch, SplitChoice::Fixed(cut)),
            None => (StrategyKind::NoComm, SplitChoice::Fixed(1)),
        };
        let knobs = Knobs {
            tp: 2,
            strategy,
            split,
            transport: Transport::P2p,
            layers: Some(1),
            ..Knobs::default()
        };
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h200x2").unwrap(),
            batch: batch.clone(),
            knobs,
        };
        plan(&spec).unwrap()
    }

    proptest! {
        /// A batch with fewer cached tokens than the plan's, in any pages, against lists made token by token: whatever the
        /// kernels look up of a token is the token's own, wherever the batch is cut, and no two lists overlap.
        #[test]
        fn lists_say_what_tokens_are(
            lens in proptest::collection::vec((0u32..300, prop_oneof![Just(1u32), 1u32..300], 0u32..300), 1..7),
            cut in proptest::option::of(0.1f64..0.9),
        ) {
            let planned = |&(cached, new_tokens, more): &(u32, u32, u32)| Request { cached_tokens: cached + more, new_tokens };
            let actual = |&(cached_tokens, new_tokens, _): &(u32, u32, u32)| Request { cached_tokens, new_tokens };
            let of_plan = Batch { requests: lens.iter().map(planned).collect() };
            let batch = Batch { requests: lens.iter().map(actual).collect() };
            let tokens = batch.tokens();
            prop_assume!(tokens > 1);
            let cut = cut.map(|share| ((f64::from(tokens) * share) as u32).clamp(1, tokens - 1));
            let plan = plan_of(&of_plan, cut);
            let sizes = Sizes { paged: true, ..Sizes::of(&plan).unwrap() };
            let places = Places::of(&plan, &sizes, true);
            let (pages, _) = super::super::cache::shuffled(batch.requests.iter().map(|r| r.cached_tokens + r.new_tokens + 200));
            let placed: Vec<Placed> = batch.requests.iter().zip(pages)
                .map(|(request, pages)| Placed { cached_tokens: request.cached_tokens, pages }).collect();
            let ids: Vec<u32> = (0..tokens).map(|row| 7000 + row).collect();
            let words = places.words(&batch, &ids, &placed);
            prop_assert_eq!(words.len() * 4, places.len_bytes());
            let at = |place: u32, index: u32| words[(place + index) as usize];
            let Paged { slots, table, pitch } = places.paged.unwrap();
            let slot_by = |table: u32, row: u32, position: u32| at(table, row * pitch + position / 128) * 128 + position % 128;
            let mut row = 0;
            let mut last_rows = Vec::new();
            let mut of_row = Vec::new();
            for (index, request) in (0..).zip(&batch.requests) {
                for position in request.cached_tokens..request.cached_tokens + request.new_tokens {
                    prop_assert_eq!((at(places.ids, row), at(places.positions, row)), (7000 + row, position));
                    prop_assert_eq!(at(slots, row), slot_by(table, index, position));
                    of_row.push((index, position));
                    row += 1;
                }
                last_rows.push(row - 1);
            }
            for (index, &last) in (0..).zip(&last_rows) {
                prop_assert_eq!(at(places.last_rows, index), last);
            }
            let mut seen = vec![0; tokens as usize];
            for work in places.splits.iter().flatten() {
                for tile in 0..work.num_tiles {
                    let [first, rows, position, sequence] = [0, 1, 2, 3].map(|word| at(work.tiles, 4 * tile + word));
                    for i in 0..rows {
                        prop_assert_eq!(of_row[(first + i) as usize], (sequence, position + i));
                        seen[(first + i) as usize] += 1;
                    }
                }
                for run in &work.runs {
                    let longest = (0..run.queries).map(|query| at(run.lengths, query)).max().unwrap();
                    prop_assert!(longest <= run.chunks * run.chunk_tokens);
                    for query in 0..run.queries {
                        let (index, position) = of_row[(run.first + query) as usize];
                        prop_assert_eq!(at(run.lengths, query), position + 1);
                        for earlier in [0, position / 2, position] {
                            let own = slot_by(table, index, earlier);
                            prop_assert_eq!(slot_by(run.table, query, earlier), own);
                        }
                        seen[(run.first + query) as usize] += 1;
                    }
                }
            }
            prop_assert!(seen.iter().all(|&times| times == 1));
        }
    }
}
