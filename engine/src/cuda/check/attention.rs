//! `attention_sm90.cu` and its portable twin: causal prefill over rows or pages, with cached prefixes and several sequences.

use std::collections::{BTreeMap, btree_map::Entry};

use weftscope_kernels::abi::StampKind;

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    sequences::{Heads, Sequence, attend_all},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::{Device, KernelFamily},
    kernels::{PageTable, Prefill, PrefillCall, PrefillForm},
    stamps::Recording,
};

pub(super) const CHECKS: &[Check] = &[
    Check::one("attention, rows", "attention_sm90.cu", rows),
    Check::one("attention, pages", "attention_sm90.cu", pages),
    Check::one("portable attention", "attention_mma.cu", portable),
];

/// Probabilities are rounded to bf16 before they meet the values, and the output once more: √2 · 1.7e-3 = 2.4e-3 in the
/// mean square. An output of few keys may cancel, so that its error is 2⁻⁸ of the largest value, up to 1e-2 of its row's
/// mean square; of n keys, one too many or too few is 1/√n of it, and so found up to a thousand.
pub(super) const LIMITS: Limits = Limits { error: 5e-3, element: 2.5e-2 };

/// Queries a tile.
const TILE_ROWS: u32 = 128;

/// A batch of sequences, all of the same heads.
#[derive(Clone, Copy, Debug)]
struct Batch {
    heads: Heads,
    /// Cached and new tokens of each.
    lengths: &'static [(usize, usize)],
}

const fn batch(query: usize, key: usize, lengths: &'static [(usize, usize)]) -> Batch {
    sized(128, query, key, lengths)
}

const fn sized(dim: usize, query: usize, key: usize, lengths: &'static [(usize, usize)]) -> Batch {
    Batch { heads: Heads { query, key, dim }, lengths }
}

const FULL: [Batch; 13] = [
    batch(8, 1, &[(0, 300)]),
    batch(8, 2, &[(0, 128), (0, 77), (0, 200)]),
    batch(4, 4, &[(0, 1), (130, 60), (257, 129), (0, 256)]),
    batch(16, 2, &[(500, 33), (0, 256), (64, 64), (1, 2)]),
    batch(3, 1, &[(1000, 140)]),
    sized(64, 4, 1, &[(0, 257)]),
    sized(64, 6, 3, &[(300, 70), (0, 129), (1, 2), (64, 64)]),
    sized(64, 3, 1, &[(1000, 140)]),
    // A head is one panel of the copy engine and half of another, whose rest is the next head's or past the last.
    sized(96, 4, 2, &[(0, 257), (130, 60)]),
    sized(96, 3, 1, &[(500, 33), (0, 128), (1, 1)]),
    // Keys in blocks of 64 (Hopper's) or 32, so that whole blocks lie ahead of a tile's first queries.
    sized(256, 4, 2, &[(0, 257), (130, 60)]),
    sized(256, 2, 1, &[(300, 70), (0, 129), (63, 65), (1, 2)]),
    sized(256, 3, 1, &[(1000, 140)]),
];
const QUICK: [Batch; 5] = [
    batch(2, 1, &[(0, 70), (140, 20)]),
    batch(1, 1, &[(0, 130)]),
    sized(64, 2, 1, &[(0, 130)]),
    sized(96, 2, 1, &[(31, 100)]),
    sized(256, 2, 1, &[(31, 100)]),
];
/// Of a size that only the portable kernel has.
const PORTABLE: [Batch; 1] = [sized(80, 2, 1, &[(31, 97)])];

/// Keys and values in rows of their own tensors.
fn rows(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[0])
}

/// Keys and values in pages of 128 and of 64 tokens, in no order.
fn pages(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[128, 64])
}

/// `attention_mma.cu`, rows and pages of 128 and of 16 tokens.
fn portable(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Portable, &[0, 128, 16])
}

fn check(bench: &Bench, family: KernelFamily, page_sizes: &[u32]) -> Result<Outcome, CheckError> {
    let mut batches = bench.choose(&QUICK, &FULL).to_vec();
    if family == KernelFamily::Portable {
        batches.extend(&PORTABLE);
    }
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(LIMITS);
    for &page_tokens in page_sizes {
        let mut kernels = BTreeMap::new();
        for batch in &batches {
            let head_dim = batch.heads.dim as u32;
            let form = PrefillForm { page_tokens, head_dim, family };
            let kernel = match kernels.entry(head_dim) {
                Entry::Occupied(loaded) => loaded.into_mut(),
                Entry::Vacant(place) => place.insert(Prefill::load(bench.loader(0), form)?),
            };
            let problem = Problem::draw(bench, *batch, family, page_tokens as usize);
            // One block that walks all items, a few in snake order, and one for each item.
            for blocks in [1, 5, 132] {
                problem.run(device, &recording, kernel, blocks, &mut tally)?;
            }
        }
    }
    Ok(tally.passed())
}

struct Problem {
    heads: Heads,
    family: KernelFamily,
    /// Tokens a page; 0: rows.
    page: usize,
    q: Numbers,
    sequences: Vec<Sequence>,
    /// Keys and values as the kernel finds them.
    keys: Numbers,
    values: Numbers,
    /// Of each sequence, padded to the longest.
    table: Vec<u32>,
    table_pitch: usize,
    tiles: Vec<[u32; 4]>,
    reference: Vec<f64>,
}

impl Problem {
    fn draw(bench: &Bench, batch: Batch, family: KernelFamily, page: usize) -> Self {
        let Batch { heads, lengths } = batch;
        let sequences: Vec<Sequence> = lengths
            .iter()
            .map(|&(cached, new)| Sequence::draw(bench, cached, new, heads))
            .collect();
        let new_tokens: usize = sequences.iter().map(|sequence| sequence.new).sum();
        // Scores with a standard deviation of 1.3: neither flat nor a single key's.
        let q = bench.numbers(new_tokens * heads.query_columns(), 4.0);
        let reference = attend_all(&q.wide, &sequences, heads);
        let width = heads.key_columns();
        let (table, table_pitch) = match page {
            0 => (Vec::new(), 0),
            page => shuffled_pages(bench, &sequences, page),
        };
        // Pages that no sequence has are NaN; the rest of a sequence's last page must be finite, and is random.
        let place = |of: fn(&Sequence) -> &Numbers| -> Numbers {
            if page == 0 {
                let all = sequences.iter().flat_map(|sequence| of(sequence).bits.clone());
                return Numbers::from_bits(all.collect());
            }
            let pages = table.iter().max().map_or(0, |&highest| highest as usize + 1) + 1;
            let mut cache = vec![u16::MAX; pages * page * width];
            for (sequence, pages) in sequences.iter().zip(table.chunks_exact(table_pitch)) {
                let bits = &of(sequence).bits;
                for (part, &number) in bits.chunks(page * width).zip(pages) {
                    let to = &mut cache[number as usize * page * width..][..page * width];
                    to.copy_from_slice(&bench.numbers(page * width, 1.0).bits);
                    to[..part.len()].copy_from_slice(part);
                }
            }
            Numbers::from_bits(cache)
        };
        let (keys, values) = (place(|sequence| &sequence.keys), place(|sequence| &sequence.values));
        let tiles = tiles(&sequences, page);
        Self {
            heads,
            family,
            page,
            q,
            sequences,
            keys,
            values,
            table,
            table_pitch,
            tiles,
            reference,
        }
    }

    fn run(
        &self,
        device: &Device,
        recording: &Recording,
        kernel: &Prefill,
        blocks: u32,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { heads, family, page, .. } = *self;
        let lengths: Vec<(usize, usize)> =
            self.sequences.iter().map(|sequence| (sequence.cached, sequence.new)).collect();
        let items = self.tiles.len() * heads.query;
        let blocks = blocks.min(items as u32);
        let what = format!(
            "{family:?}, {heads:?}, (cached, new) {lengths:?}, pages of {page} on {blocks} blocks"
        );
        let (columns, width) = (heads.query_columns(), heads.key_columns());
        let (q, keys, values) =
            (self.q.upload(device)?, self.keys.upload(device)?, self.values.upload(device)?);
        let tokens = self.q.bits.len() / columns;
        let out = Guarded::poisoned::<u16>(device, tokens * columns)?;
        let tiles = Guarded::holding(device, self.tiles.as_flattened())?;
        let table = Guarded::holding(device, &self.table)?;
        let pages =
            (page > 0).then(|| PageTable { pages: table.ptr(), pitch: self.table_pitch as u32 });
        let rows = self.keys.bits.len() / width;
        let call = PrefillCall {
            q: q.matrix(tokens, columns),
            k: keys.matrix(rows, width),
            v: values.matrix(rows, width),
            out: out.ptr(),
            out_pitch_bytes: columns as u64 * 2,
            tiles: tiles.ptr(),
            num_tiles: self.tiles.len() as u32,
            heads: heads.query as u32,
            kv_heads: heads.key as u32,
            table: pages,
            blocks,
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        // A row of the comparison is a head of a query: early queries are larger than late ones.
        tally.compare(&what, &out.read(&what)?, &self.reference, heads.dim)?;
        stamped(&what, recording, device.info().sms, &[(StampKind::Tile, items)])?;
        Ok(())
    }
}

/// First query, queries, keys before the first, and the sequence's first key row or row of the table; longest first.
fn tiles(sequences: &[Sequence], page: usize) -> Vec<[u32; 4]> {
    let (mut tiles, mut query, mut key) = (Vec::new(), 0u32, 0u32);
    for (index, sequence) in sequences.iter().enumerate() {
        let (cached, new) = (sequence.cached as u32, sequence.new as u32);
        let at = if page == 0 { key } else { index as u32 };
        for first in (0..new).step_by(TILE_ROWS as usize) {
            tiles.push([query + first, TILE_ROWS.min(new - first), cached + first, at]);
        }
        query += new;
        key += cached + new;
    }
    tiles.sort_by_key(|[_, rows, position, _]| std::cmp::Reverse(position + rows));
    tiles
}

/// A block table `[sequences, pitch]` whose pages lie in no order, with holes between them; padding names a page that
/// no sequence has.
fn shuffled_pages(bench: &Bench, sequences: &[Sequence], page: usize) -> (Vec<u32>, usize) {
    let counts: Vec<usize> =
        sequences.iter().map(|sequence| sequence.tokens().div_ceil(page)).collect();
    let pitch = counts.iter().max().copied().unwrap_or(1) + 1;
    let all: usize = counts.iter().sum();
    // Twice as many pages as are needed, in the order of random numbers.
    let keys = bench.integers(2 * all, u32::MAX);
    let mut order: Vec<u32> = (0..2 * all as u32).collect();
    order.sort_by_key(|&number| keys[number as usize]);
    let unused = 2 * all as u32;
    let mut numbers = order.into_iter();
    let row = |count: usize| -> Vec<u32> {
        let mut row: Vec<u32> = numbers.by_ref().take(count).collect();
        row.resize(pitch, unused);
        row
    };
    (counts.into_iter().flat_map(row).collect(), pitch)
}
