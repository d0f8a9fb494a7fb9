//! `fused_norm_sm90.cu`, its portable twin and the simple fusion: all-reduce, residual add and RMSNorm in one launch, one rank a GPU.

use weftscope_kernels::{
    abi::StampKind,
    reference::{self, fused_all_reduce_norm},
};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    fused_cases::{Case, Which},
    norm::{EPS, LIMITS},
    ranks::Ranks,
    stamped::OP,
};
use crate::cuda::{
    driver::CudaError,
    kernels::{FusedNorm, FusedNormCall},
};

pub(super) const ONE_RANK: &[Check] = &[
    Check::one("fused norm, one rank", "fused_norm_sm90.cu", hopper_one_rank),
    Check::one("portable fused norm, one rank", "fused_norm.cu", portable_one_rank),
    Check::one("simple fusion, one rank", "simple_fusion.cu", simple_one_rank),
];
pub(super) const CHECKS: &[Check] = &[
    Check::ranks("fused norm", "fused_norm_sm90.cu", hopper),
    Check::ranks("portable fused norm", "fused_norm.cu", portable),
    Check::ranks("simple fusion", "simple_fusion.cu", simple),
];

/// Rows before and behind the token range, which no rank may touch.
const BEFORE: usize = 1;
const BEHIND: usize = 2;

/// One rounding more than the fused kernels', of a sum that may be larger than what the residual leaves of it.
const SIMPLE_LIMITS: Limits = Limits { error: 6e-3, element: 2.4e-2 };

/// `fused_norm_sm90.cu` on two GPUs, and on all.
fn hopper(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, Which::Hopper, &bench.rank_counts())
}

/// With a single rank, for tools that see one GPU at a time.
fn hopper_one_rank(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, Which::Hopper, &[1])
}

/// `fused_norm.cu` on two GPUs, and on all.
fn portable(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, Which::Portable, &bench.rank_counts())
}

/// `fused_norm.cu` with a single rank.
fn portable_one_rank(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, Which::Portable, &[1])
}

/// `simple_fusion.cu` on two GPUs, and on all.
fn simple(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, Which::Simple, &bench.rank_counts())
}

/// `simple_fusion.cu` with a single rank.
fn simple_one_rank(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, Which::Simple, &[1])
}

fn check(bench: &Bench, which: Which, rank_counts: &[usize]) -> Result<Outcome, CheckError> {
    let mut tally = Tally::new(if which == Which::Simple { SIMPLE_LIMITS } else { LIMITS });
    for &ranks in rank_counts {
        let together = Ranks::new(bench, ranks)?;
        for &case in which.cases(bench.quick(), ranks) {
            let load = |rank| {
                let (loader, ranks) = (bench.loader(rank), ranks as u32);
                match which {
                    Which::Simple => FusedNorm::load_simple(loader, case.hidden, ranks),
                    _ => FusedNorm::load(loader, case.form, case.hidden, ranks),
                }
            };
            let kernels = (0..ranks).map(load).collect::<Result<Vec<_>, _>>()?;
            for &rows in rows(bench.quick(), ranks) {
                for &blocks in case.blocks {
                    let problem = Problem::draw(bench, which, case, blocks, (rows, ranks));
                    problem.run(&together, &kernels, &mut tally)?;
                }
            }
        }
    }
    Ok(tally.passed_on(rank_counts))
}

/// Token rows. One row leaves other ranks without any; 301 and 133 are no multiple of a number of ranks. Many ranks have fewer,
/// since each is compared as a whole.
fn rows(quick: bool, ranks: usize) -> &'static [usize] {
    match (quick, ranks) {
        (true, _) => &[1, 9],
        (false, ..=2) => &[1, 5, 64, 301],
        (false, _) => &[1, 5, 64, 133],
    }
}

struct Problem {
    which: Which,
    case: Case,
    blocks: u32,
    rows: usize,
    /// `[BEFORE + rows + BEHIND, hidden]` by rank.
    partials: Vec<Numbers>,
    /// `[rows, hidden]`, of which each rank gets its shard.
    residual: Numbers,
    gamma: Numbers,
}

impl Problem {
    fn draw(
        bench: &Bench,
        which: Which,
        case: Case,
        blocks: u32,
        (rows, ranks): (usize, usize),
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

    /// The residual buffer of a rank: its rows, NaN elsewhere.
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
        kernels: &[FusedNorm],
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { case, blocks, rows, .. } = self;
        let ranks = self.partials.len();
        let what = format!("{:?}, {rows} rows on {ranks} × {blocks} blocks, {case:?}", self.which);
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
            Which::Hopper | Which::Portable => (1, self.case.form.groups as usize),
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
        kernels: &[FusedNorm],
        (hidden, residuals, gammas): (&[Guarded], &[Guarded], &[Guarded]),
    ) -> Result<(), CudaError> {
        let peers = together.peers(hidden);
        for (rank, device) in together.devices.iter().enumerate() {
            let (first, rows) = self.own(rank);
            let call = FusedNormCall {
                peers: &peers[rank],
                residual: residuals[rank].ptr(),
                gamma: gammas[rank].ptr(),
                first: (BEFORE + first) as u32,
                rows: rows as u32,
                slots: self.case.slots,
                eps: EPS,
                blocks: self.blocks,
                recording: together.recordings[rank].of(OP),
            };
            kernels[rank].launch(device.compute(), &call)?;
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
        let reference::FusedNorm { normalised, residual } =
            fused_all_reduce_norm(&partials, &self.residual.wide, &self.gamma.wide, f64::from(EPS));
        for (rank, (out, kept)) in hidden.iter().zip(residuals).enumerate() {
            let what = format!("rank {rank}, {what}");
            tally.compare(&what, &out[range.clone()], &normalised, width)?;
            // Every rank has the owner's bits; rows outside the range are as they were.
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
