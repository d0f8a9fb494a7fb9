//! One rank: its GPU, its kernels, its memory.

use weftscope_kernels::abi::PAD_WORDS;

use super::{
    attention::tiles,
    layout::Sizes,
    programs::{Loader, Programs},
};
use crate::{
    cuda::{Args, Buffer, CudaError, Device, Matrix, Recording, Shape},
    plan::{OpWork, Plan},
};

/// Blocks of a collective at most, each with a pad of its own.
const MAX_COLLECTIVE_BLOCKS: usize = 256;

/// Weights of one layer.
#[derive(Debug)]
pub(super) struct LayerWeights {
    pub(super) qkv: Buffer,
    pub(super) o_proj: Buffer,
    pub(super) gate_up: Buffer,
    pub(super) down: Buffer,
}

/// Activations and what describes the batch. All bf16 matrices are dense and row-major.
#[derive(Debug)]
pub(super) struct Activations {
    /// `[rows, hidden]`, reached by peers.
    pub(super) hidden: Buffer,
    /// `[rows, hidden]`; only the own token shard means anything once the stream is sharded.
    pub(super) residual: Buffer,
    /// `[rows, (heads + 2 kv_heads) · 128]`.
    pub(super) qkv: Buffer,
    /// `[rows, heads · 128]`.
    pub(super) attended: Buffer,
    /// `[rows, 2 · intermediate]`.
    pub(super) gate_up: Buffer,
    /// `[rows, intermediate]`.
    pub(super) gated: Buffer,
    /// `[sequences, hidden]`: the rows that get logits.
    pub(super) last: Buffer,
    /// `[sequences, vocab]`.
    pub(super) logits: Buffer,
    /// `[rows]` u32.
    pub(super) ids: Buffer,
    /// `[rows]` u32.
    pub(super) positions: Buffer,
    /// `[sequences]` u32: row of each sequence's last token.
    pub(super) last_rows: Buffer,
    /// `[positions, 64]` of (cos, sin).
    pub(super) rope: Buffer,
    /// Signal pads of collectives, reached by peers.
    pub(super) pads: Buffer,
}

/// One rank.
#[derive(Debug)]
pub(super) struct Rank {
    pub(super) device: Device,
    pub(super) programs: Programs,
    pub(super) act: Activations,
    pub(super) layers: Vec<LayerWeights>,
    pub(super) embedding: Buffer,
    pub(super) lm_head: Buffer,
    pub(super) gamma: Buffer,
    /// Tiles of each attention op: op index, tiles, count.
    pub(super) tiles: Vec<(u32, Buffer, u32)>,
    pub(super) recording: Recording,
    pub(super) sizes: Sizes,
    /// Ranks of the plan.
    pub(super) ranks: u32,
}

impl Rank {
    /// Compiles, allocates and fills everything a plan needs on one rank; `sms[op]` are the SMs an op may use.
    pub(super) fn prepare(plan: &Plan, loader: Loader<'_>, sms: &[u32]) -> Result<Self, CudaError> {
        let sizes = Sizes::of(plan).expect("the plan was made for this degree");
        let device = loader.device;
        let programs = Programs::load(loader, plan, &sizes, sms)?;
        let random = Random { device, programs: &programs, seed: plan.spec.knobs.seed };
        let layers = (0..sizes.layers)
            .map(|layer| random.layer(layer, &sizes))
            .collect::<Result<Vec<_>, _>>()?;
        let (hidden, vocab) = (sizes.shard.hidden as usize, sizes.shard.vocab as usize);
        let ones = vec![0x3f80u16; hidden];
        Ok(Self {
            act: Activations::new(plan, device, &sizes)?,
            layers,
            embedding: random.matrix(vocab * hidden, 1.0, 1)?,
            lm_head: random.matrix(vocab * hidden, 0.02, 2)?,
            gamma: Buffer::from_host(device, &ones)?,
            tiles: attention_tiles(plan, device, &sizes)?,
            recording: Recording::new(device, super::prepared::ring_capacity(plan))?,
            device: device.clone(),
            ranks: plan.ranks,
            sizes,
            programs,
        })
    }

    /// A dense bf16 matrix: `rows` from `first` on of a buffer with `columns`, its columns from `column` on.
    pub(super) fn matrix(buffer: &Buffer, (first, rows): (u32, u32), columns: u32) -> Matrix {
        let pitch_bytes = u64::from(columns) * 2;
        Matrix {
            address: buffer.address() + u64::from(first) * pitch_bytes,
            rows,
            columns,
            pitch_bytes,
        }
    }
}

impl Activations {
    fn new(plan: &Plan, device: &Device, sizes: &Sizes) -> Result<Self, CudaError> {
        let shard = &sizes.shard;
        let bf16 =
            |rows: u32, columns: u32| Buffer::zeros(device, rows as usize * columns as usize * 2);
        let requests = &plan.spec.batch.requests;
        let sequences = requests.len().max(1) as u32;
        let mut positions = Vec::with_capacity(sizes.rows as usize);
        let mut last_rows = Vec::new();
        for request in requests {
            positions.extend(0..request.new_tokens);
            last_rows.push(positions.len() as u32 - 1);
        }
        let longest = positions.iter().copied().max().unwrap_or(0) + 1;
        positions.resize(sizes.rows as usize, 0);
        // Any ids will do; a multiplicative walk visits the vocabulary without repeating soon.
        let vocab = plan.spec.model.vocab.max(1);
        let ids: Vec<u32> =
            (0..sizes.rows).map(|row| row.wrapping_mul(2_654_435_761) % vocab).collect();
        Ok(Self {
            hidden: bf16(sizes.rows, shard.hidden)?,
            residual: bf16(sizes.rows, shard.hidden)?,
            qkv: bf16(sizes.rows, shard.qkv_columns())?,
            attended: bf16(sizes.rows, shard.heads * shard.head_dim)?,
            gate_up: bf16(sizes.rows, 2 * sizes.intermediate)?,
            gated: bf16(sizes.rows, sizes.intermediate)?,
            last: bf16(sequences, shard.hidden)?,
            logits: bf16(sequences, shard.vocab)?,
            ids: Buffer::from_host(device, &ids)?,
            positions: Buffer::from_host(device, &positions)?,
            last_rows: Buffer::from_host(device, &last_rows)?,
            rope: Buffer::from_host(device, &rope_table(longest, plan.spec.model.rope_theta))?,
            pads: Buffer::zeros(device, MAX_COLLECTIVE_BLOCKS * PAD_WORDS * 4)?,
        })
    }
}

/// `[positions, 64]` of (cos, sin) for head size 128.
fn rope_table(positions: u32, theta: f64) -> Vec<f32> {
    (0..positions)
        .flat_map(|position| {
            (0..64).flat_map(move |i| {
                let (sin, cos) = (f64::from(position) * theta.powf(-f64::from(i) / 64.0)).sin_cos();
                [cos as f32, sin as f32]
            })
        })
        .collect()
}

fn attention_tiles(
    plan: &Plan,
    device: &Device,
    sizes: &Sizes,
) -> Result<Vec<(u32, Buffer, u32)>, CudaError> {
    let mut uploaded = Vec::new();
    for op in plan.ops.iter().filter(|op| matches!(op.work, OpWork::Attention { .. })) {
        let rows = sizes.rows_of(op);
        let list = tiles(&plan.spec.batch, rows.first, (rows.first + rows.rows).min(sizes.tokens));
        let words: Vec<u32> =
            list.iter().flat_map(|t| [t.first, t.rows, t.position, t.sequence]).collect();
        uploaded.push((op.id.0, Buffer::from_host(device, &words)?, list.len() as u32));
    }
    Ok(uploaded)
}

/// Fills weights on the device.
struct Random<'a> {
    device: &'a Device,
    programs: &'a Programs,
    seed: u64,
}

impl Random<'_> {
    fn layer(&self, layer: u32, sizes: &Sizes) -> Result<LayerWeights, CudaError> {
        let shard = &sizes.shard;
        let hidden = shard.hidden as usize;
        let stream = 16 + u64::from(layer) * 4;
        let heads = (shard.heads * shard.head_dim) as usize;
        let intermediate = sizes.intermediate as usize;
        Ok(LayerWeights {
            qkv: self.matrix(shard.qkv_columns() as usize * hidden, 0.02, stream)?,
            o_proj: self.matrix(hidden * heads, 0.02, stream + 1)?,
            gate_up: self.matrix(2 * intermediate * hidden, 0.02, stream + 2)?,
            down: self.matrix(hidden * intermediate, 0.02, stream + 3)?,
        })
    }

    /// `len` bf16 numbers in −scale…scale; each rank draws its own, as each has its own shard.
    fn matrix(&self, len: usize, scale: f32, stream: u64) -> Result<Buffer, CudaError> {
        let len8 = len.div_ceil(8);
        let buffer = Buffer::zeros(self.device, len8 * 16)?;
        let seed = self.seed ^ (stream << 8) ^ u64::from(self.device.info().index);
        let args = Args::new().with(buffer.address()).with(len8 as u64).with(seed).with(scale);
        let shape = Shape { blocks: 1024, threads: 256 };
        // SAFETY: the arguments are those of weft_random; the buffer is as long as stated and synchronised below.
        unsafe { self.programs.random.launch(self.device.compute(), shape, args) }?;
        self.device.synchronize()?;
        Ok(buffer)
    }
}
