//! GEMMs: every width of the Hopper kernel, its SiLU·mul epilogue, the kernel for few rows, and the portable twin.

use weftscope_kernels::{
    abi::StampKind,
    reference::{gemm, gemm_silu_mul},
};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers, by_rows},
    stamped::{OP, recording, stamped, within},
};
use crate::{
    cuda::{
        driver::{CudaError, Device, KernelFamily},
        kernels::{FewForm, Gemm, GemmCall, GemmFew, GemmForm, Grouping, Loader, Matrix},
        stamps::Recording,
    },
    plan::Epilogue,
};

pub(super) const CHECKS: &[Check] = &[
    Check::one("gemm", "gemm_sm90.cu", plain),
    Check::one("gemm silu·mul", "gemm_sm90.cu", silu_mul),
    Check::one("gemm of scores", "gemm_sm90.cu", scores),
    Check::one("gemm of few rows", "gemm_few_sm90.cu", few),
    Check::one("scores of many experts", "gemm_few_sm90.cu", few_scores),
    Check::one("portable gemm", "gemm_mma.cu", portable),
];

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
fn plain(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[256, 224, 192, 160, 128], Epilogue::Plain)
}

/// Every SiLU·mul form of `gemm_sm90.cu`.
fn silu_mul(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[256, 192, 128], Epilogue::SiluMul)
}

/// `gemm_sm90.cu` with fp32 outputs.
fn scores(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, KernelFamily::Hopper, &[128], Epilogue::F32)
}

/// One GEMM with its reference.
struct Problem {
    sizes: Sizes,
    a: Numbers,
    b: Numbers,
    reference: Vec<f64>,
}

impl Problem {
    fn draw(bench: &Bench, (m, n, k): Sizes, epilogue: Epilogue) -> Self {
        let silu_mul = epilogue == Epilogue::SiluMul;
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

    /// A and B.
    fn upload(&self, device: &Device, is_padded: bool) -> Result<(Guarded, Guarded), CudaError> {
        let (_, _, k) = self.sizes;
        let upload = |numbers: &Numbers| match is_padded {
            true => numbers.upload_padded(device, k),
            false => numbers.upload(device),
        };
        Ok((upload(&self.a)?, upload(&self.b)?))
    }
}

fn check(
    bench: &Bench,
    family: KernelFamily,
    widths: &[u32],
    epilogue: Epilogue,
) -> Result<Outcome, CheckError> {
    let mut tally = Tally::new(limits(epilogue));
    compare(bench, family, widths, epilogue, &mut tally)?;
    Ok(tally.passed())
}

/// What each epilogue is held to.
pub(super) fn limits(epilogue: Epilogue) -> Limits {
    match epilogue {
        Epilogue::Plain | Epilogue::SiluMul => Limits::ROUNDED_ONCE,
        Epilogue::F32 => Limits::IN_FP32,
    }
}

/// All forms of `gemm_mma.cu` but the grouped ones, compiled for the GPU at hand.
fn portable(bench: &Bench) -> Result<Outcome, CheckError> {
    let mut scores = Tally::new(Limits::IN_FP32);
    compare(bench, KernelFamily::Portable, &[128], Epilogue::F32, &mut scores)?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    for epilogue in [Epilogue::Plain, Epilogue::SiluMul] {
        compare(bench, KernelFamily::Portable, &[128], epilogue, &mut tally)?;
    }
    Ok(tally.passed())
}

fn compare(
    bench: &Bench,
    family: KernelFamily,
    widths: &[u32],
    epilogue: Epilogue,
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let device = bench.devices()[0].clone().with_family(family);
    let recording = recording(&device)?;
    let sizes = bench.choose(&QUICK, &FULL);
    let problems: Vec<Problem> =
        sizes.iter().map(|&sizes| Problem::draw(bench, sizes, epilogue)).collect();
    for &tile_columns in widths {
        let form = GemmForm { tile_columns, epilogue, grouping: Grouping::One };
        let kernel = Gemm::load(Loader::new(&device, bench.nvrtc(), true), form)?;
        for problem in &problems {
            // A block a tile, and the persistent form on so few SMs that blocks walk several tiles.
            for sms in [None, Some(4)] {
                run(&device, &recording, &kernel, problem, sms, tally)?;
            }
        }
    }
    Ok(())
}

/// Every form of `gemm_few_sm90.cu` but those of scores.
fn few(bench: &Bench) -> Result<Outcome, CheckError> {
    check_few(bench, &[Epilogue::Plain, Epilogue::SiluMul], Limits::ROUNDED_ONCE)
}

/// Every form of `gemm_few_sm90.cu` that keeps scores in fp32.
fn few_scores(bench: &Bench) -> Result<Outcome, CheckError> {
    check_few(bench, &[Epilogue::F32], limits(Epilogue::F32))
}

/// Rows that fill a tile, that do not, and that take several; slices of K of uneven lengths, and some of none.
fn check_few(bench: &Bench, epilogues: &[Epilogue], limits: Limits) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let mut tally = Tally::new(limits);
    let full = [(1, 8, 8), (16, 128, 320), (33, 264, 1000), (64, 1280, 2048), (130, 136, 1544)];
    for &sizes in bench.choose(&[(9, 264, 136)], &full) {
        for &epilogue in epilogues {
            let problem = Problem::draw(bench, sizes, epilogue);
            for rows in [16, 32, 64, 96, 128, 160, 192, 224, 256] {
                for (columns, parts) in
                    [64, 128].into_iter().flat_map(|c| [1, 2, 4, 8].map(|p| (c, p)))
                {
                    let form = FewForm { rows, columns, parts, epilogue };
                    run_few(bench.loader(0), &recording, form, &problem, &mut tally)?;
                }
            }
        }
    }
    Ok(tally.passed())
}

fn run_few(
    loader: Loader<'_>,
    recording: &Recording,
    form: FewForm,
    problem: &Problem,
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let (device, (m, n, k)) = (loader.device(), problem.sizes);
    // Either way of lying in memory with half of the forms.
    let is_padded = form.columns == 64;
    let what = format!("{form:?}, {m}×{n}×{k}, padded: {is_padded}");
    let (a, b) = problem.upload(device, is_padded)?;
    let out = Out::poisoned(device, problem, form.epilogue, is_padded)?;
    let call = GemmCall {
        a: a.matrix(m, k),
        b: b.matrix(problem.b.bits.len() / k, k),
        c: out.matrix(),
        sms: None,
        group: GROUP,
        groups: None,
        recording: recording.of(OP),
    };
    GemmFew::load(loader, form)?.launch(device.compute(), &call)?;
    out.compare(&what, tally)?;
    let expected = [(StampKind::Tile, form.blocks(m as u32, n as u32) as usize)];
    stamped(&what, recording, device.info().sms, &expected)?;
    Ok(())
}

/// Where the output of a GEMM goes, either way of lying in memory; scores lie close.
struct Out<'a> {
    problem: &'a Problem,
    buffer: Guarded,
    are_scores: bool,
    is_padded: bool,
}

impl<'a> Out<'a> {
    fn poisoned(
        device: &Device,
        problem: &'a Problem,
        epilogue: Epilogue,
        is_padded: bool,
    ) -> Result<Self, CudaError> {
        let (m, n, _) = problem.sizes;
        let are_scores = epilogue == Epilogue::F32;
        let buffer = match (are_scores, is_padded) {
            (true, _) => Guarded::poisoned::<f32>(device, m * n)?,
            (false, true) => Guarded::poisoned_padded(device, (m, n))?,
            (false, false) => Guarded::poisoned::<u16>(device, m * n)?,
        };
        Ok(Self { problem, buffer, are_scores, is_padded })
    }

    fn matrix(&self) -> Matrix<'_> {
        let (m, n, _) = self.problem.sizes;
        if !self.are_scores {
            return self.buffer.matrix(m, n);
        }
        let pitch_bytes = n as u64 * 4;
        Matrix { data: self.buffer.ptr(), rows: m as u32, columns: n as u32, pitch_bytes }
    }

    fn compare(&self, what: &str, tally: &mut Tally) -> Result<(), CheckError> {
        let (reference, (_, n, _)) = (&self.problem.reference, self.problem.sizes);
        if self.are_scores {
            let out = self.buffer.read::<f32>(what)?.into_iter().map(f64::from);
            return tally.compare_numbers(what, &out.collect::<Vec<f64>>(), reference, n);
        }
        let out = match self.is_padded {
            true => self.buffer.read_rows(what, n)?,
            false => self.buffer.read(what)?,
        };
        tally.compare(what, &out, reference, n)
    }
}

fn run(
    device: &Device,
    recording: &Recording,
    kernel: &Gemm,
    problem: &Problem,
    sms: Option<u32>,
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let (m, n, k) = problem.sizes;
    let (family, form) = (device.family(), kernel.form());
    // Either way of lying in memory.
    let is_padded = sms.is_some();
    let what = format!("{family:?}, {form:?}, {m}×{n}×{k} on {sms:?} SMs, padded: {is_padded}");
    let (a, b) = problem.upload(device, is_padded)?;
    let out = Out::poisoned(device, problem, form.epilogue, is_padded)?;
    let call = GemmCall {
        a: a.matrix(m, k),
        b: b.matrix(problem.b.bits.len() / k, k),
        c: out.matrix(),
        sms,
        group: GROUP,
        groups: None,
        recording: recording.of(OP),
    };
    kernel.launch(device.compute(), &call)?;
    out.compare(&what, tally)?;
    let columns = form.columns() as usize;
    // Both blocks of a Hopper cluster stamp, also where the second lies below the last row.
    let row_tiles = match family {
        KernelFamily::Hopper => m.div_ceil(256) * 2,
        KernelFamily::Portable => m.div_ceil(128),
    };
    let expected = [(StampKind::Tile, row_tiles * n.div_ceil(columns))];
    let used = stamped(&what, recording, device.info().sms, &expected)?;
    within(&what, used, sms)
}
