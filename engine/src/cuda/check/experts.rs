//! Mixture of experts: who goes where, rows in that order, GEMMs of uneven heights, the weighted sum.

use weftscope_kernels::{
    abi::StampKind,
    reference::{combine, gemm, grouped_gemm, places_by_expert, top_k},
};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally, same_numbers},
    data::{Guarded, Numbers, by_rows},
    gemm::limits,
    stamped::{OP, recording, stamped, within},
};
use crate::{
    cuda::{
        driver::{CudaError, Device, KernelFamily},
        kernels::{
            Choice, Combine, CombineCall, Copied, Gemm, GemmCall, GemmForm, Grouping, Groups,
            Loader, Permute, PermuteCall, Routes, Scores, ScoresCall, SharedExpert, TAKEN, TopK,
            TopKCall,
        },
        stamps::Recording,
    },
    plan::{Epilogue, chunks, permute_blocks},
};

pub(super) const CHECKS: &[Check] = &[
    Check::one("scores of few experts", "experts.cu", few_scores),
    Check::one("experts of tokens", "experts.cu", route),
    Check::one("sum over experts", "experts.cu", sum),
    Check::one("grouped gemm", "gemm_sm90.cu", grouped),
    Check::one("portable grouped gemm", "gemm_mma.cu", portable),
];

/// Tokens and what they choose from.
#[derive(Clone, Copy, Debug)]
struct Tokens {
    rows: usize,
    experts: usize,
    top_k: usize,
    hidden: usize,
}

/// One token, fewer experts than lanes, as many as Qwen3-MoE, the most, tokens that fill no block; and Mixtral's.
const FULL: [Tokens; 6] = [
    Tokens { rows: 1, experts: 8, top_k: 2, hidden: 8 },
    Tokens { rows: 300, experts: 8, top_k: 2, hidden: 6144 },
    Tokens { rows: 1999, experts: 128, top_k: 8, hidden: 520 },
    Tokens { rows: 67, experts: 60, top_k: 4, hidden: 2048 },
    Tokens { rows: 4096, experts: 512, top_k: 10, hidden: 136 },
    Tokens { rows: 9, experts: 32, top_k: 32, hidden: 64 },
];
const QUICK: [Tokens; 1] = [Tokens { rows: 37, experts: 12, top_k: 3, hidden: 72 }];

/// `weft_scores`: fewer rows than a block has and more, K that ends inside a step, both widths.
fn few_scores(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let kernel = Scores::load(bench.loader(0))?;
    let mut tally = Tally::new(Limits::IN_FP32);
    let full = [(1, 8, 8), (17, 16, 72), (300, 8, 6144), (4096, 16, 2040), (33, 8, 264)];
    for &(rows, columns, k) in bench.choose(&[(19, 16, 104)], &full) {
        let what = format!("{rows} rows, {columns} scores, {k} deep");
        let (x, w) = (bench.numbers(rows * k, 1.0), bench.numbers(columns * k, 1.0));
        let (x_dev, w_dev) = (x.upload(device)?, w.upload(device)?);
        let out = Guarded::poisoned::<f32>(device, rows * columns)?;
        let call = ScoresCall {
            x: x_dev.ptr(),
            w: w_dev.ptr(),
            scores: out.ptr(),
            rows: rows as u32,
            hidden: k as u32,
            columns: columns as u32,
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        let given: Vec<f64> = out.read::<f32>(&what)?.into_iter().map(f64::from).collect();
        let reference =
            by_rows(&x.wide, k, |part| gemm(part, &w.wide, (part.len() / k, columns, k)));
        tally.compare_numbers(&what, &given, &reference, columns)?;
        let blocks = [(StampKind::Block, rows.div_ceil(16))];
        stamped(&what, &recording, device.info().sms, &blocks)?;
    }
    Ok(tally.passed())
}

/// Buffers of a choice, poisoned.
struct Chosen {
    ids: Guarded,
    weights: Guarded,
    ranks: Guarded,
    places: Guarded,
    tokens: Guarded,
    counts: Guarded,
    first_rows: Guarded,
}

impl Chosen {
    fn new(device: &Device, tokens: Tokens, blocks: u32) -> Result<Self, CudaError> {
        let entries = || Guarded::poisoned::<u32>(device, tokens.rows * tokens.top_k);
        Ok(Self {
            ids: entries()?,
            weights: entries()?,
            ranks: entries()?,
            places: entries()?,
            tokens: entries()?,
            counts: Guarded::poisoned::<u32>(device, blocks as usize * tokens.experts)?,
            first_rows: Guarded::poisoned::<u32>(device, tokens.experts + 1 + TAKEN as usize)?,
        })
    }

    fn routes(&self) -> Routes<'_> {
        Routes {
            ids: self.ids.ptr(),
            weights: self.weights.ptr(),
            ranks: self.ranks.ptr(),
            places: self.places.ptr(),
            tokens: self.tokens.ptr(),
            counts: self.counts.ptr(),
            first_rows: self.first_rows.ptr(),
        }
    }
}

/// Scores with steps so coarse that many are equal; with `skew` the first experts get nearly all tokens.
fn scores(bench: &Bench, tokens: Tokens, pitch: usize, skew: f32) -> Vec<f32> {
    let steps = bench.integers(tokens.rows * pitch, 61);
    let columns = (0..pitch).cycle();
    let score = |(step, column): (u32, usize)| {
        (step as f32 - 30.0) / 8.0 - skew * column as f32 / tokens.experts as f32
    };
    steps.into_iter().zip(columns).map(score).collect()
}

/// `weft_top_k`, then `weft_permute` upon what it left.
fn route(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let (choose, permute) = (TopK::load(bench.loader(0))?, Permute::load(bench.loader(0))?);
    let mut tally = Tally::new(Limits::IN_FP32);
    for &tokens in bench.choose(&QUICK, &FULL) {
        for (renormalise, skew, copies) in [(true, 0.0, true), (false, 20.0, false)] {
            let case = Case { tokens, renormalise, skew, copies };
            check_route(bench, &recording, (&choose, &permute), case, &mut tally)?;
        }
    }
    Ok(tally.passed())
}

#[derive(Clone, Copy, Debug)]
struct Case {
    tokens: Tokens,
    renormalise: bool,
    skew: f32,
    copies: bool,
}

fn check_route(
    bench: &Bench,
    recording: &Recording,
    (choose, permute): (&TopK, &Permute),
    case: Case,
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let (device, what) = (&bench.devices()[0], format!("{case:?}"));
    let tokens = case.tokens;
    let Tokens { rows, experts, top_k: k, hidden } = tokens;
    // A column behind the experts, which must not count.
    let pitch = experts + 8;
    let scores = scores(bench, tokens, pitch, case.skew);
    let sms = device.info().sms;
    let (_, blocks) = chunks(rows as u32, sms);
    let chosen = Chosen::new(device, tokens, blocks)?;
    let scores_dev = Guarded::holding(device, &scores)?;
    let choice = Choice { rows: rows as u32, experts: experts as u32, top_k: k as u32, sms };
    let call = TopKCall {
        scores: scores_dev.ptr(),
        pitch: pitch as u32,
        routes: chosen.routes(),
        choice,
        renormalise: case.renormalise,
        recording: recording.of(OP),
    };
    choose.launch(device.compute(), &call)?;
    stamped(&what, recording, sms, &[(StampKind::Block, blocks as usize)])?;
    let wide: Vec<f64> = scores.iter().copied().map(f64::from).collect();
    let (ids, weights) = top_k(&wide, (pitch, experts), k, case.renormalise);
    same_numbers(&what, "experts", &chosen.ids.read(&what)?, &ids)?;
    let given: Vec<f64> = chosen.weights.read::<f32>(&what)?.into_iter().map(f64::from).collect();
    tally.compare_numbers(&what, &given, &weights, k)?;

    let x = bench.numbers(rows * hidden, 1.0);
    let (x_dev, out) = (x.upload(device)?, Guarded::poisoned::<u16>(device, rows * k * hidden)?);
    let copied = Copied { x: x_dev.ptr(), out: out.ptr(), hidden: hidden as u32 };
    let copies = case.copies.then_some(copied);
    let call = PermuteCall { copies, routes: chosen.routes(), choice, recording: recording.of(OP) };
    permute.launch(device.compute(), &call)?;
    let launched = permute_blocks(blocks, case.copies) as usize;
    stamped(&what, recording, sms, &[(StampKind::Block, launched)])?;
    let (places, mut first_rows) = places_by_expert(&ids, experts);
    // No tile of any product of experts has been taken.
    first_rows.extend([0; TAKEN as usize]);
    same_numbers(&what, "places", &chosen.places.read(&what)?, &places)?;
    same_numbers(&what, "first rows", &chosen.first_rows.read(&what)?, &first_rows)?;
    let mut whose = vec![0; rows * k];
    for (entry, &place) in places.iter().enumerate() {
        whose[place as usize] = (entry / k) as u32;
    }
    same_numbers(&what, "tokens", &chosen.tokens.read(&what)?, &whose)?;
    if !case.copies {
        return Ok(());
    }
    let from = |&token: &u32| &x.bits[token as usize * hidden..][..hidden];
    let expected: Vec<u16> = whose.iter().flat_map(from).copied().collect();
    tally.same(&what, &out.read(&what)?, &expected, hidden)
}

/// `weft_combine`, with a shared expert and without.
fn sum(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let recording = recording(device)?;
    let kernel = Combine::load(bench.loader(0))?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    for &tokens in bench.choose(&QUICK, &FULL) {
        for (is_shared, blocks) in [(false, 1), (true, 264)] {
            check_sum(bench, &recording, &kernel, (tokens, is_shared, blocks), &mut tally)?;
        }
    }
    Ok(tally.passed())
}

fn check_sum(
    bench: &Bench,
    recording: &Recording,
    kernel: &Combine,
    (tokens, is_shared, blocks): (Tokens, bool, u32),
    tally: &mut Tally,
) -> Result<(), CheckError> {
    let (device, what) = (&bench.devices()[0], format!("{tokens:?}, shared expert: {is_shared}"));
    let Tokens { rows, experts, top_k: k, hidden } = tokens;
    let ids = bench.integers(rows * k, experts as u32);
    let (places, _) = places_by_expert(&ids, experts);
    let (routed, shared) =
        (bench.numbers(rows * k * hidden, 1.0), bench.numbers(rows * hidden, 1.0));
    // Weights and gates as fp32 has them exactly.
    let (weights, gates) = (bench.numbers(rows * k, 1.0), bench.numbers(rows * 8, 4.0));
    let narrow =
        |numbers: &Numbers| -> Vec<f32> { numbers.wide.iter().map(|&x| x as f32).collect() };
    let chosen = Chosen::new(device, tokens, 1)?;
    chosen.weights.write(&narrow(&weights))?;
    chosen.places.write(&places)?;
    let gates_dev = Guarded::holding(device, &narrow(&gates))?;
    let (routed_dev, shared_dev) = (routed.upload(device)?, shared.upload(device)?);
    let out = Guarded::poisoned::<u16>(device, rows * hidden)?;
    const GATE: usize = 5;
    let of_all = SharedExpert {
        out: shared_dev.ptr(),
        scores: gates_dev.ptr(),
        pitch: 8,
        gate: GATE as u32,
    };
    let call = CombineCall {
        routed: routed_dev.ptr(),
        routes: chosen.routes(),
        shared: is_shared.then_some(of_all),
        out: out.ptr(),
        rows: rows as u32,
        top_k: k as u32,
        hidden: hidden as u32,
        blocks,
        recording: recording.of(OP),
    };
    kernel.launch(device.compute(), &call)?;
    let mut reference = combine(&routed.wide, &places, &weights.wide, hidden, k);
    if is_shared {
        for (at, sum) in reference.iter_mut().enumerate() {
            let open = 1.0 / (1.0 + (-gates.wide[at / hidden * 8 + GATE]).exp());
            *sum += open * shared.wide[at];
        }
    }
    tally.compare(&what, &out.read(&what)?, &reference, hidden)?;
    stamped(&what, recording, device.info().sms, &[(StampKind::Block, blocks as usize)])?;
    Ok(())
}

/// Heights of the matrices, columns of the output, depth.
type Sizes = (&'static [u32], usize, usize);

/// None, one row, a tile, a tile and a row, several; columns that end inside a tile; K that ends inside a step; more matrices than SMs.
const GROUPED: [Sizes; 5] = [
    (&[130, 0, 127, 1, 128, 342, 65, 64, 193, 257], 520, 200),
    (&[0, 0, 3, 0], 64, 72),
    (&[257], 1288, 1536),
    (&[130, 0, 127, 1, 342, 600, 257], 264, 1032),
    (&[5; 150], 136, 64),
];
const GROUPED_QUICK: [Sizes; 2] = [(&[3, 0, 131], 136, 72), (&[3, 0, 131], 264, 1032)];

/// Every grouped form of `gemm_sm90.cu`.
fn grouped(bench: &Bench) -> Result<Outcome, CheckError> {
    check_grouped(bench, KernelFamily::Hopper, &[256, 192, 128])
}

/// The same of `gemm_mma.cu`, compiled for the GPU at hand.
fn portable(bench: &Bench) -> Result<Outcome, CheckError> {
    check_grouped(bench, KernelFamily::Portable, &[128])
}

fn check_grouped(
    bench: &Bench,
    family: KernelFamily,
    widths: &[u32],
) -> Result<Outcome, CheckError> {
    let device = bench.devices()[0].clone().with_family(family);
    let recording = recording(&device)?;
    let mut tally = Tally::new(limits(Epilogue::Plain));
    let forms = [Epilogue::Plain, Epilogue::SiluMul]
        .map(|epilogue| [(epilogue, Grouping::Grouped), (epilogue, Grouping::Gathered)]);
    for (epilogue, grouping) in forms.into_iter().flatten() {
        let problems: Vec<Problem> = bench
            .choose(&GROUPED_QUICK, &GROUPED)
            .iter()
            .map(|&sizes| Problem::draw(bench, sizes, epilogue, grouping))
            .collect();
        for &tile_columns in widths {
            let form = GemmForm { tile_columns, epilogue, grouping };
            let kernel = Gemm::load(Loader::new(&device, bench.nvrtc(), true), form)?;
            for problem in &problems {
                for sms in [None, Some(4)] {
                    problem.check(&device, &recording, &kernel, sms, &mut tally)?;
                }
            }
        }
    }
    Ok(tally.passed())
}

/// Grouped GEMMs with their reference.
struct Problem {
    first_rows: Vec<u32>,
    n: usize,
    k: usize,
    a: Numbers,
    b: Numbers,
    /// The row of A of each row of C, where it is not its own.
    gathered: Option<Vec<u32>>,
    reference: Vec<f64>,
}

impl Problem {
    fn draw(bench: &Bench, (heights, n, k): Sizes, epilogue: Epilogue, grouping: Grouping) -> Self {
        let silu_mul = epilogue == Epilogue::SiluMul;
        let mut first_rows = vec![0];
        for height in heights {
            first_rows.push(first_rows[first_rows.len() - 1] + height);
        }
        let rows = first_rows[heights.len()] as usize;
        let b_rows = heights.len() * if silu_mul { 2 * n } else { n };
        let scale = 4.0 / (k as f32).sqrt();
        // Fewer rows of A than of C, so that some are gathered twice and some never.
        let is_gathered = grouping == Grouping::Gathered;
        let tokens = if is_gathered { rows.div_ceil(2) } else { rows };
        let gathered = is_gathered.then(|| bench.integers(rows, tokens as u32));
        let (a, b) = (bench.numbers(tokens * k, 1.0), bench.numbers(b_rows * k, scale));
        let in_order = match &gathered {
            Some(rows) => {
                rows.iter().flat_map(|&row| &a.wide[row as usize * k..][..k]).copied().collect()
            }
            None => a.wide.clone(),
        };
        let reference = grouped_gemm(&in_order, &b.wide, &first_rows, (n, k), silu_mul);
        Self { first_rows, n, k, a, b, gathered, reference }
    }

    fn check(
        &self,
        device: &Device,
        recording: &Recording,
        kernel: &Gemm,
        sms: Option<u32>,
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let (n, k, form, family) = (self.n, self.k, kernel.form(), device.family());
        let heights: Vec<u32> = self.first_rows.windows(2).map(|ends| ends[1] - ends[0]).collect();
        let (count, rows) = (heights.len(), heights.iter().sum::<u32>() as usize);
        // Either way of lying in memory.
        let is_padded = sms.is_some();
        let what = format!(
            "{family:?}, {form:?}, {count} matrices, {rows} rows in all, {n}×{k} on {sms:?} SMs, padded: {is_padded}"
        );
        let (a, b, c) = match is_padded {
            true => (
                self.a.upload_padded(device, k)?,
                self.b.upload_padded(device, k)?,
                Guarded::poisoned_padded(device, (rows, n))?,
            ),
            false => (
                self.a.upload(device)?,
                self.b.upload(device)?,
                Guarded::poisoned::<u16>(device, rows * n)?,
            ),
        };
        let first_rows = Guarded::holding(device, &self.first_rows)?;
        let taken = Guarded::holding(device, &[0_u32])?;
        let gathered = self.gathered.as_ref().map(|rows| Guarded::holding(device, rows));
        let gathered = gathered.transpose()?;
        let call = GemmCall {
            a: a.matrix(self.a.bits.len() / k, k),
            b: b.matrix(self.b.bits.len() / k, k),
            c: c.matrix(rows, n),
            sms,
            group: 3,
            groups: Some(Groups {
                count: count as u32,
                first_rows: first_rows.ptr(),
                taken: taken.ptr(),
                rows: gathered.as_ref().map(Guarded::ptr),
            }),
            recording: recording.of(OP),
        };
        kernel.launch(device.compute(), &call)?;
        let out = if is_padded { c.read_rows(&what, n)? } else { c.read(&what)? };
        tally.compare(&what, &out, &self.reference, n)?;
        let (columns, n) = (form.columns(), n as u32);
        // A Hopper cluster is two tiles high, and both its blocks stamp.
        let rows = match family {
            KernelFamily::Hopper => |height: &u32| height.div_ceil(256) * 2,
            KernelFamily::Portable => |height: &u32| height.div_ceil(128),
        };
        let tiles = heights.iter().map(rows).sum::<u32>() * n.div_ceil(columns);
        let expected = [(StampKind::Tile, tiles as usize)];
        let used = stamped(&what, recording, device.info().sms, &expected)?;
        within(&what, used, sms)
    }
}
