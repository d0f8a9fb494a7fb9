//! Ops that one GPU does by itself.

use super::{
    layout::{HEAD_DIM, Rows},
    programs::gemm_form,
    rank::Rank,
    weights::LayerWeights,
};
use crate::{
    cuda::{
        driver::{Args, Buffer, CudaError, Kernel, Shape},
        kernels::{GemmCall, Matrix},
    },
    plan::{Epilogue, Op, OpRole, OpWork, Phase, Split},
};

/// Tile rows that a matrix product walks down before it moves right.
const GEMM_GROUP: u32 = 8;

/// Launches ops of one rank on its compute stream.
pub(super) struct Compute<'a> {
    pub(super) rank: &'a Rank,
    pub(super) index: u32,
    /// SMs that the plan leaves to the op.
    pub(super) sms: u32,
}

impl Compute<'_> {
    /// Launches a compute op by its role.
    ///
    /// # Errors
    /// What the driver refuses, or [`CudaError::NoKernel`].
    pub(super) fn launch(&self, op: &Op) -> Result<(), CudaError> {
        let rank = self.rank;
        let rows = rank.sizes.rows_of(op);
        let shard = &rank.sizes.shard;
        let (hidden, heads) = (shard.hidden, shard.heads * HEAD_DIM);
        let act = &rank.act;
        let m = |buffer, columns| Rank::matrix(buffer, (rows.first, rows.rows), columns);
        let w = |buffer, n, k| Rank::matrix(buffer, (0, n), k);
        match op.role {
            OpRole::Embed => self.embed(op, rows),
            OpRole::Qkv => {
                let l = self.layer(op)?;
                let n = shard.qkv_columns();
                self.gemm(op, m(&act.hidden, hidden), w(&l.qkv, n, hidden), m(&act.qkv, n))
            }
            OpRole::QkNorm => self.qk_norm(op, rows, self.layer(op)?),
            OpRole::RopeKv => self.rope(op, rows, self.layer(op)?),
            OpRole::Attention => self.attention(op, op.layer.unwrap_or(0)),
            OpRole::OProj => self.gemm(
                op,
                m(&act.attended, heads),
                w(&self.layer(op)?.o_proj, hidden, heads),
                m(&act.hidden, hidden),
            ),
            OpRole::FirstNorm => self.norm(op, rows, &rank.programs.first_norm),
            OpRole::AddNorm => self.norm(op, rows, &rank.programs.add_norm),
            OpRole::GateUp => {
                let l = self.layer(op)?;
                let n = 2 * rank.sizes.intermediate;
                let out = match &op.work {
                    OpWork::Gemm(shape) if shape.epilogue == Epilogue::SiluMul => {
                        m(&act.gated, n / 2)
                    }
                    _ => m(&act.gate_up, n),
                };
                self.gemm(op, m(&act.hidden, hidden), w(&l.gate_up, n, hidden), out)
            }
            OpRole::SiluMul => self.silu_mul(op, rows),
            OpRole::Down => {
                let l = self.layer(op)?;
                let k = rank.sizes.intermediate;
                self.gemm(op, m(&act.gated, k), w(&l.down, hidden, k), m(&act.hidden, hidden))
            }
            OpRole::LmHead => self.lm_head(op),
            // The executor refuses plans of mixtures of experts, and collectives are launched elsewhere.
            OpRole::Router
            | OpRole::TopK
            | OpRole::ExpertsW13
            | OpRole::ExpertsW2
            | OpRole::SharedGateUp
            | OpRole::SharedSiluMul
            | OpRole::SharedDown
            | OpRole::MoeSum
            | OpRole::Collective(_) => Err(CudaError::NoKernel { op: op.role.name() }),
        }
    }

    /// The weights of the layer that an op belongs to.
    fn layer(&self, op: &Op) -> Result<&LayerWeights, CudaError> {
        let weights = op.layer.and_then(|layer| self.rank.weights.layers.get(layer as usize));
        weights.ok_or(CudaError::NoKernel { op: op.role.name() })
    }

    fn gemm(&self, op: &Op, a: Matrix, b: Matrix, c: Matrix) -> Result<(), CudaError> {
        let rank = self.rank;
        let form =
            gemm_form(op, self.sms, rank.device.family()).map(|form| &rank.programs.gemms[&form]);
        let form = form.expect("loaded for every product of the plan");
        let call = GemmCall {
            a,
            b,
            c,
            sms: Some(self.sms),
            group: GEMM_GROUP,
            op: op.id.0,
            ring: rank.recording.ring_address(),
            error: rank.recording.error_address(),
        };
        // SAFETY: the matrices are rows of buffers that live as long as the rank; stream order and the plan's
        // dependencies keep two ops from writing the same rows at one time.
        unsafe { form.launch(rank.device.compute(), &call) }
    }

    fn embed(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let row_bytes = u64::from(shard.hidden) * 2;
        let args = Args::new()
            .with(rank.inputs.ids.address() + u64::from(rows.first) * 4)
            .with(rank.weights.embedding.address())
            .with(rank.act.hidden.address() + u64::from(rows.first) * row_bytes)
            .with(rows.rows)
            .with(shard.hidden / 8)
            .with(self.index * shard.vocab)
            .with(shard.vocab);
        self.elementwise(&rank.programs.embedding, op, args)
    }

    fn qk_norm(&self, op: &Op, rows: Rows, layer: &LayerWeights) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let row_bytes = u64::from(shard.qkv_columns()) * 2;
        let kernel = rank.programs.qk_norm.as_ref().expect("loaded where the plan has the op");
        let args = Args::new()
            .with(rank.act.qkv.address() + u64::from(rows.first) * row_bytes)
            .with(layer.qk_norm.as_ref().map_or(0, Buffer::address))
            .with(rank.sizes.live(rows).rows)
            .with(shard.heads)
            .with(shard.kv_heads)
            .with(rank.sizes.rms_eps);
        self.elementwise(kernel, op, args)
    }

    fn rope(&self, op: &Op, rows: Rows, layer: &LayerWeights) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let row_bytes = u64::from(shard.qkv_columns()) * 2;
        let [keys, values] = match &rank.cache {
            Some(cache) => cache.layer(op.layer.unwrap_or(0)).map(|matrix| matrix.address),
            None => [0; 2],
        };
        let slots = rank.inputs.slots.as_ref();
        let args = Args::new()
            .with(rank.act.qkv.address() + u64::from(rows.first) * row_bytes)
            .with(rank.inputs.rope.address())
            .with(rank.inputs.positions.address() + u64::from(rows.first) * 4)
            .with(slots.map_or(0, |slots| slots.address() + u64::from(rows.first) * 4))
            .with(keys)
            .with(values)
            .with(layer.qkv_bias.as_ref().map_or(0, Buffer::address))
            .with(rank.sizes.live(rows).rows)
            .with(shard.heads)
            .with(shard.kv_heads);
        self.elementwise(&rank.programs.rope, op, args)
    }

    fn silu_mul(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let (rank, width) = (self.rank, self.rank.sizes.intermediate);
        let first = u64::from(rows.first) * u64::from(width) * 2;
        let args = Args::new()
            .with(rank.act.gate_up.address() + 2 * first)
            .with(rank.act.gated.address() + first)
            .with(rows.rows)
            .with(width / 8);
        self.elementwise(&rank.programs.silu_mul, op, args)
    }

    /// Over all rows of the op, or over the own shard where the plan cut them (the head's split 1).
    fn norm(&self, op: &Op, rows: Rows, kernel: &Kernel) -> Result<(), CudaError> {
        let (rank, hidden) = (self.rank, self.rank.sizes.shard.hidden);
        let rows = self.normed_rows(op, rows);
        let first = u64::from(rows.first) * u64::from(hidden) * 2;
        let args = Args::new()
            .with(rank.act.hidden.address() + first)
            .with(rank.act.residual.address() + first)
            .with(rank.gamma(op))
            .with(rank.act.hidden.address() + first)
            .with(rows.rows)
            .with(rank.sizes.rms_eps);
        self.elementwise(kernel, op, args)
    }

    /// Logits of each sequence's last token: its rows gathered first, then multiplied.
    fn lm_head(&self, op: &Op) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let (sequences, columns) = (rank.inputs.sequences, rank.sizes.logit_columns());
        let gather = Args::new()
            .with(rank.inputs.last_rows.address())
            .with(rank.act.hidden.address())
            .with(rank.act.last.address())
            .with(sequences)
            .with(shard.hidden / 8)
            .with(0u32)
            .with(rank.sizes.rows);
        self.elementwise(&rank.programs.embedding, op, gather)?;
        let matrix = |buffer, rows, columns| Rank::matrix(buffer, (0, rows), columns);
        self.gemm(
            op,
            matrix(&rank.act.last, sequences, shard.hidden),
            matrix(&rank.weights.lm_head, columns, shard.hidden),
            matrix(&rank.act.logits, sequences, columns),
        )
    }

    /// Rows that a norm op covers: all of its split, but in the weave's head split 1 has only been reduce-scattered,
    /// and each rank norms its own token shard before the all-gather.
    fn normed_rows(&self, op: &Op, rows: Rows) -> Rows {
        if op.role == OpRole::FirstNorm && op.phase == Phase::Head && op.split == Split::Second {
            return rows.shard(self.index, self.rank.ranks);
        }
        rows
    }

    /// A grid-stride kernel with the op's own grid; op id and ring are appended.
    fn elementwise(&self, kernel: &Kernel, op: &Op, args: Args) -> Result<(), CudaError> {
        let args = args.with(op.id.0).with(self.rank.recording.ring_address());
        let shape = Shape { blocks: op.grid.max(1), threads: 256 };
        // SAFETY: callers pass the kernel's own arguments over live buffers of this rank.
        unsafe { kernel.launch(self.rank.device.compute(), shape, args) }
    }
}
