//! Appends the ops of a layer's blocks, with the work of each in FLOP and bytes.

use super::{
    At, Cluster, Collective, Epilogue, Op, OpId, OpRole, Split,
    kernel::{self, BF16, Kernel, Message, Pointwise, Standing},
    routing,
    transport::exposed_ctas,
};
use crate::{
    batch::Request,
    machine::{GemmKernels, GpuSpec, Machine},
    model::{Ffn, Moe, Shard},
    spec::Transport,
    split::{HeldSms, LayerGemm, LayerGemms, gemm_shape},
};

/// A set of tokens that goes through a layer together.
#[derive(Clone, Debug)]
pub struct Part {
    /// What the ops are marked with.
    pub split: Split,
    /// Rows of the activations, padding included.
    pub rows: u32,
    /// The parts of sequences in it; what a cut put before a part counts as cached.
    pub sequences: Vec<Request>,
}

impl Part {
    /// Tokens without padding.
    fn tokens(&self) -> u32 {
        self.sequences.iter().map(|request| request.new_tokens).sum()
    }
}

/// A feed-forward block that gates: its two GEMMs with the role of what stands between them.
#[derive(Clone, Copy)]
struct Gated {
    role: OpRole,
    gemms: [LayerGemm; 2],
    /// Columns of gate and of up on this rank.
    intermediate: u32,
}

/// Appends ops to a plan: the blocks of a transformer layer, on whichever stream and tokens a strategy wants.
///
/// What a strategy passes as `deps` holds for the first op of a block; the rest follow in stream order. Each method gives
/// the id of its last op, which is what another stream waits for.
#[derive(Debug)]
pub struct Builder<'a> {
    shard: &'a Shard,
    machine: &'a Machine,
    ranks: u32,
    transport: Transport,
    held: HeldSms,
    ops: Vec<Op>,
}

impl<'a> Builder<'a> {
    /// Without ops yet, for one of `ranks` ranks; collectives travel by `transport`.
    pub fn new(shard: &'a Shard, machine: &'a Machine, ranks: u32, transport: Transport) -> Self {
        Self { shard, machine, ranks, transport, held: HeldSms::default(), ops: Vec::new() }
    }

    /// The SMs that collectives hold beside the GEMMs of the blocks to come.
    pub fn beside(&mut self, held: HeldSms) {
        self.held = held;
    }

    /// The ops, in issue order.
    pub fn finish(self) -> Vec<Op> {
        self.ops
    }

    /// Vocabulary-parallel embedding: each rank writes the rows it has, zeros elsewhere.
    pub fn embed(&mut self, at: At, part: &Part) -> OpId {
        let row_bytes = f64::from(self.shard.hidden) * BF16;
        let hbm_bytes = f64::from(part.rows) * row_bytes * (1.0 + 1.0 / f64::from(self.ranks));
        let work = Pointwise { role: OpRole::Embed, rows: part.rows, flops: 0.0, hbm_bytes };
        self.pointwise(at, part, work)
    }

    /// QKV projection, rotary embedding and K/V write, attention, output projection.
    pub fn attention_block(&mut self, at: At, part: &Part, deps: &[OpId]) -> OpId {
        let [qkv, o_proj] = self.layer_gemms(part).attention();
        self.gemm(at, part, &qkv, deps);
        let shard = self.shard;
        let (tokens, head_dim) = (f64::from(part.tokens()), f64::from(shard.head_dim));
        if shard.qk_norm {
            let elements = tokens * f64::from(shard.heads + shard.kv_heads) * head_dim;
            let (flops, hbm_bytes) = (4.0 * elements, 2.0 * BF16 * elements);
            let (role, rows) = (OpRole::QkNorm, part.tokens());
            self.pointwise(at, part, Pointwise { role, rows, flops, hbm_bytes });
        }
        let elements = tokens * f64::from(shard.qkv_columns());
        let (flops, hbm_bytes) = (3.0 * elements, 2.0 * BF16 * elements);
        let (role, rows) = (OpRole::RopeKv, part.tokens());
        self.pointwise(at, part, Pointwise { role, rows, flops, hbm_bytes });
        let attention = kernel::attention(shard, &part.sequences, self.gpu());
        self.push(at, part, attention, &[]);
        self.gemm(at, part, &o_proj, &[])
    }

    /// The feed-forward block: gate/up, SiLU·mul, down; or router, experts, and the sum over each token's experts.
    pub fn mlp_block(&mut self, at: At, part: &Part, deps: &[OpId]) -> OpId {
        match self.shard.ffn {
            Ffn::Dense { intermediate } => {
                let gemms = self.layer_gemms(part).dense(intermediate);
                self.gated(at, part, Gated { role: OpRole::SiluMul, gemms, intermediate }, deps)
            }
            Ffn::Moe(moe) => self.experts(at, part, moe, deps),
        }
    }

    /// Router, experts, and the sum over each token's experts. The own kernels find out first where rows belong; a
    /// library's do that as they multiply.
    fn experts(&mut self, at: At, part: &Part, moe: Moe, deps: &[OpId]) -> OpId {
        let Moe { top_k, intermediate, shared_intermediate, .. } = moe;
        let [router, w13, w2] = self.layer_gemms(part).experts(moe);
        let gpu = self.gpu();
        self.gemm(at, part, &router, deps);
        self.push(at, part, routing::top_k(part.rows, moe, gpu), &[]);
        if gpu.gemm_kernels == GemmKernels::Weft {
            let (rows, hidden) = (part.rows, self.shard.hidden);
            let copies = w13.shape.cluster == Cluster::Uneven;
            self.push(at, part, routing::permute(rows, hidden, moe, copies, gpu), &[]);
        }
        self.gemm(at, part, &w13, &[]);
        if w13.shape.epilogue == Epilogue::Plain {
            self.silu_mul(at, part, OpRole::SiluMul, part.rows * top_k, intermediate);
        }
        self.gemm(at, part, &w2, &[]);
        if shared_intermediate > 0 {
            let (role, intermediate) = (OpRole::SharedSiluMul, shared_intermediate);
            let gemms = self.layer_gemms(part).shared_expert(intermediate);
            self.gated(at, part, Gated { role, gemms, intermediate }, &[]);
        }
        self.push(at, part, routing::moe_sum(part.rows, self.shard.hidden, moe, gpu), &[])
    }

    /// down(SiLU(gate) · up).
    fn gated(&mut self, at: At, part: &Part, gated: Gated, deps: &[OpId]) -> OpId {
        let Gated { role, gemms: [gate_up, down], intermediate } = gated;
        self.gemm(at, part, &gate_up, deps);
        if gate_up.shape.epilogue == Epilogue::Plain {
            self.silu_mul(at, part, role, part.rows, intermediate);
        }
        self.gemm(at, part, &down, &[])
    }

    /// SiLU(gate) · up over `rows` of `intermediate` columns each: reads two, writes one.
    fn silu_mul(&mut self, at: At, part: &Part, role: OpRole, rows: u32, intermediate: u32) {
        let elements = f64::from(rows) * f64::from(intermediate);
        let (flops, hbm_bytes) = (4.0 * elements, 3.0 * BF16 * elements);
        self.pointwise(at, part, Pointwise { role, rows, flops, hbm_bytes });
    }

    /// Residual add + RMSNorm over all rows of the part, on every rank alike.
    pub fn add_norm(&mut self, at: At, part: &Part, deps: &[OpId]) -> OpId {
        let kernel = kernel::add_norm(part.rows, self.shard.hidden, self.gpu());
        self.push(at, part, kernel, deps)
    }

    /// The first input norm, over `rows` of the part: there is no residual to add yet.
    pub fn first_norm(&mut self, at: At, part: &Part, rows: u32, deps: &[OpId]) -> OpId {
        let kernel = kernel::first_norm(rows, self.shard.hidden, self.gpu());
        self.push(at, part, kernel, deps)
    }

    /// A collective over the part's rows; `ctas: None` is what the transport uses when nothing runs beside it.
    pub fn collective(
        &mut self,
        at: At,
        part: &Part,
        collective: Collective,
        ctas: Option<u32>,
        deps: &[OpId],
    ) -> OpId {
        let message = Message {
            rows: part.rows,
            hidden: self.shard.hidden,
            ranks: self.ranks,
            transport: self.transport,
            ctas,
        };
        let exposed = exposed_ctas(self.transport, &self.machine.link);
        self.push(at, part, kernel::collective(collective, message, exposed), deps)
    }

    /// Logits of the last token of each sequence, one vocabulary shard a rank.
    pub fn lm_head(&mut self, at: At, part: &Part, sequences: u32, deps: &[OpId]) -> OpId {
        let (vocab, hidden) = (self.shard.vocab, self.shard.hidden);
        let shape = gemm_shape((sequences, vocab, hidden), None, self.gpu(), self.gpu().sms);
        let gemm = LayerGemm {
            role: OpRole::LmHead,
            mlp: false,
            shape,
            rows: u64::from(sequences),
            input_rows: sequences,
        };
        self.gemm(at, part, &gemm, deps)
    }

    fn gemm(&mut self, at: At, part: &Part, gemm: &LayerGemm, deps: &[OpId]) -> OpId {
        self.push(at, part, kernel::gemm(gemm, self.gpu()), deps)
    }

    fn pointwise(&mut self, at: At, part: &Part, work: Pointwise) -> OpId {
        self.push(at, part, kernel::pointwise(work, self.gpu()), &[])
    }

    fn push(&mut self, at: At, part: &Part, kernel: Kernel, deps: &[OpId]) -> OpId {
        let (id, split, tokens) = (self.ops.len(), part.split, part.rows);
        let op = kernel.op(&Standing { id, at, split, tokens, deps, tiles: None });
        let id = op.id;
        self.ops.push(op);
        id
    }

    fn layer_gemms(&self, part: &Part) -> LayerGemms<'a> {
        LayerGemms { shard: self.shard, rows: part.rows, gpu: self.gpu(), held: self.held }
    }

    fn gpu(&self) -> &'a GpuSpec {
        &self.machine.gpu
    }
}
