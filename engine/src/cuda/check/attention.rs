//! `attention_sm90.cu` and its portable twin: causal prefill over rows or pages, with cached prefixes and several sequences.

use weftscope_kernels::abi::StampKind;

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    sequences::{HEAD_DIM, SCALE, Sequence, attend_all},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::{Args, CudaError, Device, Kernel, KernelFamily, Shape},
    kernels::{ATTENTION_SMEM_BYTES, PORTABLE_ATTENTION_SMEM_BYTES, TensorMap},
    stamps::Recording,
};

/// Probabilities are rounded to bf16 before they meet the values, and the output once more: √2 · 1.7e-3 = 2.4e-3 in the
/// mean square. An output of few keys may cancel, so that its error is 2⁻⁸ of the largest value, up to 1e-2 of its row's
/// mean square; of n keys, one too many or too few is 1/√n of it, and so found up to a thousand.
pub(super) const LIMITS: Limits = Limits { error: 5e-3, element: 2.5e-2 };

/// Queries a tile.
const TILE_ROWS: u32 = 128;

/// Query heads, key heads, and each sequence's cached and new tokens.
type Batch = (usize, usize, &'static [(usize, usize)]);

const FULL: [Batch; 5] = [
    (8, 1, &[(0, 300)]),
    (8, 2, &[(0, 128), (0, 77), (0, 200)]),
    (4, 4, &[(0, 1), (130, 60), (257, 129), (0, 256)]),
    (16, 2, &[(500, 33), (0, 256), (64, 64), (1, 2)]),
    (3, 1, &[(1000, 140)]),
];
const QUICK: [Batch; 2] = [(2, 1, &[(0, 70), (140, 20)]), (1, 1, &[(0, 130)])];

/// Keys and values in rows of their own tensors.
pub(super) fn rows(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[0])
}

/// Keys and values in pages of 128 and of 64 tokens, in no order.
pub(super) fn pages(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[128, 64])
}

/// `attention_mma.cu`, rows and pages of 128 and of 16 tokens.
pub(super) fn portable(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Portable, &[0, 128, 16])
}

fn check(bench: &Bench, family: KernelFamily, page_sizes: &[u32]) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(LIMITS);
    for &page in page_sizes {
        let (file, smem_bytes) = match family {
            KernelFamily::Hopper => ("attention_sm90.cu", ATTENTION_SMEM_BYTES),
            KernelFamily::Portable => ("attention_mma.cu", PORTABLE_ATTENTION_SMEM_BYTES),
        };
        let defines = [format!("WEFT_PAGE={page}")];
        let source = Source { file, entry: "weft_attention", defines: &defines, smem_bytes };
        let kernel = bench.kernel(source)?;
        for &(heads, kv_heads, lengths) in bench.choose(&QUICK, &FULL) {
            let problem = Problem::draw(bench, (heads, kv_heads), lengths, page as usize);
            // One block that walks all items, a few in snake order, and one for each item.
            for blocks in [1, 5, 132] {
                problem.run((device, &recording), (family, &kernel), blocks, &mut tally)?;
            }
        }
    }
    Ok(tally.passed())
}

struct Problem {
    heads: usize,
    kv_heads: usize,
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
    fn draw(
        bench: &Bench,
        (heads, kv_heads): (usize, usize),
        lengths: &[(usize, usize)],
        page: usize,
    ) -> Self {
        let sequences: Vec<Sequence> = lengths
            .iter()
            .map(|&(cached, new)| Sequence::draw(bench, (cached, new), kv_heads))
            .collect();
        let new_tokens: usize = sequences.iter().map(|sequence| sequence.new).sum();
        // Scores with a standard deviation of 1.3: neither flat nor a single key's.
        let q = bench.numbers(new_tokens * heads * HEAD_DIM, 4.0);
        let reference = attend_all(&q.wide, &sequences, (heads, kv_heads));
        let width = kv_heads * HEAD_DIM;
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
            kv_heads,
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
        (device, recording): (&Device, &Recording),
        (family, kernel): (KernelFamily, &Kernel),
        blocks: u32,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { heads, kv_heads, page, .. } = *self;
        let lengths: Vec<(usize, usize)> =
            self.sequences.iter().map(|sequence| (sequence.cached, sequence.new)).collect();
        let items = self.tiles.len() * heads;
        let blocks = blocks.min(items as u32);
        let what = format!(
            "{family:?}, {heads}/{kv_heads} heads, (cached, new) {lengths:?}, pages of {page} on {blocks} blocks"
        );
        let columns = heads * HEAD_DIM;
        let (q, keys, values) =
            (self.q.upload(device)?, self.keys.upload(device)?, self.values.upload(device)?);
        let tokens = self.q.bits.len() / columns;
        let out = Guarded::poisoned::<u16>(device, tokens * columns)?;
        let tiles = Guarded::holding(device, self.tiles.as_flattened())?;
        let table = Guarded::holding(device, &self.table)?;
        let args = self.operands(device, family, (&q, &keys, &values), &out)?;
        let args = args
            .with(columns as u64 * 2)
            .with(tiles.address())
            .with(self.tiles.len() as u32)
            .with(heads as u32)
            .with((heads / kv_heads) as u32)
            .with(table.address())
            .with(self.table_pitch as u32)
            .with(SCALE)
            .with(OP)
            .with(recording.ring_address());
        let (args, threads) = match family {
            KernelFamily::Hopper => (args.with(recording.error_address()), 384),
            KernelFamily::Portable => (args, 256),
        };
        // SAFETY: the arguments are those of the family's weft_attention; operands, tiles and table describe buffers
        // that live until the read has waited for the device.
        unsafe { kernel.launch(device.compute(), Shape { blocks, threads }, args) }?;
        // A row of the comparison is a head of a query: early queries are larger than late ones.
        tally.compare(&what, &out.read(&what)?, &self.reference, HEAD_DIM)?;
        stamped(&what, recording, device.info().sms, &[(StampKind::Tile, items)])?;
        Ok(())
    }
}

impl Problem {
    /// The first arguments, up to the output: tensor maps, or addresses and pitches.
    fn operands(
        &self,
        device: &Device,
        family: KernelFamily,
        (q, keys, values): (&Guarded, &Guarded, &Guarded),
        out: &Guarded,
    ) -> Result<Args, CudaError> {
        let (columns, width) = (self.heads * HEAD_DIM, self.kv_heads * HEAD_DIM);
        let args = Args::new();
        if family == KernelFamily::Portable {
            let args = args.with(q.address()).with(columns as u64 * 2).with(keys.address());
            let args = args.with(values.address()).with(width as u64 * 2);
            return Ok(args.with(out.address()));
        }
        let gpu = device.info().index;
        let box_rows = if self.page == 0 { TILE_ROWS } else { self.page as u32 };
        let (queries, rows) = (self.q.bits.len() / columns, self.keys.bits.len() / width);
        Ok(args
            .with(TensorMap::bf16(q.matrix(queries, columns), TILE_ROWS, 64, gpu)?)
            .with(TensorMap::bf16(keys.matrix(rows, width), box_rows, 64, gpu)?)
            .with(TensorMap::bf16(values.matrix(rows, width), box_rows, 64, gpu)?)
            .with(out.address()))
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
