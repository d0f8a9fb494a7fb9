//! Prefill attention of the portable kernel against the reference: ragged batches, cached prefixes, rows and pages.

use weftscope_kernels::{
    self as kernels,
    reference::{Attention, attention, relative_error},
};

use super::{aloud, any_gpu, bf16_values, numbers, upload, wide};
use crate::cuda::{
    compile::Nvrtc,
    driver::{Args, Buffer, Device, KernelFamily, Shape},
    stamps::Recording,
};

/// Rounding of probabilities and outputs to bf16, each 2⁻⁹.
const ERROR: f64 = 8e-3;
/// Queries a tile.
const TILE_ROWS: u32 = 128;

/// A batch of sequences, all of the same heads.
#[derive(Clone, Copy, Debug)]
struct Case {
    heads: u32,
    kv_heads: u32,
    head_dim: u32,
    /// Tokens of a page; 0: keys in rows.
    page: u32,
    /// Cached and new tokens of each sequence.
    sequences: &'static [(u32, u32)],
    blocks: u32,
}

const CASES: [Case; 7] = [
    Case { heads: 8, kv_heads: 1, head_dim: 128, page: 0, sequences: &[(0, 384)], blocks: 24 },
    Case {
        heads: 4,
        kv_heads: 2,
        head_dim: 128,
        page: 0,
        sequences: &[(0, 129), (0, 1), (0, 300), (0, 63)],
        blocks: 7,
    },
    Case {
        heads: 4,
        kv_heads: 4,
        head_dim: 128,
        page: 0,
        sequences: &[(200, 131), (65, 64)],
        blocks: 5,
    },
    Case { heads: 4, kv_heads: 1, head_dim: 64, page: 0, sequences: &[(0, 257)], blocks: 3 },
    Case { heads: 2, kv_heads: 1, head_dim: 80, page: 0, sequences: &[(31, 97)], blocks: 2 },
    Case {
        heads: 4,
        kv_heads: 2,
        head_dim: 128,
        page: 16,
        sequences: &[(37, 150), (0, 5), (128, 128)],
        blocks: 9,
    },
    Case {
        heads: 2,
        kv_heads: 1,
        head_dim: 64,
        page: 128,
        sequences: &[(300, 70), (0, 257)],
        blocks: 4,
    },
];

#[test]
fn portable_attention_is_right_and_stamped() {
    let Some((device, nvrtc)) = any_gpu() else { return };
    let device = device.with_family(KernelFamily::Portable);
    for case in CASES {
        check(&device, &nvrtc, case);
    }
}

/// What the batch looks like in memory: keys of each sequence behind one another, in rows or in shuffled pages.
struct Layout {
    /// Row of every key, by sequence.
    rows: Vec<Vec<usize>>,
    /// Rows of the key and value matrices.
    total: usize,
    /// `[sequences, pitch]`.
    table: Vec<u32>,
    pitch: u32,
    /// First, rows, position, sequence: as the kernel reads them.
    tiles: Vec<u32>,
}

impl Layout {
    fn of(case: Case) -> Self {
        let lens = case.sequences.iter().map(|&(cached, new)| cached + new);
        let mut layout =
            Self { rows: Vec::new(), total: 0, table: Vec::new(), pitch: 0, tiles: Vec::new() };
        if case.page == 0 {
            layout.table.push(0); // never looked at
            for len in lens {
                layout.rows.push((layout.total..layout.total + len as usize).collect());
                layout.total += len as usize;
            }
        } else {
            layout.pitch = lens.clone().map(|len| len.div_ceil(case.page)).max().unwrap_or(0) + 1;
            let pages = layout.pitch * case.sequences.len() as u32;
            // Odd steps walk through all pages of a power of two; others are left out.
            let all = pages.next_power_of_two();
            layout.table = (0..all).map(|i| (i * 5 + 3) % all).take(pages as usize).collect();
            layout.total = (all * case.page) as usize;
            for (index, len) in lens.enumerate() {
                let table = &layout.table[index * layout.pitch as usize..];
                let row =
                    |key: u32| table[(key / case.page) as usize] * case.page + key % case.page;
                layout.rows.push((0..len).map(|key| row(key) as usize).collect());
            }
        }
        let mut first = 0;
        for (index, &(cached, new)) in case.sequences.iter().enumerate() {
            let sequence = if case.page == 0 { layout.rows[index][0] as u32 } else { index as u32 };
            for from in (0..new).step_by(TILE_ROWS as usize) {
                let rows = TILE_ROWS.min(new - from);
                layout.tiles.extend([first + from, rows, cached + from, sequence]);
            }
            first += new;
        }
        layout
    }
}

fn check(device: &Device, nvrtc: &Nvrtc, case: Case) {
    let layout = Layout::of(case);
    let (q_width, kv_width) =
        ((case.heads * case.head_dim) as usize, (case.kv_heads * case.head_dim) as usize);
    let queries: usize = case.sequences.iter().map(|&(_, new)| new as usize).sum();
    let q = numbers(11, queries * q_width, 2.0);
    // Rows that no sequence owns are not numbers: reading one shows.
    let mut lives = vec![false; layout.total];
    layout.rows.iter().flatten().for_each(|&row| lives[row] = true);
    let poisoned = |seed| {
        let mut values = numbers(seed, layout.total * kv_width, 1.0);
        for (row, _) in lives.iter().enumerate().filter(|(_, live)| !**live) {
            values[row * kv_width..][..kv_width].fill(half::bf16::NAN);
        }
        values
    };
    let (k, v) = (poisoned(12), poisoned(13));
    let (q_dev, k_dev, v_dev) = (upload(device, &q), upload(device, &k), upload(device, &v));
    let table = Buffer::from_host(device, &layout.table).expect("memory for the block table");
    let tiles = Buffer::from_host(device, &layout.tiles).expect("memory for the tiles");
    let guard = q_width;
    let out = Buffer::zeros(device, (queries * q_width + guard) * 2).expect("memory for outputs");
    out.fill(0xff).expect("poison");
    let recording = Recording::new(device, 4096).expect("memory for the ring");

    let defines = [format!("WEFT_HEAD_DIM={}", case.head_dim), format!("WEFT_PAGE={}", case.page)];
    let program = kernels::find("attention_mma.cu").expect("registered");
    let compiled = nvrtc.compile(program, &defines, device.target(), true).expect("compiles");
    let smem_bytes = 4 * 64 * (case.head_dim * 2 + 16);
    let kernel = device.load(compiled.image(), program.entries[0], smem_bytes).expect("loads");
    let items = layout.tiles.len() as u32 / 4 * case.heads;
    let args = Args::new()
        .with(q_dev.address())
        .with(q_width as u64 * 2)
        .with(k_dev.address())
        .with(v_dev.address())
        .with(kv_width as u64 * 2)
        .with(out.address())
        .with(q_width as u64 * 2)
        .with(tiles.address())
        .with(layout.tiles.len() as u32 / 4)
        .with(case.heads)
        .with(case.heads / case.kv_heads)
        .with(table.address())
        .with(layout.pitch)
        .with(std::f32::consts::LOG2_E / (case.head_dim as f32).sqrt())
        .with(7u32)
        .with(recording.ring_address());
    // SAFETY: the arguments are those of weft_attention of attention_mma.cu over buffers that live until the read below.
    unsafe { kernel.launch(device.compute(), Shape { blocks: case.blocks, threads: 256 }, args) }
        .expect("launches");
    let bits: Vec<u16> = out.to_host().expect("runs");
    assert!(bits[queries * q_width..].iter().all(|&b| b == 0xffff), "{case:?}: wrote behind");
    let out = bf16_values(&bits[..queries * q_width]);
    compare(case, &layout, (&wide(&q), &wide(&k), &wide(&v)), &out);
    let stamps = recording.read().expect("readable").stamps;
    let mut seen: Vec<u32> = stamps.iter().map(|stamp| stamp.item).collect();
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..items), "{case:?}: every item is stamped once");
}

/// Sequence by sequence, so that the message names the one that is wrong.
fn compare(case: Case, layout: &Layout, (q, k, v): (&[f64], &[f64], &[f64]), out: &[f64]) {
    let (q_width, kv_width) =
        ((case.heads * case.head_dim) as usize, (case.kv_heads * case.head_dim) as usize);
    let mut first = 0;
    for (&(cached, new), rows) in case.sequences.iter().zip(&layout.rows) {
        let gather = |values: &[f64]| -> Vec<f64> {
            rows.iter().flat_map(|row| values[row * kv_width..][..kv_width].to_vec()).collect()
        };
        let shape = Attention {
            heads: case.heads as usize,
            kv_heads: case.kv_heads as usize,
            head_dim: case.head_dim as usize,
            cached_tokens: cached as usize,
        };
        let part = first * q_width..(first + new as usize) * q_width;
        let reference = attention(&q[part.clone()], &gather(k), &gather(v), shape);
        let error = relative_error(&out[part.clone()], &reference);
        if error.is_nan() || error >= ERROR {
            let wrong = (0..new as usize).find(|row| {
                let row = row * q_width..(row + 1) * q_width;
                let error = relative_error(&out[part.clone()][row.clone()], &reference[row]);
                error.is_nan() || error >= 4.0 * ERROR
            });
            panic!("{case:?}, sequence {cached}+{new}: error {error}, first wrong row {wrong:?}");
        }
        aloud(format_args!("attention_mma {case:?}, sequence {cached}+{new}: {error:.2e}"));
        first += new as usize;
    }
}
