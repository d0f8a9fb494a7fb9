//! Matrix products: every width of the Hopper kernel, its SiLU·mul epilogue, and the portable twin.

use weftscope_kernels::{
    abi::StampKind,
    reference::{gemm, gemm_silu_mul},
};

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    compare::{Limits, Tally},
    data::{Guarded, Numbers, by_rows},
    stamped::{OP, recording, stamped},
};
use crate::cuda::{Args, Device, Gemm, GemmCall, GemmForm, Kernel, Recording, Shape};

/// `m`, `n`, `k`; `n` counts the columns of the output.
type Sizes = (usize, usize, usize);

/// Whole tiles, ragged in each direction, shorter than a tile, K that ends inside a step, and one that goes several
/// times round the pipeline and the walk of persistent blocks.
const FULL: [Sizes; 6] = [
    (256, 512, 256),
    (129, 1280, 192),
    (77, 128, 64),
    (300, 264, 1000),
    (1, 8, 8),
    (640, 1544, 1536),
];
const QUICK: [Sizes; 2] = [(130, 136, 72), (9, 264, 136)];

/// Tile rows that are walked down together.
const GROUP: u32 = 3;

/// Every plain form of `gemm_sm90.cu`.
pub(super) fn plain(bench: &Bench) -> Result<Outcome, CheckError> {
    hopper(bench, &[256, 224, 192, 160, 128], false)
}

/// Every SiLU·mul form of `gemm_sm90.cu`.
pub(super) fn silu_mul(bench: &Bench) -> Result<Outcome, CheckError> {
    hopper(bench, &[256, 192, 128], true)
}

/// One product with its reference.
struct Problem {
    sizes: Sizes,
    a: Numbers,
    b: Numbers,
    reference: Vec<f64>,
}

impl Problem {
    fn draw(bench: &Bench, (m, n, k): Sizes, silu_mul: bool) -> Self {
        let b_rows = if silu_mul { 2 * n } else { n };
        // Sums of a few units, where SiLU bends.
        let scale = 4.0 / (k as f32).sqrt();
        let (a, b) = (bench.numbers(m * k, 1.0), bench.numbers(b_rows * k, scale));
        let reference = by_rows(&a.wide, k, |rows| {
            let sizes = (rows.len() / k, n, k);
            if silu_mul { gemm_silu_mul(rows, &b.wide, sizes) } else { gemm(rows, &b.wide, sizes) }
        });
        Self { sizes: (m, n, k), a, b, reference }
    }
}

fn hopper(bench: &Bench, widths: &[u32], silu_mul: bool) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    let problems: Vec<Problem> = bench
        .choose(&QUICK, &FULL)
        .iter()
        .map(|&sizes| Problem::draw(bench, sizes, silu_mul))
        .collect();
    for &tile_columns in widths {
        let form = GemmForm { tile_columns, silu_mul };
        let product = Gemm::load(device, bench.nvrtc(), form, true)?;
        for problem in &problems {
            // A block a tile, and the persistent form on so few SMs that blocks walk several tiles.
            for sms in [None, Some(4)] {
                let place = (device, &recording);
                run_hopper(place, &product, form, (problem, sms), &mut tally)?;
            }
        }
    }
    Ok(tally.passed())
}

fn run_hopper(
    (device, recording): (&Device, &Recording),
    product: &Gemm,
    form: GemmForm,
    (problem, sms): (&Problem, Option<u32>),
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let (m, n, k) = problem.sizes;
    let what = format!("{} wide, {m}×{n}×{k} on {sms:?} SMs", form.tile_columns);
    let (a, b) = (problem.a.upload(device)?, problem.b.upload(device)?);
    let c = Guarded::poisoned::<u16>(device, m * n)?;
    let call = GemmCall {
        a: a.matrix(m, k),
        b: b.matrix(problem.b.bits.len() / k, k),
        c: c.matrix(m, n),
        sms,
        group: GROUP,
        op: OP,
        ring: recording.ring_address(),
        error: recording.error_address(),
    };
    // SAFETY: the buffers have the stated shapes and live until the read below has waited for the device.
    unsafe { product.launch(device.compute(), &call) }?;
    tally.compare(&what, &c.read(&what)?, &problem.reference, n)?;
    let out_columns =
        if form.silu_mul { form.tile_columns / 2 } else { form.tile_columns } as usize;
    // Both blocks of a cluster stamp, also where the second lies below the last row.
    let tiles = m.div_ceil(256) * 2 * n.div_ceil(out_columns);
    let used = stamped(&what, recording, device.info().sms, &[(StampKind::Tile, tiles)])?;
    match sms {
        Some(allowed) if used > allowed as usize => {
            Err(CheckError::Wrong(format!("{what}: ran on {used} SMs")))
        }
        _ => Ok(()),
    }
}

/// Both forms of `gemm_mma.cu`, compiled for the GPU at hand.
pub(super) fn portable(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    for silu_mul in [false, true] {
        let defines = if silu_mul { vec!["WEFT_SILU_MUL".to_owned()] } else { Vec::new() };
        let source = Source {
            file: "gemm_mma.cu",
            entry: "weft_gemm",
            defines: &defines,
            smem_bytes: 98_304,
        };
        let kernel = bench.kernel(source)?;
        for &sizes in bench.choose(&QUICK, &FULL) {
            let problem = Problem::draw(bench, sizes, silu_mul);
            for blocks in [300, 3] {
                let place = (device, &recording);
                run_portable(place, &kernel, (&problem, silu_mul), blocks, &mut tally)?;
            }
        }
    }
    Ok(tally.passed())
}

fn run_portable(
    (device, recording): (&Device, &Recording),
    kernel: &Kernel,
    (problem, silu_mul): (&Problem, bool),
    blocks: u32,
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let (m, n, k) = problem.sizes;
    let what = format!("SiLU·mul {silu_mul}, {m}×{n}×{k} on {blocks} blocks");
    let (a, b) = (problem.a.upload(device)?, problem.b.upload(device)?);
    let c = Guarded::poisoned::<u16>(device, m * n)?;
    let args = Args::new()
        .with(a.address())
        .with(b.address())
        .with(c.address())
        .with(m as u32)
        .with(n as u32)
        .with(k as u32)
        .with(n as u64 * 2)
        .with(GROUP)
        .with(OP)
        .with(recording.ring_address());
    // SAFETY: the arguments are those of weft_gemm in gemm_mma.cu; the buffers live until the read below has waited
    // for the device.
    unsafe { kernel.launch(device.compute(), Shape { blocks, threads: 256 }, args) }?;
    tally.compare(&what, &c.read(&what)?, &problem.reference, n)?;
    let tiles = m.div_ceil(128) * n.div_ceil(if silu_mul { 64 } else { 128 });
    stamped(&what, recording, device.info().sms, &[(StampKind::Tile, tiles)])?;
    Ok(())
}
