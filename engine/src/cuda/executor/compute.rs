//! Ops that one GPU does by itself.

use super::{
    attention::AttentionKernels,
    experts::{ExpertKernels, Experts},
    layout::{Rows, Sizes},
    products::{Gated, ProductKernels, Products, blocks, no_kernel},
    rank::Rank,
    weights::{FfnWeights, LayerWeights},
};
use crate::{
    cuda::{
        driver::{Buffer, CudaError},
        kernels::{
            EmbedCall, Embedding, Loader, Matrix, Norm, NormCall, NormKind, QkNorm, QkNormCall,
            Rope, RopeCall,
        },
    },
    plan::{Op, OpRole, Phase, Plan, Split},
};

/// Kernels of everything but attention.
#[derive(Debug)]
pub(super) struct ComputeKernels {
    products: ProductKernels,
    embedding: Embedding,
    first_norm: Norm,
    add_norm: Norm,
    /// Where the model normalises queries and keys.
    qk_norm: Option<QkNorm>,
    rope: Rope,
    /// Where the model is a mixture of experts.
    experts: Option<ExpertKernels>,
}

impl ComputeKernels {
    /// Compiles and loads what the plan's ops need; `sms[op]` are the SMs an op may use.
    pub(super) fn load(
        loader: Loader<'_>,
        plan: &Plan,
        sizes: &Sizes,
        sms: &[u32],
    ) -> Result<Self, CudaError> {
        let shard = &sizes.shard;
        Ok(Self {
            products: ProductKernels::load(loader, plan, sms)?,
            embedding: Embedding::load(loader)?,
            first_norm: Norm::load(loader, NormKind::First, shard.hidden)?,
            add_norm: Norm::load(loader, NormKind::Add, shard.hidden)?,
            qk_norm: shard.qk_norm.then(|| QkNorm::load(loader, shard.head_dim)).transpose()?,
            rope: Rope::load(loader, shard.head_dim)?,
            experts: sizes.moe.map(|_| ExpertKernels::load(loader)).transpose()?,
        })
    }
}

/// Launches ops of one rank on its compute stream.
pub(super) struct Compute<'a> {
    pub(super) rank: &'a Rank,
    pub(super) kernels: &'a ComputeKernels,
    pub(super) attention: &'a AttentionKernels,
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
        let (hidden, heads) = (shard.hidden, shard.heads * shard.head_dim);
        let act = rank.act();
        let m = |buffer, columns| Rank::matrix(buffer, rows, columns);
        let w = |buffer, n, k| Matrix::dense(Buffer::ptr(buffer), n, k);
        match op.role {
            OpRole::Embed => self.embed(op, rows),
            OpRole::Qkv => {
                let l = self.layer(op)?;
                let n = shard.qkv_columns();
                self.gemm(op, m(&act.hidden, hidden), w(&l.qkv, n, hidden), m(&act.qkv, n))
            }
            OpRole::QkNorm => self.qk_norm(op, rows, self.layer(op)?),
            OpRole::RopeKv => self.rope(op, rows, self.layer(op)?),
            OpRole::Attention => self.attention.launch(rank, op, op.layer.unwrap_or(0), self.sms),
            OpRole::OProj => self.gemm(
                op,
                m(&act.attended, heads),
                w(&self.layer(op)?.o_proj, hidden, heads),
                m(&act.hidden, hidden),
            ),
            OpRole::FirstNorm => self.norm(op, rows, &self.kernels.first_norm),
            OpRole::AddNorm => self.norm(op, rows, &self.kernels.add_norm),
            OpRole::GateUp
            | OpRole::SiluMul
            | OpRole::Down
            | OpRole::Router
            | OpRole::TopK
            | OpRole::Permute
            | OpRole::ExpertsW13
            | OpRole::ExpertsW2
            | OpRole::SharedGateUp
            | OpRole::SharedSiluMul
            | OpRole::SharedDown
            | OpRole::MoeSum => self.feed_forward(op, rows),
            OpRole::LmHead => self.lm_head(op),
            // Launched elsewhere, or nowhere.
            OpRole::Collective(_) | OpRole::Step(_) => Err(no_kernel(op)),
        }
    }

    /// An op of the feed-forward block.
    fn feed_forward(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let (rank, act) = (self.rank, self.rank.act());
        match &self.layer(op)?.ffn {
            FfnWeights::Dense(weights) => {
                let block = Gated {
                    weights,
                    gate_up: act.gate_up.as_ref(),
                    gated: &act.gated,
                    out: &act.hidden,
                    intermediate: rank.sizes.intermediate,
                };
                self.products().gated(op, rows, &block)
            }
            FfnWeights::Moe(weights) => {
                let of_plan = rank.sizes.moe.zip(act.experts.as_ref());
                let loaded = of_plan.zip(self.kernels.experts.as_ref());
                let ((moe, buffers), kernels) = loaded.ok_or_else(|| no_kernel(op))?;
                let products = self.products();
                Experts { products, moe, weights, buffers, kernels }.launch(op, rows)
            }
        }
    }

    /// The weights of the layer that an op belongs to.
    fn layer(&self, op: &Op) -> Result<&LayerWeights, CudaError> {
        let weights = op.layer.and_then(|layer| self.rank.weights.layers.get(layer as usize));
        weights.ok_or_else(|| no_kernel(op))
    }

    fn products(&self) -> Products<'_> {
        Products { rank: self.rank, kernels: &self.kernels.products, sms: self.sms }
    }

    fn gemm(&self, op: &Op, a: Matrix<'_>, b: Matrix<'_>, c: Matrix<'_>) -> Result<(), CudaError> {
        self.products().gemm(op, [a, b, c], None)
    }

    fn embed(&self, op: &Op, rows: Rows) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let call = EmbedCall {
            ids: rank.inputs.list(rank.inputs.places.ids, rows.first),
            weight: rank.weights.embedding.ptr(),
            out: rank.act().hidden.ptr_at(rows.first_byte(shard.hidden)),
            tokens: rows.rows,
            hidden: shard.hidden,
            first: self.index * shard.vocab,
            count: shard.vocab,
            blocks: blocks(op),
            recording: rank.recording.of(op.id.0),
        };
        self.kernels.embedding.launch(rank.device.compute(), &call)
    }

    fn qk_norm(&self, op: &Op, rows: Rows, layer: &LayerWeights) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let both = self.kernels.qk_norm.as_ref().zip(layer.qk_norm.as_ref());
        let (kernel, gamma) = both.ok_or_else(|| no_kernel(op))?;
        let call = QkNormCall {
            qkv: rank.act().qkv.ptr_at(rows.first_byte(shard.qkv_columns())),
            gamma: gamma.ptr(),
            tokens: rank.sizes.live(rows).rows,
            heads: shard.heads,
            kv_heads: shard.kv_heads,
            eps: rank.sizes.rms_eps,
            blocks: blocks(op),
            recording: rank.recording.of(op.id.0),
        };
        kernel.launch(rank.device.compute(), &call)
    }

    fn rope(&self, op: &Op, rows: Rows, layer: &LayerWeights) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let cache = rank.cache.as_ref().map(|cache| cache.layer(op.layer.unwrap_or(0)));
        let places = &rank.inputs.places;
        let call = RopeCall {
            qkv: rank.act().qkv.ptr_at(rows.first_byte(shard.qkv_columns())),
            table: rank.rope.ptr(),
            positions: rank.inputs.list(places.positions, rows.first),
            slots: places.paged.map(|paged| rank.inputs.list(paged.slots, rows.first)),
            keys: cache.map(|[keys, _]| keys.data),
            values: cache.map(|[_, values]| values.data),
            bias: layer.qkv_bias.as_ref().map(Buffer::ptr),
            tokens: rank.sizes.live(rows).rows,
            heads: shard.heads,
            kv_heads: shard.kv_heads,
            blocks: blocks(op),
            recording: rank.recording.of(op.id.0),
        };
        self.kernels.rope.launch(rank.device.compute(), &call)
    }

    /// Over all rows of the op, or over the rank's shard where the plan cut them (the head's split 1).
    fn norm(&self, op: &Op, rows: Rows, kernel: &Norm) -> Result<(), CudaError> {
        let (rank, hidden) = (self.rank, self.rank.sizes.shard.hidden);
        let rows = self.normed_rows(op, rows);
        let first = rows.first_byte(hidden);
        let call = NormCall {
            x: rank.act().hidden.ptr_at(first),
            residual: rank.act().residual.ptr_at(first),
            gamma: rank.gamma(op),
            out: rank.act().hidden.ptr_at(first),
            rows: rows.rows,
            eps: rank.sizes.rms_eps,
            blocks: blocks(op),
            recording: rank.recording.of(op.id.0),
        };
        kernel.launch(rank.device.compute(), &call)
    }

    /// Logits of each sequence's last token: its rows gathered first, then multiplied.
    fn lm_head(&self, op: &Op) -> Result<(), CudaError> {
        let (rank, shard) = (self.rank, &self.rank.sizes.shard);
        let (sequences, columns) = (rank.inputs.places.sequences, rank.sizes.logit_columns());
        let gather = EmbedCall {
            ids: rank.inputs.list(rank.inputs.places.last_rows, 0),
            weight: rank.act().hidden.ptr(),
            out: rank.act().last.ptr(),
            tokens: sequences,
            hidden: shard.hidden,
            first: 0,
            count: rank.sizes.rows,
            blocks: blocks(op),
            recording: rank.recording.of(op.id.0),
        };
        self.kernels.embedding.launch(rank.device.compute(), &gather)?;
        self.gemm(
            op,
            Matrix::dense(rank.act().last.ptr(), sequences, shard.hidden),
            Matrix::dense(rank.weights.lm_head.ptr(), columns, shard.hidden),
            Matrix::dense(rank.act().logits.ptr(), sequences, columns),
        )
    }

    /// Rows that a norm op covers: all of its split, but in the weave's head split 1 has only been reduce-scattered,
    /// and each rank norms its token shard before the all-gather.
    fn normed_rows(&self, op: &Op, rows: Rows) -> Rows {
        if op.role == OpRole::FirstNorm && op.phase == Phase::Head && op.split == Split::Second {
            return rows.shard(self.index, self.rank.ranks);
        }
        rows
    }
}
