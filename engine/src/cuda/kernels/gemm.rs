//! GEMMs: `gemm_sm90.cu` with its SiLU·mul epilogue, and the portable twin.

use cudarc::driver::CudaStream;

#[cfg(test)]
use super::arguments::List;
use super::{
    Loader, MAX_EXPERTS, Matrix, TensorMap,
    arguments::{Entry, Pointer, arguments},
    source::Source,
};
use crate::{
    cuda::{
        driver::{CudaError, DevicePtr, KernelFamily, Shape},
        stamps::OpRecording,
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

arguments! {
    HopperArguments of "gemm_sm90.cu": "weft_gemm";
    map_a: TensorMap,
    map_b: TensorMap,
    c: Pointer,
    m: u32,
    n: u32,
    k: u32,
    pitch: u64,
    group: u32,
    first_rows: Pointer,
    groups: u32,
    taken: Pointer,
    a: Pointer,
    pitch_a: u64,
    rows: Pointer,
    op: u32,
    ring: Pointer,
    error: Pointer,
}

arguments! {
    PortableArguments of "gemm_mma.cu": "weft_gemm";
    a: Pointer,
    all_b: Pointer,
    c: Pointer,
    m: u32,
    n: u32,
    k: u32,
    pitch_a: u64,
    pitch_b: u64,
    pitch: u64,
    group: u32,
    first_rows: Pointer,
    groups: u32,
    rows: Pointer,
    op: u32,
    ring: Pointer,
}

#[cfg(test)]
pub(super) const LISTS: &[List] = &[List::of::<HopperArguments>(), List::of::<PortableArguments>()];

/// One compiled form of the GEMM, loaded on one device.
#[derive(Clone, Debug)]
pub struct Gemm {
    twin: Twin,
    form: GemmForm,
    gpu: u32,
    /// SMs of the device.
    sms: u32,
}

#[derive(Clone, Debug)]
enum Twin {
    Hopper(Entry<HopperArguments>),
    Portable {
        entry: Entry<PortableArguments>,
        /// Blocks that an SM holds at once.
        resident: u32,
    },
}

/// What is fixed when the GEMM is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GemmForm {
    /// Rows of B in a tile (`WEFT_BN`): 128, 160, 192, 224 or 256.
    pub tile_columns: u32,
    /// What becomes of the sums (`WEFT_SILU_MUL`, `WEFT_F32_OUT`).
    pub epilogue: Epilogue,
    /// Matrices of a launch.
    pub grouping: Grouping,
}

/// What a launch multiplies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grouping {
    /// One matrix.
    One,
    /// Several, of uneven heights, whose rows follow one another (`WEFT_GROUPED`).
    Grouped,
    /// The same, whose rows lie anywhere in A (`WEFT_GATHERED`).
    Gathered,
}

/// Blocks that share a tile of B (`WEFT_CLUSTER`).
const CLUSTER: u32 = 2;

/// What an epilogue is compiled with.
pub(super) fn define_of(epilogue: Epilogue) -> Option<String> {
    match epilogue {
        Epilogue::Plain => None,
        Epilogue::SiluMul => Some("WEFT_SILU_MUL".to_owned()),
        Epilogue::F32 => Some("WEFT_F32_OUT".to_owned()),
    }
}

impl GemmForm {
    /// The plain form whose tiles fill the waves of an `[m, n]` output, or of one for each of `experts`, on `sms` SMs best.
    pub fn fitting((m, n): (u32, u32), experts: Option<u32>, sms: u32) -> Self {
        Self {
            tile_columns: own_shape((m, n, STEP), experts, sms, Epilogue::Plain).tile_n,
            epilogue: Epilogue::Plain,
            grouping: experts.map_or(Grouping::One, |_| Grouping::Grouped),
        }
    }

    /// Columns of C in a tile.
    pub(in crate::cuda) fn columns(self) -> u32 {
        match self.epilogue {
            Epilogue::SiluMul => self.tile_columns / 2,
            Epilogue::Plain | Epilogue::F32 => self.tile_columns,
        }
    }

    /// Tiles at most, where `groups` matrices have `m` rows in all and C has `n` columns.
    fn most_tiles(self, (m, n): (u32, u32), groups: u32) -> u32 {
        (m / (TILE_ROWS * CLUSTER) + groups) * CLUSTER * n.div_ceil(self.columns())
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
        defines.extend(define_of(self.epilogue));
        let grouping: &[&str] = match self.grouping {
            Grouping::One => &[],
            Grouping::Grouped => &["WEFT_GROUPED"],
            Grouping::Gathered => &["WEFT_GROUPED", "WEFT_GATHERED"],
        };
        defines.extend(grouping.iter().map(|&define| define.to_owned()));
        defines
    }
}

/// `c [m, n] = a [m, k] · b [n, k]ᵀ`, all bf16 but for fp32 scores in `c`; with SiLU·mul `b` has `2n` rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmCall<'a> {
    /// Activations.
    pub a: Matrix<'a>,
    /// Weights.
    pub b: Matrix<'a>,
    /// Output.
    pub c: Matrix<'a>,
    /// SMs it may use, as a persistent kernel; `None`: a block a tile.
    pub sms: Option<u32>,
    /// Tile rows that are walked down together before moving right, so that tiles in flight share operands in L2.
    pub group: u32,
    /// Of the grouped form: `b` has the rows of one matrix after those of another.
    pub groups: Option<Groups<'a>>,
    /// What it writes down, and under which op.
    pub recording: OpRecording<'a>,
}

/// Matrices in one launch, and where the rows of each begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Groups<'a> {
    /// How many.
    pub count: u32,
    /// `[count + 1]` u32, ascending: matrix `g` has rows `first_rows[g]..first_rows[g + 1]` of A and C.
    pub first_rows: DevicePtr<'a>,
    /// u32, zero when the launch begins: tiles that its clusters have taken beyond the first of each.
    pub taken: DevicePtr<'a>,
    /// `[rows of C]` u32: the row of A that each multiplies, where A's do not follow one another.
    pub rows: Option<DevicePtr<'a>>,
}

impl<'a> GemmCall<'a> {
    fn first_rows(&self) -> Option<DevicePtr<'a>> {
        self.groups.map(|groups| groups.first_rows)
    }

    fn rows(&self) -> Option<DevicePtr<'a>> {
        self.groups.and_then(|groups| groups.rows)
    }

    fn count(&self) -> u32 {
        self.groups.map_or(1, |groups| groups.count)
    }
}

impl Gemm {
    /// Compiles a form, as the device's family has it, and loads it.
    ///
    /// # Errors
    /// [`CudaError`] from the compiler or the driver.
    pub fn load(loader: Loader<'_>, form: GemmForm) -> Result<Self, CudaError> {
        let (info, family) = (loader.device().info(), loader.device().family());
        let form = form.on(family);
        let defines = &form.defines(family);
        let source = |file, smem_bytes| Source { file, entry: "weft_gemm", defines, smem_bytes };
        let twin = match family {
            KernelFamily::Hopper => {
                Twin::Hopper(Entry::load(loader, source("gemm_sm90.cu", SMEM_BYTES))?)
            }
            KernelFamily::Portable => {
                let entry = Entry::load(loader, source("gemm_mma.cu", PORTABLE_SMEM_BYTES))?;
                let resident = entry.blocks_per_sm(PORTABLE_THREADS)?.max(1);
                Twin::Portable { entry, resident }
            }
        };
        Ok(Self { twin, form, gpu: info.index, sms: info.sms })
    }

    /// As it was compiled for the device's family.
    pub fn form(&self) -> GemmForm {
        self.form
    }

    /// Puts the GEMM on a stream of the device it was loaded on.
    ///
    /// # Errors
    /// When the driver refuses a shape or the launch.
    pub fn launch(&self, stream: &CudaStream, call: &GemmCall<'_>) -> Result<(), CudaError> {
        match &self.twin {
            Twin::Hopper(entry) => {
                let shape = Shape::line(self.hopper_blocks(call), THREADS);
                entry.launch(stream, shape, self.hopper(call)?)
            }
            Twin::Portable { entry, resident } => {
                let blocks = portable_blocks(self.form, call, (self.sms, *resident));
                entry.launch(stream, Shape::line(blocks, PORTABLE_THREADS), portable(call))
            }
        }
    }

    fn hopper(&self, call: &GemmCall<'_>) -> Result<HopperArguments, CudaError> {
        assert!(call.count() <= MAX_EXPERTS, "more matrices than a block has room to list");
        // Grouped tiles may have half the rows.
        let box_rows = match self.form.grouping {
            Grouping::One => TILE_ROWS,
            Grouping::Grouped | Grouping::Gathered => TILE_ROWS / 2,
        };
        Ok(HopperArguments {
            map_a: TensorMap::bf16(call.a, box_rows, STEP, self.gpu)?,
            map_b: TensorMap::bf16(call.b, self.form.tile_columns / 2, STEP, self.gpu)?,
            c: call.c.data.into(),
            m: call.a.rows,
            n: call.c.columns,
            k: call.a.columns,
            pitch: call.c.pitch_bytes,
            group: call.group,
            first_rows: call.first_rows().into(),
            groups: call.count(),
            taken: call.groups.map(|groups| groups.taken).into(),
            a: call.a.data.into(),
            pitch_a: call.a.pitch_bytes,
            rows: call.rows().into(),
            op: call.recording.op,
            ring: call.recording.ring.into(),
            error: call.recording.error.into(),
        })
    }

    /// Whole clusters: one for each tile, or as many as its SMs hold.
    fn hopper_blocks(&self, call: &GemmCall<'_>) -> u32 {
        let (form, m, n) = (self.form, call.c.rows, call.c.columns);
        let tiles = match call.groups {
            Some(groups) => form.most_tiles((m, n), groups.count),
            None => m.div_ceil(TILE_ROWS * CLUSTER) * n.div_ceil(form.columns()) * CLUSTER,
        };
        call.sms.map_or(tiles, |sms| (sms / CLUSTER * CLUSTER).clamp(CLUSTER, tiles))
    }
}

fn portable(call: &GemmCall<'_>) -> PortableArguments {
    PortableArguments {
        a: call.a.data.into(),
        all_b: call.b.data.into(),
        c: call.c.data.into(),
        m: call.a.rows,
        n: call.c.columns,
        k: call.a.columns,
        pitch_a: call.a.pitch_bytes,
        pitch_b: call.b.pitch_bytes,
        pitch: call.c.pitch_bytes,
        group: call.group,
        first_rows: call.first_rows().into(),
        groups: call.count(),
        rows: call.rows().into(),
        op: call.recording.op,
        ring: call.recording.ring.into(),
    }
}

/// Blocks of the portable kernel. They spread over SMs before they double up, so a GEMM that must leave SMs to
/// others gets one for each of its SMs; one that has the whole GPU fills it.
fn portable_blocks(form: GemmForm, call: &GemmCall<'_>, (sms, resident): (u32, u32)) -> u32 {
    let row_tiles = match call.groups {
        Some(groups) => call.c.rows / PORTABLE_TILE + groups.count,
        None => call.c.rows.div_ceil(PORTABLE_TILE),
    };
    let tiles = row_tiles * call.c.columns.div_ceil(form.columns());
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
    use crate::cuda::driver::DevicePtr;

    fn call((m, n): (u32, u32), sms: Option<u32>) -> GemmCall<'static> {
        let data = DevicePtr::nowhere();
        let (a, b, c) =
            (Matrix::dense(data, m, 64), Matrix::dense(data, n, 64), Matrix::dense(data, m, n));
        let recording = OpRecording { op: 0, ring: None, error: data };
        GemmCall { a, b, c, sms, group: 8, groups: None, recording }
    }

    /// Widths measured best on H200 (kernels/NOTES.md): QKV of eight shards fits one wave of 160-wide tiles.
    #[test]
    fn widths_fill_waves() {
        assert_eq!(GemmForm::fitting((2048, 1280), None, 132).tile_columns, 160);
        assert_eq!(GemmForm::fitting((2048, 28672), None, 132).tile_columns, 256);
    }

    #[test]
    fn the_portable_grid_keeps_to_its_sms() {
        let form = GemmForm::fitting((4096, 8192), None, 132).on(KernelFamily::Portable);
        let gated = GemmForm { epilogue: Epilogue::SiluMul, ..form };
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
