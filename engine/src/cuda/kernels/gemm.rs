use cudarc::driver::CudaStream;
use weftscope_kernels as kernels;

use super::{Matrix, TensorMap};
use crate::{
    cuda::{
        compile::Nvrtc,
        driver::{Args, CudaError, Device, Kernel, KernelFamily, Shape},
    },
    plan::Epilogue,
    split::own_shape,
};

/// Threads a block: one warpgroup that copies, two that multiply.
const THREADS: u32 = 384;
/// All the shared memory a block may have on Hopper; the kernel makes as many pipeline stages of it as fit.
const SMEM_BYTES: u32 = 232_448;
/// Rows of A in a tile.
const TILE_ROWS: u32 = 128;
/// Columns of K in a step of the pipeline.
const STEP: u32 = 64;

/// The portable kernel: a thread block, its pipeline stages, the side of its square tiles.
const PORTABLE_THREADS: u32 = 256;
const PORTABLE_SMEM_BYTES: u32 = 98_304;
const PORTABLE_TILE: u32 = 128;

/// One compiled form of the matrix product, loaded on one device.
#[derive(Clone, Debug)]
pub struct Gemm {
    kernel: Kernel,
    form: GemmForm,
    gpu: u32,
    family: KernelFamily,
    /// SMs of the device, and blocks that one holds at once.
    sms: u32,
    resident: u32,
}

/// What is fixed when the product is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GemmForm {
    /// Rows of B in a tile (`WEFT_BN`): 128, 160, 192, 224 or 256.
    pub tile_columns: u32,
    /// The epilogue multiplies SiLU of the first half of B's rows with the second (`WEFT_SILU_MUL`).
    pub silu_mul: bool,
}

/// Blocks that share a tile of B (`WEFT_CLUSTER`).
const CLUSTER: u32 = 2;

impl GemmForm {
    /// The plain form whose tiles fill the waves of an `[m, n]` output on `sms` SMs best.
    pub fn fitting(m: u32, n: u32, sms: u32) -> Self {
        Self {
            tile_columns: own_shape((m, n, STEP), 1, sms, Epilogue::Plain).tile_n,
            silu_mul: false,
        }
    }

    /// What a family's kernel makes of it: the portable one has tiles of one width.
    #[must_use]
    pub fn on(self, family: KernelFamily) -> Self {
        match family {
            KernelFamily::Hopper => self,
            KernelFamily::Portable => Self { tile_columns: PORTABLE_TILE, ..self },
        }
    }

    fn defines(self, family: KernelFamily) -> Vec<String> {
        let mut defines = match family {
            KernelFamily::Hopper => {
                vec![format!("WEFT_BN={}", self.tile_columns), format!("WEFT_CLUSTER={CLUSTER}")]
            }
            KernelFamily::Portable => Vec::new(),
        };
        if self.silu_mul {
            defines.push("WEFT_SILU_MUL".to_owned());
        }
        defines
    }
}

/// `c [m, n] = a [m, k] · b [n, k]ᵀ`, all bf16; with SiLU·mul `b` has `2n` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmCall {
    /// Activations.
    pub a: Matrix,
    /// Weights.
    pub b: Matrix,
    /// Output.
    pub c: Matrix,
    /// SMs it may use, as a persistent kernel; `None`: a block a tile.
    pub sms: Option<u32>,
    /// Tile rows that are walked down together before moving right, so that tiles in flight share operands in L2.
    pub group: u32,
    /// Plan-wide id of the op, for stamps and errors.
    pub op: u32,
    /// Address of the stamp ring, or 0.
    pub ring: u64,
    /// Address of the error record.
    pub error: u64,
}

impl Gemm {
    /// Compiles a form and loads it.
    ///
    /// # Errors
    /// [`CudaError`] from the compiler or the driver.
    pub fn load(
        device: &Device,
        nvrtc: &Nvrtc,
        form: GemmForm,
        stamps: bool,
    ) -> Result<Self, CudaError> {
        let family = device.family();
        let (file, smem_bytes, threads) = match family {
            KernelFamily::Hopper => ("gemm_sm90.cu", SMEM_BYTES, THREADS),
            KernelFamily::Portable => ("gemm_mma.cu", PORTABLE_SMEM_BYTES, PORTABLE_THREADS),
        };
        let form = form.on(family);
        let program = kernels::find(file).expect("registered, as kernels/tests/sources.rs holds");
        let compiled = nvrtc.compile(program, &form.defines(family), device.target(), stamps)?;
        let kernel = device.load(compiled.image(), program.entries[0], smem_bytes)?;
        let resident = kernel.blocks_per_sm(threads)?.max(1);
        let info = device.info();
        Ok(Self { kernel, form, gpu: info.index, family, sms: info.sms, resident })
    }

    /// Puts the product on a stream.
    ///
    /// # Safety
    /// The matrices lie in memory of the stream's device, with the shapes stated, until the kernel has run; nothing
    /// else writes them meanwhile; `ring` and `error` are live or (the ring) 0.
    ///
    /// # Errors
    /// When the driver refuses a shape or the launch.
    ///
    /// # Panics
    /// When rows of A or B do not follow one another, on the portable kernel.
    pub unsafe fn launch(&self, stream: &CudaStream, call: &GemmCall) -> Result<(), CudaError> {
        match self.family {
            // SAFETY: the caller's promise.
            KernelFamily::Hopper => unsafe { self.launch_hopper(stream, call) },
            // SAFETY: the caller's promise.
            KernelFamily::Portable => unsafe { self.launch_portable(stream, call) },
        }
    }

    /// # Safety
    /// As [`launch`](Self::launch).
    unsafe fn launch_portable(
        &self,
        stream: &CudaStream,
        call: &GemmCall,
    ) -> Result<(), CudaError> {
        for matrix in [call.a, call.b] {
            assert_eq!(matrix.pitch_bytes, u64::from(matrix.columns) * 2, "rows lie apart");
        }
        let blocks = portable_blocks(self.form, call, (self.sms, self.resident));
        let args = Args::new()
            .with(call.a.address)
            .with(call.b.address)
            .with(call.c.address)
            .with(call.a.rows)
            .with(call.c.columns)
            .with(call.a.columns)
            .with(call.c.pitch_bytes)
            .with(call.group)
            .with(call.op)
            .with(call.ring);
        // SAFETY: the arguments are those of weft_gemm of gemm_mma.cu, in order; the rest is the caller's promise.
        unsafe { self.kernel.launch(stream, Shape { blocks, threads: PORTABLE_THREADS }, args) }
    }

    /// # Safety
    /// As [`launch`](Self::launch).
    unsafe fn launch_hopper(&self, stream: &CudaStream, call: &GemmCall) -> Result<(), CudaError> {
        let GemmForm { tile_columns, silu_mul } = self.form;
        let map_a = TensorMap::bf16(call.a, TILE_ROWS, STEP, self.gpu)?;
        let map_b = TensorMap::bf16(call.b, tile_columns / 2, STEP, self.gpu)?;
        let out_columns = if silu_mul { tile_columns / 2 } else { tile_columns };
        let row_tiles = call.a.rows.div_ceil(TILE_ROWS * CLUSTER);
        let tiles = row_tiles * call.c.columns.div_ceil(out_columns) * CLUSTER;
        let blocks = call.sms.map_or(tiles, |sms| (sms / CLUSTER * CLUSTER).clamp(CLUSTER, tiles));
        let args = Args::new()
            .with(map_a)
            .with(map_b)
            .with(call.c.address)
            .with(call.a.rows)
            .with(call.c.columns)
            .with(call.a.columns)
            .with(call.c.pitch_bytes)
            .with(call.group)
            .with(call.op)
            .with(call.ring)
            .with(call.error);
        // SAFETY: the arguments are those of weft_gemm, in order; the rest is the caller's promise.
        unsafe { self.kernel.launch(stream, Shape { blocks, threads: THREADS }, args) }
    }
}

/// Blocks of the portable kernel. They spread over SMs before they double up, so a product that must leave SMs to
/// others gets one for each of its own; one that has the GPU to itself fills it.
fn portable_blocks(form: GemmForm, call: &GemmCall, (sms, resident): (u32, u32)) -> u32 {
    let out_columns = if form.silu_mul { PORTABLE_TILE / 2 } else { PORTABLE_TILE };
    let tiles = call.a.rows.div_ceil(PORTABLE_TILE) * call.c.columns.div_ceil(out_columns);
    let allowed = match call.sms {
        Some(own) if own < sms => own,
        Some(_) => sms * resident,
        None => tiles,
    };
    allowed.clamp(1, tiles.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call((m, n): (u32, u32), sms: Option<u32>) -> GemmCall {
        let matrix = |rows, columns| Matrix { address: 0, rows, columns, pitch_bytes: 0 };
        let (a, b, c) = (matrix(m, 64), matrix(n, 64), matrix(m, n));
        GemmCall { a, b, c, sms, group: 8, op: 0, ring: 0, error: 0 }
    }

    #[test]
    fn the_portable_grid_keeps_to_its_sms() {
        let form = GemmForm { tile_columns: 256, silu_mul: false }.on(KernelFamily::Portable);
        let gated = GemmForm { silu_mul: true, ..form };
        assert_eq!(form.tile_columns, PORTABLE_TILE);
        let blocks = |form, shape, sms| portable_blocks(form, &call(shape, sms), (132, 2));
        assert_eq!(blocks(form, (4096, 8192), Some(124)), 124);
        assert_eq!(blocks(form, (4096, 8192), Some(132)), 264);
        assert_eq!(blocks(form, (4096, 8192), None), 32 * 64);
        assert_eq!(blocks(gated, (4096, 8192), None), 32 * 128);
        assert_eq!(blocks(form, (129, 129), Some(124)), 4);
        assert_eq!(blocks(form, (1, 8), Some(0)), 1);
    }
}
