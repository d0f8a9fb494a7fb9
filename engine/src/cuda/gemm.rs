use cudarc::driver::CudaStream;
use weftscope_kernels as kernels;

use super::{Args, CudaError, Device, Kernel, Matrix, Nvrtc, Shape, TensorMap};
use crate::{plan::Epilogue, split::own_shape};

/// Threads a block: one warpgroup that copies, two that multiply.
const THREADS: u32 = 384;
/// All the shared memory a block may have on Hopper; the kernel makes as many pipeline stages of it as fit.
const SMEM_BYTES: u32 = 232_448;
/// Rows of A in a tile.
const TILE_ROWS: u32 = 128;
/// Columns of K in a step of the pipeline.
const STEP: u32 = 64;

/// One compiled form of the Hopper matrix product, loaded on one device.
#[derive(Clone, Debug)]
pub struct Gemm {
    kernel: Kernel,
    form: GemmForm,
    gpu: u32,
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

    fn defines(self) -> Vec<String> {
        let mut defines =
            vec![format!("WEFT_BN={}", self.tile_columns), format!("WEFT_CLUSTER={CLUSTER}")];
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
        let program =
            kernels::find("gemm_sm90.cu").expect("registered, as kernels/tests/sources.rs holds");
        let compiled = nvrtc.compile(program, &form.defines(), device.arch(), stamps)?;
        let kernel = device.load(&compiled, program.entries[0], SMEM_BYTES)?;
        Ok(Self { kernel, form, gpu: device.info().index })
    }

    /// Puts the product on a stream.
    ///
    /// # Safety
    /// The matrices lie in memory of the stream's device, with the shapes stated, until the kernel has run; nothing
    /// else writes them meanwhile; `ring` and `error` are live or (the ring) 0.
    ///
    /// # Errors
    /// When the driver refuses a shape or the launch.
    pub unsafe fn launch(&self, stream: &CudaStream, call: &GemmCall) -> Result<(), CudaError> {
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
