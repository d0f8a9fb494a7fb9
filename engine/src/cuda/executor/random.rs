use crate::cuda::{
    checkpoint::Piece,
    driver::{Args, Buffer, CudaError, Device, Kernel, Shape},
    kernels::Loader,
};

/// Fills matrices with random numbers on a device, the same on every run.
pub(super) struct Random<'a> {
    device: &'a Device,
    kernel: Kernel,
    seed: u64,
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
        })
    }
}

impl Streams {
    /// Of the keys (even) and values (odd) of the layers.
    pub(super) fn of_cache(which: u32) -> Self {
        Self((1 << 32) + u64::from(which))
    }
}

impl<'a> Random<'a> {
    pub(super) fn new(loader: Loader<'a>, seed: u64) -> Result<Self, CudaError> {
        let kernel = loader.load("random.cu", "weft_random", &[], 0)?;
        Ok(Self { device: loader.device, kernel, seed })
    }

    /// `len` bf16 numbers in −scale…scale; each rank draws its own, as each has its own shard.
    pub(super) fn matrix(
        &self,
        len: usize,
        stream: Streams,
        scale: f32,
    ) -> Result<Buffer, CudaError> {
        let len8 = len.div_ceil(8);
        let buffer = Buffer::zeros(self.device, len8 * 16)?;
        let seed = self.seed ^ (stream.0 << 8) ^ u64::from(self.device.info().index);
        let args = Args::new().with(buffer.address()).with(len8 as u64).with(seed).with(scale);
        let shape = Shape { blocks: 1024, threads: 256 };
        // SAFETY: the arguments are those of weft_random; the buffer is as long as stated, and freeing it waits for the
        // device.
        unsafe { self.kernel.launch(self.device.compute(), shape, args) }?;
        Ok(buffer)
    }
}
