//! One kernel launch as the planner sees it: grid, what a block holds, and the work in FLOP and bytes.

use super::{
    At, AttentionShape, Cluster, Collective, CollectiveShape, Copies, GemmShape, Op, OpId, OpRole,
    OpWork, Resources, Split, Tiles, attention::pairs_a_head,
};
use crate::{
    batch::Request,
    machine::GpuSpec,
    model::Shard,
    spec::Transport,
    split::{LayerGemm, TileKit, few_block},
};

/// Bytes of a bf16.
pub(super) const BF16: f64 = 2.0;
/// Elementwise kernels launch at most this many blocks an SM; a block loops over several rows. An SM holds four
/// (of 512 threads), so one wave is enough even where a collective holds a quarter of the SMs, and the blocks are
/// few enough that simulating them stays cheap.
const ELEMENTWISE_BLOCKS_PER_SM: u32 = 3;

/// All of an [`Op`](super::Op) that does not depend on where it stands in the schedule.
pub(super) struct Kernel {
    pub(super) role: OpRole,
    pub(super) work: OpWork,
    pub(super) grid: u32,
    pub(super) resources: Resources,
    pub(super) flops: f64,
    pub(super) hbm_bytes: f64,
    pub(super) link_bytes: f64,
}

/// Where an op stands among others.
pub(super) struct Standing<'d> {
    /// In issue order.
    pub(super) id: usize,
    pub(super) at: At,
    pub(super) split: Split,
    /// Rows of the activation.
    pub(super) tokens: u32,
    pub(super) deps: &'d [OpId],
    pub(super) tiles: Option<Tiles>,
}

impl Kernel {
    /// The op that launches it there.
    pub(super) fn op(self, standing: &Standing<'_>) -> Op {
        let Self { role, work, grid, resources, flops, hbm_bytes, link_bytes } = self;
        let &Standing { id, at: At { stream, layer, phase }, split, tokens, deps, tiles } =
            standing;
        let (id, deps) = (OpId(id as u32), deps.to_vec());
        Op {
            id,
            role,
            stream,
            deps,
            tiles,
            layer,
            split,
            phase,
            tokens,
            work,
            grid,
            resources,
            flops,
            hbm_bytes,
            link_bytes,
        }
    }
}

/// A GEMM: weights, input rows and output rows once.
pub(super) fn gemm(gemm: &LayerGemm, gpu: &GpuSpec) -> Kernel {
    let shape = gemm.shape;
    let (n, k) = (f64::from(shape.n), f64::from(shape.k));
    let weights = f64::from(shape.groups) * n * k;
    let activations =
        f64::from(gemm.input_rows) * k + gemm.rows as f64 * f64::from(shape.columns());
    Kernel {
        role: gemm.role,
        work: OpWork::Gemm(shape),
        grid: shape.grid(),
        resources: match shape.cluster {
            Cluster::Slices => few_block(shape.tile_m, shape.tile_n),
            Cluster::Alone
            | Cluster::Rows
            | Cluster::Uneven
            | Cluster::Gathered
            | Cluster::Padded => TileKit::of(gpu).gemm,
        },
        flops: gemm.flops(),
        hbm_bytes: BF16 * (weights + activations),
        link_bytes: 0.0,
    }
}

/// GEMMs in tiles of the caller's own.
pub(super) fn tiled(role: OpRole, shape: GemmShape, block: Resources, hbm_bytes: f64) -> Kernel {
    let [m, n, k] = [shape.m, shape.n, shape.k].map(f64::from);
    Kernel {
        role,
        work: OpWork::Gemm(shape),
        grid: shape.grid(),
        resources: block,
        flops: 2.0 * f64::from(shape.groups) * m * n * k,
        hbm_bytes,
        link_bytes: 0.0,
    }
}

/// Causal attention over sequence parts: queries and outputs once, the K/V of each sequence once (blocks of other
/// heads and tiles find them in L2).
pub(super) fn attention(shard: &Shard, sequences: &[Request], gpu: &GpuSpec) -> Kernel {
    let unsplit = AttentionShape {
        heads: shard.heads,
        kv_heads: shard.kv_heads,
        head_dim: shard.head_dim,
        tile_rows: 128,
        kv_chunk: u32::MAX,
        sequences: sequences.to_vec(),
    };
    let shape = AttentionShape { kv_chunk: kv_chunk(&unsplit, gpu.sms), ..unsplit };
    let (heads, kv_heads) = (f64::from(shard.heads), f64::from(shard.kv_heads));
    let head_dim = f64::from(shard.head_dim);
    let queries: f64 = sequences.iter().map(|request| f64::from(request.new_tokens)).sum();
    let context: f64 = sequences.iter().map(|request| f64::from(request.context_tokens())).sum();
    let head_rows = 2.0 * queries * heads + 2.0 * context * kv_heads;
    Kernel {
        role: OpRole::Attention,
        grid: shape.grid(),
        work: OpWork::Attention(shape),
        resources: TileKit::of(gpu).attention,
        flops: 4.0 * head_dim * heads * pairs_a_head(sequences) as f64,
        hbm_bytes: BF16 * head_dim * head_rows,
        link_bytes: 0.0,
    }
}

/// K/V tokens a block of a short sequence reads: all, unless the launch leaves a fifth of the SMs idle.
fn kv_chunk(unsplit: &AttentionShape, sms: u32) -> u32 {
    let blocks = unsplit.grid();
    if blocks == 0 || 5 * blocks >= 4 * sms {
        return u32::MAX;
    }
    let longest = unsplit.sequences.iter().map(Request::context_tokens).max().unwrap_or(1);
    let chunks = sms.div_ceil(blocks);
    longest.div_ceil(chunks).next_multiple_of(128)
}

/// Residual add + RMSNorm over `rows`, on every rank alike: reads both, writes both.
pub(super) fn add_norm(rows: u32, hidden: u32, gpu: &GpuSpec) -> Kernel {
    let elements = f64::from(rows) * f64::from(hidden);
    let (flops, hbm_bytes) = (5.0 * elements, 4.0 * BF16 * elements);
    let kernel = pointwise(Pointwise { role: OpRole::AddNorm, rows, flops, hbm_bytes }, gpu);
    Kernel { work: OpWork::AddNorm { hidden }, ..kernel }
}

/// RMSNorm over the embedding output, which becomes the residual: one read, two writes.
pub(super) fn first_norm(rows: u32, hidden: u32, gpu: &GpuSpec) -> Kernel {
    let elements = f64::from(rows) * f64::from(hidden);
    let (flops, hbm_bytes) = (4.0 * elements, 3.0 * BF16 * elements);
    let kernel = pointwise(Pointwise { role: OpRole::FirstNorm, rows, flops, hbm_bytes }, gpu);
    Kernel { work: OpWork::AddNorm { hidden }, ..kernel }
}

/// Memory-bound work.
#[derive(Clone, Copy)]
pub(super) struct Pointwise {
    pub(super) role: OpRole,
    pub(super) rows: u32,
    pub(super) flops: f64,
    /// Through device memory, inputs once and outputs once.
    pub(super) hbm_bytes: f64,
}

/// Memory-bound work over rows.
pub(super) fn pointwise(work: Pointwise, gpu: &GpuSpec) -> Kernel {
    let Pointwise { role, rows, flops, hbm_bytes } = work;
    let rows_per_block = rows.div_ceil(ELEMENTWISE_BLOCKS_PER_SM * gpu.sms).max(1);
    Kernel {
        role,
        work: OpWork::Elementwise,
        grid: rows.div_ceil(rows_per_block).max(1),
        resources: Resources { threads: 512, registers: 32, smem_bytes: 1 << 10 },
        flops,
        hbm_bytes,
        link_bytes: 0.0,
    }
}

/// What decides a collective's traffic.
#[derive(Clone, Copy)]
pub(super) struct Message {
    pub(super) rows: u32,
    pub(super) hidden: u32,
    pub(super) ranks: u32,
    pub(super) transport: Transport,
    /// `None`: what the transport uses with nothing beside it.
    pub(super) ctas: Option<u32>,
}

/// A collective. Grid: one CTA a token of the shard at most; a block has a thread for 8 values of a row
/// (docs/tokenweave.md, "The fused kernel") and takes the registers of a whole SM.
pub(super) fn collective(collective: Collective, message: Message, exposed_ctas: u32) -> Kernel {
    let Message { rows, hidden, ranks, transport, ctas } = message;
    let message_bytes = f64::from(rows) * f64::from(hidden) * BF16;
    let ctas = ctas.unwrap_or(exposed_ctas).min(rows.div_ceil(ranks)).max(1);
    let threads = match transport {
        Transport::Nccl => 640,
        Transport::Multimem | Transport::P2p => (hidden / 8).next_multiple_of(32).clamp(32, 1024),
    };
    let shard_elements = f64::from(rows) * f64::from(hidden) / f64::from(ranks);
    let fused = collective == Collective::FusedArNorm;
    Kernel {
        role: OpRole::Collective(collective),
        work: OpWork::Collective(CollectiveShape {
            collective,
            transport,
            message_bytes,
            copies: None,
        }),
        grid: ctas,
        resources: Resources {
            threads,
            registers: (65_536 / threads).min(96),
            smem_bytes: 1 << 10,
        },
        flops: if fused { 5.0 * shard_elements } else { 0.0 },
        hbm_bytes: collective_hbm_bytes(collective, message_bytes, ranks),
        link_bytes: collective_link_bytes(collective, transport, message_bytes, ranks),
    }
}

/// A collective whose blocks are copies, `chunks` of them and `at_once` under way: as many bytes as peer-to-peer.
pub(super) fn copies(
    collective: Collective,
    message_bytes: f64,
    ranks: u32,
    (chunks, at_once): (u32, u32),
) -> Kernel {
    let transport = Transport::P2p;
    let copies = Some(Copies { at_once });
    Kernel {
        role: OpRole::Collective(collective),
        work: OpWork::Collective(CollectiveShape { collective, transport, message_bytes, copies }),
        grid: chunks.max(1),
        resources: Resources { threads: 1, registers: 0, smem_bytes: 0 },
        flops: 0.0,
        hbm_bytes: collective_hbm_bytes(collective, message_bytes, ranks),
        link_bytes: collective_link_bytes(collective, transport, message_bytes, ranks),
    }
}

/// Bytes a direction over a rank's links, the busier direction (docs/tokenweave.md, "Traffic"): of a message of S bytes
/// over N ranks, multimem moves S to reduce and S/N to multicast, peer-to-peer and ring S·(N−1)/N each way.
fn collective_link_bytes(
    collective: Collective,
    transport: Transport,
    message_bytes: f64,
    ranks: u32,
) -> f64 {
    let ranks = f64::from(ranks);
    let one_way = match transport {
        Transport::Multimem => message_bytes,
        Transport::P2p | Transport::Nccl => message_bytes * (ranks - 1.0) / ranks,
    };
    match (collective, transport) {
        // Nothing is reduced in a switch.
        (Collective::AllToAll, _) => message_bytes * (ranks - 1.0) / ranks,
        (Collective::Send, _) => message_bytes,
        (Collective::ReduceScatter | Collective::AllGather, _) => one_way,
        (_, Transport::Multimem) => message_bytes * (1.0 + 1.0 / ranks),
        (_, Transport::P2p | Transport::Nccl) => 2.0 * one_way,
    }
}

/// Bytes through a rank's memory: its partial sums are read once (by the switch or the peers) and the result is
/// written once; the fused kernel also reads, writes and re-reads the residual of its 1/N of the tokens.
fn collective_hbm_bytes(collective: Collective, message_bytes: f64, ranks: u32) -> f64 {
    let shard = message_bytes / f64::from(ranks);
    match collective {
        Collective::AllReduce | Collective::AllToAll => 2.0 * message_bytes,
        Collective::Send => message_bytes,
        Collective::ReduceScatter | Collective::AllGather => message_bytes + shard,
        Collective::FusedArNorm => 2.0 * message_bytes + 3.0 * shard,
    }
}
