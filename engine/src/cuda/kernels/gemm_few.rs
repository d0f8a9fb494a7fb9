//! GEMMs of few rows, bound by memory: `gemm_few_sm90.cu`.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    GemmCall, Loader, TensorMap,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::{
    cuda::driver::{CudaError, Shape},
    plan::{Cluster, Epilogue, GemmShape},
    split::{FEW_BLOCK, few_rows},
};

/// Rows of B in a tile, and in a box of the copy engine.
const TILE_COLUMNS: u32 = 128;
const BOX_ROWS: u32 = TILE_COLUMNS / 2;
/// Columns of K in a step of the pipeline.
const STEP: u32 = 64;

arguments! {
    FewArguments of "gemm_few_sm90.cu": "weft_gemm_few";
    map_a: TensorMap,
    map_b: TensorMap,
    c: Pointer,
    m: u32,
    n: u32,
    k: u32,
    pitch: u64,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<FewArguments>()];

/// What is fixed when the kernel is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::cuda) struct FewForm {
    /// Rows of A in a tile (`WEFT_ROWS`): 16, 32, 64 or 128.
    pub(in crate::cuda) rows: u32,
    /// Slices of K (`WEFT_PARTS`): 1, 2, 4 or 8.
    pub(in crate::cuda) parts: u32,
    /// SiLU·mul or none.
    pub(in crate::cuda) epilogue: Epilogue,
}

impl FewForm {
    /// For the launch of a plan, where that is of few rows: with its slices of K, as far as blocks of a cluster go, also where the
    /// plan was made for a library's kernels.
    pub(in crate::cuda) fn of(shape: &GemmShape, epilogue: Epilogue) -> Option<Self> {
        if shape.groups > 1 || !matches!(shape.cluster, Cluster::Slices | Cluster::Alone) {
            return None;
        }
        let rows = few_rows(shape.m, epilogue)?;
        let parts = 1 << shape.split_k.clamp(1, 8).ilog2();
        Some(Self { rows, parts, epilogue })
    }

    /// Blocks of an output `[m, n]`.
    pub(in crate::cuda) fn blocks(self, m: u32, n: u32) -> u32 {
        let columns =
            if self.epilogue == Epilogue::SiluMul { TILE_COLUMNS / 2 } else { TILE_COLUMNS };
        m.div_ceil(self.rows) * n.div_ceil(columns) * self.parts
    }

    fn defines(self) -> Vec<String> {
        let mut defines =
            vec![format!("WEFT_ROWS={}", self.rows), format!("WEFT_PARTS={}", self.parts)];
        if self.epilogue == Epilogue::SiluMul {
            defines.push("WEFT_SILU_MUL".to_owned());
        }
        defines
    }
}

/// One compiled form, loaded on one device.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct GemmFew {
    entry: Entry<FewArguments>,
    form: FewForm,
    gpu: u32,
}

impl GemmFew {
    pub(in crate::cuda) fn load(loader: Loader<'_>, form: FewForm) -> Result<Self, CudaError> {
        let (entry, smem_bytes) = ("weft_gemm_few", FEW_BLOCK.smem_bytes);
        let source =
            Source { file: "gemm_few_sm90.cu", entry, defines: &form.defines(), smem_bytes };
        let gpu = loader.device().info().index;
        Ok(Self { entry: Entry::load(loader, source)?, form, gpu })
    }

    /// Puts it on a stream; of the call, what is said of SMs and groups does not count.
    ///
    /// # Errors
    /// When the driver refuses a shape or the launch.
    pub(in crate::cuda) fn launch(
        &self,
        stream: &CudaStream,
        call: &GemmCall<'_>,
    ) -> Result<(), CudaError> {
        let arguments = FewArguments {
            map_a: TensorMap::bf16(call.a, self.form.rows, STEP, self.gpu)?,
            map_b: TensorMap::bf16(call.b, BOX_ROWS, STEP, self.gpu)?,
            c: call.c.data.into(),
            m: call.a.rows,
            n: call.c.columns,
            k: call.a.columns,
            pitch: call.c.pitch_bytes,
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        };
        let blocks = self.form.blocks(call.a.rows, call.c.columns);
        self.entry.launch(stream, Shape::line(blocks, FEW_BLOCK.threads), arguments)
    }
}
