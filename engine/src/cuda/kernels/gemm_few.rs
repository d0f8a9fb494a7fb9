//! GEMMs of few rows, bound by memory: `gemm_few_sm90.cu`.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    GemmCall, Loader, TensorMap,
    arguments::{Entry, Pointer, arguments},
    gemm::define_of,
    source::Source,
};
use crate::{
    cuda::driver::{CudaError, Shape},
    plan::{Cluster, Epilogue, GemmShape},
    split::{few_block, own_shape},
};

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
    /// Rows of A in a tile (`WEFT_ROWS`): 16, 32, 64, 96, 128, 160, 192, 224 or 256.
    pub(in crate::cuda) rows: u32,
    /// Rows of B in a tile (`WEFT_COLUMNS`): 64 or 128.
    pub(in crate::cuda) columns: u32,
    /// Slices of K (`WEFT_PARTS`): 1, 2, 4 or 8.
    pub(in crate::cuda) parts: u32,
    /// What becomes of the sums (`WEFT_SILU_MUL`, `WEFT_F32_OUT`).
    pub(in crate::cuda) epilogue: Epilogue,
}

impl FewForm {
    /// For the launch of a plan, where that is of few rows; where the plan was made for a library's kernels, as `sms` SMs do it best.
    pub(in crate::cuda) fn of(shape: &GemmShape, epilogue: Epilogue, sms: u32) -> Option<Self> {
        let own = match shape.cluster {
            Cluster::Slices => *shape,
            Cluster::Alone if shape.groups == 1 => {
                own_shape((shape.m, shape.n, shape.k), None, sms, epilogue)
            }
            Cluster::Alone
            | Cluster::Rows
            | Cluster::Uneven
            | Cluster::Gathered
            | Cluster::Padded => return None,
        };
        let form = Self { rows: own.tile_m, columns: own.tile_n, parts: own.split_k, epilogue };
        (own.cluster == Cluster::Slices).then_some(form)
    }

    /// Blocks of an output `[m, n]`.
    pub(in crate::cuda) fn blocks(self, m: u32, n: u32) -> u32 {
        let columns = if self.gates() { self.columns / 2 } else { self.columns };
        m.div_ceil(self.rows) * n.div_ceil(columns) * self.parts
    }

    fn gates(self) -> bool {
        self.epilogue == Epilogue::SiluMul
    }

    fn defines(self) -> Vec<String> {
        let Self { rows, columns, parts, .. } = self;
        let mut defines = vec![
            format!("WEFT_ROWS={rows}"),
            format!("WEFT_COLUMNS={columns}"),
            format!("WEFT_PARTS={parts}"),
        ];
        defines.extend(define_of(self.epilogue));
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
        let (entry, smem_bytes) = ("weft_gemm_few", few_block(form.rows, form.columns).smem_bytes);
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
        let (form, gpu) = (self.form, self.gpu);
        let map_b = match form.gates() {
            true => TensorMap::bf16_of_halves(call.b, form.columns / 16, STEP, gpu)?,
            false => TensorMap::bf16(call.b, form.columns, STEP, gpu)?,
        };
        let arguments = FewArguments {
            map_a: TensorMap::bf16(call.a, form.rows, STEP, gpu)?,
            map_b,
            c: call.c.data.into(),
            m: call.a.rows,
            n: call.c.columns,
            k: call.a.columns,
            pitch: call.c.pitch_bytes,
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        };
        let blocks = form.blocks(call.a.rows, call.c.columns);
        self.entry.launch(
            stream,
            Shape::line(blocks, few_block(form.rows, form.columns).threads),
            arguments,
        )
    }
}
