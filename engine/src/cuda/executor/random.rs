use crate::cuda::{
    checkpoint::Piece,
    driver::{Buffer, CudaError, Device},
    kernels::{Loader, Random, RandomCall},
};

/// Enough to fill any GPU.
const BLOCKS: u32 = 1024;

/// Fills matrices with random numbers on a device, the same on every run.
pub(super) struct RandomMatrices<'a> {
    device: &'a Device,
    kernel: Random,
    seed: u64,
    /// The plan's rank, whatever its GPU is called in this process.
    rank: u32,
}

/// Numbers of independent random streams.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streams(u64);

impl Streams {
    pub(super) fn of(piece: Piece) -> Self {
        let layer = |layer: u32, which: u64| 16 + u64::from(layer) * 8 + which;
        Self(match piece {
            Piece::Embedding => 1,
            Piece::LmHead => 2,
            Piece::Norm(_) | Piece::QkNorm(_) => 3,
            Piece::Qkv(i) => layer(i, 0),
            Piece::OProj(i) => layer(i, 1),
            Piece::GateUp(i) => layer(i, 2),
            Piece::Down(i) => layer(i, 3),
            Piece::QkvBias(i) => layer(i, 4),
            Piece::ExpertsGateUp(i) => layer(i, 2),
            Piece::ExpertsDown(i) => layer(i, 3),
            Piece::Router(i) => layer(i, 5),
            Piece::SharedGateUp(i) => layer(i, 6),
            Piece::SharedDown(i) => layer(i, 7),
        })
    }

    /// Of the keys (even) and values (odd) of the layers.
    pub(super) fn of_cache(which: u32) -> Self {
        Self((1 << 32) + u64::from(which))
    }
}

impl<'a> RandomMatrices<'a> {
    pub(super) fn new(loader: Loader<'a>, (rank, seed): (u32, u64)) -> Result<Self, CudaError> {
        Ok(Self { device: loader.device(), kernel: Random::load(loader)?, seed, rank })
    }

    /// `len` bf16 numbers in −scale…scale; each rank draws others, as each has another shard.
    pub(super) fn matrix(
        &self,
        len: usize,
        stream: Streams,
        scale: f32,
    ) -> Result<Buffer, CudaError> {
        let len8 = len.div_ceil(8);
        let buffer = Buffer::zeros(self.device, len8 * 16)?;
        let seed = self.seed ^ (stream.0 << 8) ^ u64::from(self.rank);
        let call =
            RandomCall { out: buffer.ptr(), vectors: len8 as u64, seed, scale, blocks: BLOCKS };
        self.kernel.launch(self.device.compute(), &call)?;
        Ok(buffer)
    }
}
