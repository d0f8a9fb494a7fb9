//! `fused_norm_sm90.cu`, its portable twin and the simple fusion: all-reduce, residual add and RMSNorm in one launch, one rank a GPU.

use weftscope_kernels::{
    abi::StampKind,
    reference::{FusedNorm, fused_all_reduce_norm},
};

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    norm::{EPS, LIMITS},
    ranks::Ranks,
    stamped::OP,
};
use crate::cuda::{
    driver::{Args, CudaError, Kernel, KernelFamily, Shape},
    kernels::FusedForm,
};

/// Rows before and behind the token range, which nobody may touch.
const BEFORE: usize = 1;
const BEHIND: usize = 2;

/// One way of compiling it, and of launching that.
#[derive(Clone, Copy, Debug)]
struct Case {
    form: FusedForm,
    hidden: u32,
    /// Row buffers to use of those that it was compiled with.
    slots: u32,
    blocks: &'static [u32],
}

const fn form(groups: u32, group_threads: u32, slots: u32, ahead: bool, pairs: bool) -> FusedForm {
    FusedForm { groups, group_threads, slots, ahead, pairs, family: KernelFamily::Hopper }
}

const fn portable_form(groups: u32, group_threads: u32) -> FusedForm {
    let family = KernelFamily::Portable;
    FusedForm { groups, group_threads, slots: 0, ahead: false, pairs: false, family }
}

/// The measured forms first: beside other work, alone on many blocks; then single blocks, more groups than rows, slots
/// left unused, and rows that do not fill the threads.
const FULL: [Case; 6] = [
    Case { form: form(2, 256, 3, true, true), hidden: 8192, slots: 3, blocks: &[2, 8, 16] },
    Case { form: form(2, 256, 2, false, true), hidden: 8192, slots: 2, blocks: &[16, 20] },
    Case { form: form(2, 256, 3, true, false), hidden: 8192, slots: 2, blocks: &[1, 3] },
    Case { form: form(4, 128, 5, true, true), hidden: 4096, slots: 5, blocks: &[6] },
    Case { form: form(1, 512, 4, false, false), hidden: 5120, slots: 3, blocks: &[5] },
    Case { form: form(2, 96, 3, true, true), hidden: 520, slots: 3, blocks: &[2, 4] },
];
const QUICK: [Case; 2] = [
    Case { form: form(2, 96, 3, true, true), hidden: 520, slots: 3, blocks: &[2] },
    Case { form: form(1, 64, 2, false, false), hidden: 512, slots: 2, blocks: &[1] },
];
const PORTABLE: [Case; 3] = [
    Case { form: portable_form(2, 512), hidden: 8192, slots: 0, blocks: &[1, 8, 16] },
    Case { form: portable_form(1, 512), hidden: 5120, slots: 0, blocks: &[5] },
    Case { form: portable_form(2, 96), hidden: 520, slots: 0, blocks: &[2, 3] },
];
const PORTABLE_QUICK: [Case; 1] =
    [Case { form: portable_form(2, 96), hidden: 520, slots: 0, blocks: &[2] }];

/// The simple fusion: blocks of 512 threads; groups and slots mean nothing to it.
const SIMPLE: [Case; 3] = [
    Case { form: portable_form(1, 512), hidden: 8192, slots: 0, blocks: &[1, 8, 16] },
    Case { form: portable_form(1, 512), hidden: 5120, slots: 0, blocks: &[5] },
    Case { form: portable_form(1, 512), hidden: 520, slots: 0, blocks: &[2, 3] },
];
const SIMPLE_QUICK: [Case; 1] =
    [Case { form: portable_form(1, 512), hidden: 520, slots: 0, blocks: &[2] }];

/// One rounding more than the fused kernels', of a sum that may be larger than what the residual leaves of it.
const SIMPLE_LIMITS: Limits = Limits { error: 6e-3, element: 2.4e-2 };

/// Which kernel; all take the same arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// `weft_fused_norm`
    Fused,
    /// `weft_simple_fusion`
    Simple,
}

/// On two GPUs.
pub(super) fn pair(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, (Which::Fused, bench.choose(&QUICK, &FULL)), 2)
}

/// With a single rank, for tools that see one GPU at a time.
pub(super) fn alone(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, (Which::Fused, bench.choose(&QUICK, &FULL)), 1)
}

/// `fused_norm.cu` on two GPUs.
pub(super) fn portable_pair(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, (Which::Fused, bench.choose(&PORTABLE_QUICK, &PORTABLE)), 2)
}

/// `fused_norm.cu` with a single rank.
pub(super) fn portable_alone(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, (Which::Fused, bench.choose(&PORTABLE_QUICK, &PORTABLE)), 1)
}

/// `simple_fusion.cu` on two GPUs.
pub(super) fn simple_pair(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, (Which::Simple, bench.choose(&SIMPLE_QUICK, &SIMPLE)), 2)
}

/// `simple_fusion.cu` with a single rank.
pub(super) fn simple_alone(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, (Which::Simple, bench.choose(&SIMPLE_QUICK, &SIMPLE)), 1)
}

fn check(
    bench: &Bench,
    (which, cases): (Which, &[Case]),
    ranks: usize,
) -> Result<Outcome, CheckError> {
    let together = Ranks::new(bench, ranks)?;
    let mut tally = Tally::new(if which == Which::Simple { SIMPLE_LIMITS } else { LIMITS });
    for &case in cases {
        let defines = &case.form.defines(case.hidden, ranks as u32);
        let smem_bytes = case.form.smem_bytes(case.hidden);
        let (file, entry) = match which {
            Which::Fused => (case.form.file(), "weft_fused_norm"),
            Which::Simple => ("simple_fusion.cu", "weft_simple_fusion"),
        };
        let source = Source { file, entry, defines, smem_bytes };
        let kernels = bench.load(source, ranks, true)?;
        // One row leaves the other rank without any; 301 are no multiple of anything.
        for &rows in bench.choose(&[1, 9], &[1, 5, 64, 301]) {
            for &blocks in case.blocks {
                let problem = Problem::draw(bench, (which, case, blocks), rows, ranks);
                problem.run(&together, &kernels, &mut tally)?;
            }
        }
    }
    Ok(tally.passed())
}

struct Problem {
    which: Which,
    case: Case,
    blocks: u32,
    rows: usize,
    /// `[BEFORE + rows + BEHIND, hidden]` by rank.
    partials: Vec<Numbers>,
    /// `[rows, hidden]`, of which each rank gets its own.
    residual: Numbers,
    gamma: Numbers,
}

impl Problem {
    fn draw(
        bench: &Bench,
        (which, case, blocks): (Which, Case, u32),
        rows: usize,
        ranks: usize,
    ) -> Self {
        let hidden = case.hidden as usize;
        let partial = || bench.numbers((BEFORE + rows + BEHIND) * hidden, 2.0);
        Self {
            which,
            case,
            blocks,
            rows,
            partials: (0..ranks).map(|_| partial()).collect(),
            residual: bench.numbers(rows * hidden, 3.0),
            gamma: bench.numbers(hidden, 1.5),
        }
    }

    /// First row and rows of a rank, counted from the token range's first.
    fn own(&self, rank: usize) -> (usize, usize) {
        let each = self.rows.div_ceil(self.partials.len());
        let first = (rank * each).min(self.rows);
        (first, each.min(self.rows - first))
    }

    /// The residual buffer of a rank: own rows, NaN elsewhere.
    fn residual_of(&self, rank: usize, rows: &[u16]) -> Vec<u16> {
        let hidden = self.case.hidden as usize;
        let (first, count) = self.own(rank);
        let mut all = vec![u16::MAX; (BEFORE + self.rows + BEHIND) * hidden];
        let range = first * hidden..(first + count) * hidden;
        all[BEFORE * hidden..][range.clone()].copy_from_slice(&rows[range]);
        all
    }

    fn run(
        &self,
        together: &Ranks<'_>,
        kernels: &[Kernel],
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { case, blocks, rows, .. } = self;
        let what = format!("{:?}, {rows} rows on {blocks} blocks, {case:?}", self.which);
        let mut hidden = Vec::new();
        let mut residuals = Vec::new();
        let mut gammas = Vec::new();
        for (rank, device) in together.devices.iter().enumerate() {
            hidden.push(self.partials[rank].upload(device)?);
            let residual = self.residual_of(rank, &self.residual.bits);
            residuals.push(Guarded::holding(device, &residual)?);
            gammas.push(self.gamma.upload(device)?);
        }
        self.launch(together, kernels, (&hidden, &residuals, &gammas))?;
        let read = |of: &[Guarded], name: &str| {
            let what = format!("{name}, {what}");
            of.iter().map(|one| one.read::<u16>(&what)).collect::<Result<Vec<_>, _>>()
        };
        let (hidden, residuals) = (read(&hidden, "hidden")?, read(&residuals, "residual")?);
        let blocks = self.blocks as usize;
        // The simple fusion: reduce-scatter, norm and all-gather, a pair of barriers around either collective.
        let (barriers, phases) = match self.which {
            Which::Fused => (1, self.case.form.groups as usize),
            Which::Simple => (2, 3),
        };
        let expected = [
            (StampKind::BarrierEntry, blocks * barriers),
            (StampKind::Rows, blocks * phases),
            (StampKind::BarrierExit, blocks * barriers),
        ];
        together.stamped(&what, &expected, matches!(self.which, Which::Simple))?;
        self.compare(&what, &hidden, &residuals, tally)
    }

    fn launch(
        &self,
        together: &Ranks<'_>,
        kernels: &[Kernel],
        (hidden, residuals, gammas): (&[Guarded], &[Guarded], &[Guarded]),
    ) -> Result<(), CudaError> {
        let peers = together.peers(hidden);
        let FusedForm { groups, group_threads, .. } = self.case.form;
        for (rank, device) in together.devices.iter().enumerate() {
            let (first, rows) = self.own(rank);
            let args = Args::new()
                .with(peers[rank])
                .with(residuals[rank].address())
                .with(gammas[rank].address())
                .with((BEFORE + first) as u32)
                .with(rows as u32)
                .with(self.case.slots)
                .with(EPS)
                .with(OP)
                .with(together.recordings[rank].ring_address())
                .with(together.recordings[rank].error_address());
            let shape = Shape { blocks: self.blocks, threads: groups * group_threads };
            // SAFETY: the arguments are those of all these kernels; all ranks' buffers and pads live until the reads
            // behind this have waited for every device.
            unsafe { kernels[rank].launch(device.compute(), shape, args) }?;
        }
        Ok(())
    }

    fn compare(
        &self,
        what: &str,
        hidden: &[Vec<u16>],
        residuals: &[Vec<u16>],
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let width = self.case.hidden as usize;
        let range = BEFORE * width..(BEFORE + self.rows) * width;
        let partials: Vec<Vec<f64>> =
            self.partials.iter().map(|partial| partial.wide[range.clone()].to_vec()).collect();
        let FusedNorm { normalised, residual } =
            fused_all_reduce_norm(&partials, &self.residual.wide, &self.gamma.wide, f64::from(EPS));
        for (rank, (out, kept)) in hidden.iter().zip(residuals).enumerate() {
            let what = format!("rank {rank}, {what}");
            tally.compare(&what, &out[range.clone()], &normalised, width)?;
            // Everybody has the owner's bits; rows outside the range are as they were.
            let mut expected = self.partials[rank].bits.clone();
            expected[range.clone()].copy_from_slice(&hidden[0][range.clone()]);
            tally.same(&format!("hidden, {what}"), out, &expected, width)?;
            let (first, rows) = self.own(rank);
            let own = first * width..(first + rows) * width;
            if rows > 0 {
                let new = &kept[range.clone()][own.clone()];
                tally.compare(&format!("residual, {what}"), new, &residual[own], width)?;
            }
            let only_own = self.residual_of(rank, &kept[range.clone()]);
            tally.same(&format!("residual of others, {what}"), kept, &only_own, width)?;
        }
        Ok(())
    }
}
