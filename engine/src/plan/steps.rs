//! Appends ops one by one, of any shape and on any stream, where a [`Builder`](super::Builder) appends whole blocks of a layer.

use super::{
    At, Collective, GemmShape, Op, OpId, OpRole, OpWork, Phase, Resources, Split, StreamId, Tiles,
    kernel::{self, Kernel, Pointwise, Standing},
    transport::exposed_ctas,
};
use crate::{
    batch::Request,
    machine::Machine,
    model::Shard,
    spec::Transport,
    split::{LayerGemm, gemm_shape},
};

/// Where an op stands, and what it waits for.
#[derive(Clone, Copy, Debug)]
pub struct Where<'d> {
    /// Issued to it, behind all ops that are already there.
    pub stream: StreamId,
    /// Layer, or whatever the work repeats.
    pub layer: Option<u32>,
    /// Ops that must have finished.
    pub after: &'d [OpId],
    /// An op whose blocks its own follow.
    pub tiles: Option<Tiles>,
}

impl<'d> Where<'d> {
    /// On the compute stream, behind what is there.
    pub fn compute(layer: Option<u32>) -> Self {
        Self { stream: StreamId::COMPUTE, layer, after: &[], tiles: None }
    }

    /// On the comm stream.
    pub fn comm(layer: Option<u32>) -> Self {
        Self { stream: StreamId::COMM, ..Self::compute(layer) }
    }

    /// The same once these have finished.
    #[must_use]
    pub fn after(self, after: &'d [OpId]) -> Self {
        Self { after, ..self }
    }

    /// The same with its blocks behind those of another op.
    #[must_use]
    pub fn tiles(self, tiles: Tiles) -> Self {
        Self { tiles: Some(tiles), ..self }
    }
}

/// What a collective moves.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Which.
    pub collective: Collective,
    /// Rows on one rank, before or after it, whichever are more.
    pub rows: u32,
    /// Columns of 2 bytes.
    pub columns: u32,
}

impl Message {
    /// Bytes.
    pub fn bytes(&self) -> f64 {
        f64::from(self.rows) * f64::from(self.columns) * kernel::BF16
    }
}

/// Appends ops to a plan, each with its work in FLOP and bytes; gives the id of each.
#[derive(Debug)]
pub struct Steps<'a> {
    machine: &'a Machine,
    ranks: u32,
    ops: Vec<Op>,
}

impl<'a> Steps<'a> {
    /// Without ops yet, for one of `ranks` ranks.
    pub fn new(machine: &'a Machine, ranks: u32) -> Self {
        Self { machine, ranks, ops: Vec::new() }
    }

    /// The ops, in issue order.
    pub fn finish(self) -> Vec<Op> {
        self.ops
    }

    /// Thread blocks of an op that was appended.
    pub fn grid(&self, op: OpId) -> u32 {
        self.ops[op.index()].grid
    }

    /// Has the blocks of an op that was appended follow those of another.
    pub fn follow(&mut self, op: OpId, tiles: Tiles) {
        self.ops[op.index()].tiles = Some(tiles);
    }

    /// A GEMM `[m, k] × [k, n]` in bf16, tiled as the machine's library would.
    pub fn gemm(&mut self, at: Where<'_>, role: OpRole, (m, n, k): (u32, u32, u32)) -> OpId {
        let gpu = &self.machine.gpu;
        let shape = gemm_shape((m, n, k), None, gpu, gpu.sms);
        let gemm = LayerGemm { role, mlp: false, shape, rows: u64::from(m), input_rows: m };
        self.push(at, m, kernel::gemm(&gemm, gpu))
    }

    /// As many GEMMs `[m, k] × [k, n]` as there are experts, in one launch.
    pub fn grouped_gemm(
        &mut self,
        at: Where<'_>,
        role: OpRole,
        (m, n, k): (u32, u32, u32),
        experts: u32,
    ) -> OpId {
        let gpu = &self.machine.gpu;
        let shape = gemm_shape((m, n, k), Some(experts), gpu, gpu.sms);
        let (rows, input_rows) = (u64::from(m) * u64::from(experts), m * experts);
        let gemm = LayerGemm { role, mlp: true, shape, rows, input_rows };
        self.push(at, input_rows, kernel::gemm(&gemm, gpu))
    }

    /// GEMMs in tiles of the caller's own, whose blocks hold `block` of their SMs; all of them move `hbm_bytes`.
    pub fn tiled(
        &mut self,
        at: Where<'_>,
        role: OpRole,
        shape: GemmShape,
        (block, hbm_bytes): (Resources, f64),
    ) -> OpId {
        let kernel = kernel::tiled(role, shape, block, hbm_bytes);
        self.push(at, shape.m, kernel)
    }

    /// Layers of these widths for `rows`, in one kernel that keeps what is between them on its SMs: the products of all, and bytes of the first
    /// inputs, the last outputs and the weights.
    pub fn fused_layers(&mut self, at: Where<'_>, role: OpRole, rows: u32, widths: &[u32]) -> OpId {
        let gpu = &self.machine.gpu;
        let pairs = || widths.windows(2).map(|pair| (f64::from(pair[0]), f64::from(pair[1])));
        let weights: f64 = pairs().map(|(k, n)| k * n).sum();
        let n = widths.iter().copied().max().unwrap_or(1);
        let k = (weights / f64::from(n)).ceil().max(1.0) as u32;
        let shape = gemm_shape((rows, n, k), None, gpu, gpu.sms);
        let gemm = LayerGemm { role, mlp: true, shape, rows: u64::from(rows), input_rows: rows };
        let ends = [widths.first(), widths.last()].into_iter().flatten();
        let columns: f64 = ends.map(|&width| f64::from(width)).sum();
        let hbm_bytes = kernel::BF16 * (f64::from(rows) * columns + weights);
        self.push(at, rows, Kernel { hbm_bytes, ..kernel::gemm(&gemm, gpu) })
    }

    /// Causal attention of the heads of a shard over sequences.
    pub fn attention(&mut self, at: Where<'_>, shard: &Shard, sequences: &[Request]) -> OpId {
        let rows = sequences.iter().map(|request| request.new_tokens).sum();
        self.push(at, rows, kernel::attention(shard, sequences, &self.machine.gpu))
    }

    /// Residual add + RMSNorm over `rows`.
    pub fn add_norm(&mut self, at: Where<'_>, rows: u32, hidden: u32) -> OpId {
        self.push(at, rows, kernel::add_norm(rows, hidden, &self.machine.gpu))
    }

    /// Memory-bound work over `rows`.
    pub fn pointwise(&mut self, at: Where<'_>, role: OpRole, rows: u32, hbm_bytes: f64) -> OpId {
        let work = Pointwise { role, rows, flops: 0.0, hbm_bytes };
        self.push(at, rows, kernel::pointwise(work, &self.machine.gpu))
    }

    /// Reads of `read_bytes` all over a table for `rows`, and `hbm_bytes` that are written or read in order.
    pub fn gather(
        &mut self,
        at: Where<'_>,
        role: OpRole,
        rows: u32,
        (table_bytes, read_bytes, hbm_bytes): (f64, f64, f64),
    ) -> OpId {
        let work = Pointwise { role, rows, flops: 0.0, hbm_bytes };
        let kernel = kernel::pointwise(work, &self.machine.gpu);
        self.push(at, rows, Kernel { work: OpWork::Gather { table_bytes, read_bytes }, ..kernel })
    }

    /// A collective of thread blocks, as many as the transport takes with nothing beside it.
    pub fn collective(&mut self, at: Where<'_>, message: Message, transport: Transport) -> OpId {
        let Message { collective, rows, columns: hidden } = message;
        let moved = kernel::Message { rows, hidden, ranks: self.ranks, transport, ctas: None };
        let exposed = exposed_ctas(transport, &self.machine.link);
        self.push(at, rows, kernel::collective(collective, moved, exposed))
    }

    /// A collective in `chunks` copies, of which `at_once` are under way; they take no SM.
    pub fn copies(
        &mut self,
        at: Where<'_>,
        message: Message,
        (chunks, at_once): (u32, u32),
    ) -> OpId {
        let Message { collective, rows, .. } = message;
        let kernel = kernel::copies(collective, message.bytes(), self.ranks, (chunks, at_once));
        self.push(at, rows, kernel)
    }

    fn push(&mut self, at: Where<'_>, tokens: u32, kernel: Kernel) -> OpId {
        let Where { stream, layer, after, tiles } = at;
        let at = At { stream, layer, phase: Phase::None };
        let (id, split) = (self.ops.len(), Split::Whole);
        let op = kernel.op(&Standing { id, at, split, tokens, deps: after, tiles });
        let id = op.id;
        self.ops.push(op);
        id
    }
}
