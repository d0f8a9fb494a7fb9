//! `collective.cu` over peer memory, one rank a GPU.

use std::ops::Range;

use weftscope_kernels::{abi::StampKind, reference::all_reduce as sum_of};

use super::{
    Bench, Check, CheckError, Outcome,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    ranks::Ranks,
    stamped::OP,
};
use crate::cuda::{
    driver::CudaError,
    kernels::{CollectiveCall, CollectiveKernel, CollectiveKind},
};

pub(super) const ONE_RANK: &[Check] =
    &[Check::one("collectives, one rank", "collective.cu", one_rank)];
pub(super) const CHECKS: &[Check] = &[
    Check::ranks("all-reduce", "collective.cu", all_reduce),
    Check::ranks("reduce-scatter", "collective.cu", reduce_scatter),
    Check::ranks("all-gather", "collective.cu", all_gather),
];

/// Numbers of a vector, the unit that the kernels cut by.
const VECTOR: usize = 8;
/// Vectors behind the range, which no rank may touch.
const BEHIND: usize = 5;

const ALL: [CollectiveKind; 3] =
    [CollectiveKind::AllReduce, CollectiveKind::ReduceScatter, CollectiveKind::AllGather];

/// First vector, vectors, blocks: nothing at all, fewer vectors than ranks, a ragged range, and several rounds of every
/// thread.
const FULL: [(usize, usize, u32); 6] =
    [(2, 0, 2), (0, 1, 1), (3, 1001, 3), (1024, 4096, 8), (7, 70_001, 16), (0, 200_000, 5)];
const QUICK: [(usize, usize, u32); 2] = [(3, 1001, 2), (0, 5000, 1)];

/// All-reduce on two GPUs, and on all.
fn all_reduce(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &[CollectiveKind::AllReduce], &bench.rank_counts())
}

/// Reduce-scatter on two GPUs, and on all.
fn reduce_scatter(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &[CollectiveKind::ReduceScatter], &bench.rank_counts())
}

/// All-gather on two GPUs, and on all.
fn all_gather(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &[CollectiveKind::AllGather], &bench.rank_counts())
}

/// All three with a single rank, which change nothing: for tools that see one GPU at a time.
fn one_rank(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &ALL, &[1])
}

/// Sums are fp32 in rank order, rounded once.
fn check(
    bench: &Bench,
    kinds: &[CollectiveKind],
    rank_counts: &[usize],
) -> Result<Outcome, CheckError> {
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    for &ranks in rank_counts {
        let together = Ranks::new(bench, ranks)?;
        for &kind in kinds {
            let load = |rank| CollectiveKernel::load(bench.loader(rank), kind, ranks as u32);
            let kernels = (0..ranks).map(load).collect::<Result<Vec<_>, _>>()?;
            for &(first, count, blocks) in bench.choose(&QUICK, &FULL) {
                let draw = || bench.numbers((first + count + BEHIND) * VECTOR, 2.0);
                let inputs = (0..ranks).map(|_| draw()).collect();
                let problem = Problem { kind, first, count, blocks, inputs };
                problem.run(&together, &kernels, &mut tally)?;
            }
        }
    }
    Ok(tally.passed_on(rank_counts))
}

struct Problem {
    kind: CollectiveKind,
    /// In vectors.
    first: usize,
    count: usize,
    blocks: u32,
    /// By rank.
    inputs: Vec<Numbers>,
}

impl Problem {
    fn run(
        &self,
        together: &Ranks<'_>,
        kernels: &[CollectiveKernel],
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { kind, first, count, blocks, .. } = *self;
        let ranks = self.inputs.len();
        let what = format!("{kind:?} of {count} vectors from {first} on {ranks} × {blocks} blocks");
        let pairs = self.inputs.iter().zip(together.devices);
        let hidden =
            pairs.map(|(input, device)| input.upload(device)).collect::<Result<Vec<_>, _>>()?;
        self.launch(together, kernels, &hidden)?;
        let outs =
            hidden.iter().map(|hidden| hidden.read::<u16>(&what)).collect::<Result<Vec<_>, _>>()?;
        let kinds = [StampKind::BarrierEntry, StampKind::Block, StampKind::BarrierExit];
        together.stamped(&what, &kinds.map(|kind| (kind, blocks as usize)), false)?;
        self.compare(&what, &outs, tally)
    }

    fn launch(
        &self,
        together: &Ranks<'_>,
        kernels: &[CollectiveKernel],
        hidden: &[Guarded],
    ) -> Result<(), CudaError> {
        let peers = together.peers(hidden);
        for (rank, device) in together.devices.iter().enumerate() {
            let call = CollectiveCall {
                peers: &peers[rank],
                first: self.first as u64,
                count: self.count as u64,
                blocks: self.blocks,
                recording: together.recordings[rank].of(OP),
            };
            kernels[rank].launch(device.compute(), &call)?;
        }
        Ok(())
    }

    /// A rank's part of the range.
    fn part(&self, rank: usize) -> Range<usize> {
        let ranks = self.inputs.len();
        let edge = |rank: usize| (self.first + self.count * rank / ranks) * VECTOR;
        edge(rank)..edge(rank + 1)
    }

    fn compare(&self, what: &str, outs: &[Vec<u16>], tally: &mut Tally) -> Result<(), CheckError> {
        let wide: Vec<Vec<f64>> = self.inputs.iter().map(|input| input.wide.clone()).collect();
        let (sum, whole) = (sum_of(&wide), self.part(0).start..self.part(outs.len() - 1).end);
        for (rank, out) in outs.iter().enumerate() {
            let what = format!("rank {rank}, {what}");
            // What must come out, where it is known bit for bit; sums are compared and then taken as they are.
            let mut expected = self.inputs[rank].bits.clone();
            let summed = match self.kind {
                CollectiveKind::AllReduce => whole.clone(),
                CollectiveKind::ReduceScatter => self.part(rank),
                CollectiveKind::AllGather => 0..0,
            };
            if self.kind == CollectiveKind::AllGather {
                for (from, input) in self.inputs.iter().enumerate() {
                    expected[self.part(from)].copy_from_slice(&input.bits[self.part(from)]);
                }
            }
            if !summed.is_empty() {
                tally.compare(&what, &out[summed.clone()], &sum[summed.clone()], VECTOR)?;
            }
            expected[summed.clone()].copy_from_slice(&out[summed]);
            tally.same(&what, out, &expected, VECTOR)?;
            if self.kind == CollectiveKind::AllReduce {
                let what = format!("{what}, against rank 0");
                tally.same(&what, &out[whole.clone()], &outs[0][whole.clone()], VECTOR)?;
            }
        }
        Ok(())
    }
}
