use super::{
    Collective, Epilogue, Op, OpId, OpRole, Phase, Split, StreamId,
    kernel::{self, BF16, Kernel, Message},
    transport::exposed_ctas,
};
use crate::{
    machine::{GpuSpec, Machine},
    model::{Ffn, Shard},
    spec::Transport,
    split::{HeldSms, LayerGemm, Products, gemm_shape},
};

/// Where in the schedule an op stands.
#[derive(Clone, Copy)]
pub(crate) struct At {
    pub(crate) stream: StreamId,
    pub(crate) layer: Option<u32>,
    pub(crate) phase: Phase,
}

impl At {
    /// On the compute stream.
    pub(crate) fn compute(layer: Option<u32>, phase: Phase) -> Self {
        Self { stream: StreamId::COMPUTE, layer, phase }
    }

    /// On the communication stream.
    pub(crate) fn comm(layer: Option<u32>, phase: Phase) -> Self {
        Self { stream: StreamId::COMM, layer, phase }
    }
}

/// A set of tokens that goes through a layer together.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) split: Split,
    /// Rows of the activations, padding included.
    pub(crate) rows: u32,
    /// (cached, new) tokens of each sequence part.
    pub(crate) sequences: Vec<(u32, u32)>,
}

impl Part {
    /// Tokens without padding.
    fn tokens(&self) -> u32 {
        self.sequences.iter().map(|&(_, new)| new).sum()
    }
}

/// Appends ops to a plan: the blocks of a transformer layer, on whichever stream and tokens a strategy wants.
///
/// What a strategy passes as `deps` holds for the first op of a block; the rest follow in stream order.
pub(crate) struct Builder<'a> {
    shard: &'a Shard,
    machine: &'a Machine,
    ranks: u32,
    transport: Transport,
    held: HeldSms,
    ops: Vec<Op>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(
        shard: &'a Shard,
        machine: &'a Machine,
        ranks: u32,
        transport: Transport,
    ) -> Self {
        Self { shard, machine, ranks, transport, held: HeldSms::default(), ops: Vec::new() }
    }

    /// The SMs that collectives hold beside the products of the blocks to come.
    pub(crate) fn beside(&mut self, held: HeldSms) {
        self.held = held;
    }

    pub(crate) fn finish(self) -> Vec<Op> {
        self.ops
    }

    /// Vocabulary-parallel embedding: each rank writes the rows it has, zeros elsewhere.
    pub(crate) fn embed(&mut self, at: At, part: &Part) -> OpId {
        let row_bytes = f64::from(self.shard.hidden) * BF16;
        let hbm_bytes = f64::from(part.rows) * row_bytes * (1.0 + 1.0 / f64::from(self.ranks));
        self.elementwise(at, part, (OpRole::Embed, part.rows), (0.0, hbm_bytes), &[])
    }

    /// QKV projection, rotary embedding and K/V write, attention, output projection.
    pub(crate) fn attention_block(&mut self, at: At, part: &Part, deps: &[OpId]) -> OpId {
        let [qkv, o_proj] = self.products(part).attention();
        self.gemm(at, part, (&qkv, part.rows), deps);
        let shard = self.shard;
        let (tokens, head_dim) = (f64::from(part.tokens()), f64::from(shard.head_dim));
        if shard.qk_norm {
            let elements = tokens * f64::from(shard.heads + shard.kv_heads) * head_dim;
            let work = (4.0 * elements, 2.0 * BF16 * elements);
            self.elementwise(at, part, (OpRole::QkNorm, part.tokens()), work, &[]);
        }
        let elements = tokens * f64::from(shard.qkv_columns());
        let work = (3.0 * elements, 2.0 * BF16 * elements);
        self.elementwise(at, part, (OpRole::RopeKv, part.tokens()), work, &[]);
        let attention = kernel::attention(shard, &part.sequences, self.gpu());
        self.push(at, part, attention, &[]);
        self.gemm(at, part, (&o_proj, part.rows), &[])
    }

    /// The feed-forward block: gate/up, SiLU·mul, down; or router, experts, and the sum over each token's experts.
    pub(crate) fn mlp_block(&mut self, at: At, part: &Part, deps: &[OpId]) -> OpId {
        match self.shard.ffn {
            Ffn::Dense { intermediate } => {
                let gemms = self.products(part).dense(intermediate);
                self.gated(at, part, (OpRole::SiluMul, gemms, intermediate), deps)
            }
            Ffn::Moe { experts, top_k, intermediate, shared_intermediate } => {
                self.experts(at, part, (experts, top_k, intermediate), deps);
                let mut outputs = top_k;
                if shared_intermediate > 0 {
                    let gemms = self.products(part).shared_expert(shared_intermediate);
                    self.gated(at, part, (OpRole::SharedSiluMul, gemms, shared_intermediate), &[]);
                    outputs += 1;
                }
                let elements = f64::from(part.rows) * f64::from(self.shard.hidden);
                let outputs = f64::from(outputs);
                let work = (2.0 * outputs * elements, BF16 * (outputs + 1.0) * elements);
                self.elementwise(at, part, (OpRole::MoeSum, part.rows), work, &[])
            }
        }
    }

    /// down(SiLU(gate) · up).
    fn gated(
        &mut self,
        at: At,
        part: &Part,
        (silu_mul, [gate_up, down], intermediate): (OpRole, [LayerGemm; 2], u32),
        deps: &[OpId],
    ) -> OpId {
        self.gemm(at, part, (&gate_up, part.rows), deps);
        if gate_up.shape.epilogue == Epilogue::Plain {
            let work = silu_mul_work(part.rows, intermediate);
            self.elementwise(at, part, (silu_mul, part.rows), work, &[]);
        }
        self.gemm(at, part, (&down, part.rows), &[])
    }

    /// Router and experts, without the sum over each token's experts.
    fn experts(
        &mut self,
        at: At,
        part: &Part,
        (experts, top_k, intermediate): (u32, u32, u32),
        deps: &[OpId],
    ) {
        let [router, w13, w2] = self.products(part).experts(experts, top_k, intermediate);
        let (rows, routed) = (f64::from(part.rows), part.rows * top_k);
        self.gemm(at, part, (&router, part.rows), deps);
        // Scores in fp32; per chosen expert a weight, an id and a place in the sorted order.
        let bytes = rows * (4.0 * f64::from(experts) + 12.0 * f64::from(top_k));
        let work = (rows * f64::from(experts), bytes);
        self.elementwise(at, part, (OpRole::TopK, part.rows), work, &[]);
        // However many experts a token goes to, its row comes from memory once.
        self.gemm(at, part, (&w13, part.rows), &[]);
        self.elementwise(
            at,
            part,
            (OpRole::SiluMul, routed),
            silu_mul_work(routed, intermediate),
            &[],
        );
        self.gemm(at, part, (&w2, routed), &[]);
    }

    /// Residual add + RMSNorm over all rows of the part, on every rank alike.
    pub(crate) fn add_norm(&mut self, at: At, part: &Part, deps: &[OpId]) -> OpId {
        let kernel = kernel::add_norm(part.rows, self.shard.hidden, self.gpu());
        self.push(at, part, kernel, deps)
    }

    /// The first input norm, over `rows` of the part: there is no residual to add yet.
    pub(crate) fn first_norm(&mut self, at: At, part: &Part, rows: u32, deps: &[OpId]) -> OpId {
        let kernel = kernel::first_norm(rows, self.shard.hidden, self.gpu());
        self.push(at, part, kernel, deps)
    }

    /// A collective over the part's rows; `ctas: None` is what the transport uses when nothing runs beside it.
    pub(crate) fn collective(
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
        let alone = exposed_ctas(self.transport, &self.machine.link);
        self.push(at, part, kernel::collective(collective, message, alone), deps)
    }

    /// Logits of the last token of each sequence, one vocabulary shard a rank.
    pub(crate) fn lm_head(&mut self, at: At, part: &Part, sequences: u32, deps: &[OpId]) -> OpId {
        let (vocab, hidden) = (self.shard.vocab, self.shard.hidden);
        let shape = gemm_shape((sequences, vocab, hidden), 1, self.gpu(), self.gpu().sms);
        let gemm =
            LayerGemm { role: OpRole::LmHead, mlp: false, shape, rows: u64::from(sequences) };
        self.gemm(at, part, (&gemm, sequences), deps)
    }

    /// A product and the distinct rows that it reads.
    fn gemm(
        &mut self,
        at: At,
        part: &Part,
        (gemm, input_rows): (&LayerGemm, u32),
        deps: &[OpId],
    ) -> OpId {
        let kernel = kernel::gemm(gemm, input_rows, self.gpu());
        self.push(at, part, kernel, deps)
    }

    fn elementwise(
        &mut self,
        at: At,
        part: &Part,
        (role, rows): (OpRole, u32),
        work: (f64, f64),
        deps: &[OpId],
    ) -> OpId {
        let kernel = kernel::elementwise(role, rows, work, self.gpu());
        self.push(at, part, kernel, deps)
    }

    fn push(&mut self, at: At, part: &Part, kernel: Kernel, deps: &[OpId]) -> OpId {
        let id = OpId(self.ops.len() as u32);
        let At { stream, layer, phase } = at;
        let Kernel { role, work, grid, resources, flops, hbm_bytes, link_bytes } = kernel;
        self.ops.push(Op {
            id,
            role,
            stream,
            deps: deps.to_vec(),
            layer,
            split: part.split,
            phase,
            tokens: part.rows,
            work,
            grid,
            resources,
            flops,
            hbm_bytes,
            link_bytes,
        });
        id
    }

    fn products(&self, part: &Part) -> Products<'a> {
        Products { shard: self.shard, rows: part.rows, gpu: self.gpu(), held: self.held }
    }

    fn gpu(&self) -> &'a GpuSpec {
        &self.machine.gpu
    }
}

/// FLOP and bytes of SiLU(gate) · up: reads two, writes one.
fn silu_mul_work(rows: u32, intermediate: u32) -> (f64, f64) {
    let elements = f64::from(rows) * f64::from(intermediate);
    (4.0 * elements, 3.0 * BF16 * elements)
}
