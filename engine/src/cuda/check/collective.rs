//! `collective.cu` over peer memory, one rank a GPU.

use std::ops::Range;

use weftscope_kernels::{abi::StampKind, reference::all_reduce as sum_of};

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    compare::{Limits, Tally},
    data::{Guarded, Numbers},
    ranks::Ranks,
    stamped::OP,
};
use crate::cuda::driver::{Args, CudaError, Kernel, Shape};

/// Numbers of a vector, the unit that the kernels cut by.
const VECTOR: usize = 8;
/// Vectors behind the range, which nobody may touch.
const BEHIND: usize = 5;

/// Which kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    AllReduce,
    ReduceScatter,
    AllGather,
}

impl Which {
    const ALL: [Self; 3] = [Self::AllReduce, Self::ReduceScatter, Self::AllGather];

    fn entry(self) -> &'static str {
        match self {
            Self::AllReduce => "weft_all_reduce",
            Self::ReduceScatter => "weft_reduce_scatter",
            Self::AllGather => "weft_all_gather",
        }
    }
}

/// First vector, vectors, blocks: nothing at all, fewer vectors than ranks, a ragged range, and several rounds of every
/// thread.
const FULL: [(usize, usize, u32); 6] =
    [(2, 0, 2), (0, 1, 1), (3, 1001, 3), (1024, 4096, 8), (7, 70_001, 16), (0, 200_000, 5)];
const QUICK: [(usize, usize, u32); 2] = [(3, 1001, 2), (0, 5000, 1)];

/// All-reduce on two GPUs.
pub(super) fn all_reduce(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &[Which::AllReduce], 2)
}

/// Reduce-scatter on two GPUs.
pub(super) fn reduce_scatter(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &[Which::ReduceScatter], 2)
}

/// All-gather on two GPUs.
pub(super) fn all_gather(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &[Which::AllGather], 2)
}

/// All three with a single rank, which change nothing: for tools that see one GPU at a time.
pub(super) fn alone(bench: &Bench) -> Result<Outcome, CheckError> {
    check(bench, &Which::ALL, 1)
}

/// Sums are fp32 in rank order, rounded once.
fn check(bench: &Bench, which: &[Which], ranks: usize) -> Result<Outcome, CheckError> {
    let together = Ranks::new(bench, ranks)?;
    let mut tally = Tally::new(Limits::ROUNDED_ONCE);
    let defines = [format!("WEFT_RANKS={ranks}")];
    for &which in which {
        let source = Source { defines: &defines, ..Source::plain("collective.cu", which.entry()) };
        let kernels = bench.load(source, ranks, true)?;
        for &(first, count, blocks) in bench.choose(&QUICK, &FULL) {
            let draw = || bench.numbers((first + count + BEHIND) * VECTOR, 2.0);
            let inputs = (0..ranks).map(|_| draw()).collect();
            let problem = Problem { which, first, count, blocks, inputs };
            problem.run(&together, &kernels, &mut tally)?;
        }
    }
    Ok(tally.passed())
}

struct Problem {
    which: Which,
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
        kernels: &[Kernel],
        tally: &mut Tally,
    ) -> Result<(), CheckError> {
        let Self { which, first, count, blocks, .. } = *self;
        let what = format!("{which:?} of {count} vectors from {first} on {blocks} blocks");
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
        kernels: &[Kernel],
        hidden: &[Guarded],
    ) -> Result<(), CudaError> {
        let peers = together.peers(hidden);
        for (rank, device) in together.devices.iter().enumerate() {
            let recording = &together.recordings[rank];
            let args = Args::new()
                .with(peers[rank])
                .with(self.first as u64)
                .with(self.count as u64)
                .with(OP)
                .with(recording.ring_address())
                .with(recording.error_address());
            let shape = Shape { blocks: self.blocks, threads: 512 };
            // SAFETY: the arguments are those of the collectives; hidden buffers and pads of all ranks live until the
            // reads behind this have waited for every device.
            unsafe { kernels[rank].launch(device.compute(), shape, args) }?;
        }
        Ok(())
    }

    /// A rank's own part of the range.
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
            let summed = match self.which {
                Which::AllReduce => whole.clone(),
                Which::ReduceScatter => self.part(rank),
                Which::AllGather => 0..0,
            };
            if self.which == Which::AllGather {
                for (from, input) in self.inputs.iter().enumerate() {
                    expected[self.part(from)].copy_from_slice(&input.bits[self.part(from)]);
                }
            }
            if !summed.is_empty() {
                tally.compare(&what, &out[summed.clone()], &sum[summed.clone()], VECTOR)?;
            }
            expected[summed.clone()].copy_from_slice(&out[summed]);
            tally.same(&what, out, &expected, VECTOR)?;
            if self.which == Which::AllReduce {
                let what = format!("{what}, against rank 0");
                tally.same(&what, &out[whole.clone()], &outs[0][whole.clone()], VECTOR)?;
            }
        }
        Ok(())
    }
}
