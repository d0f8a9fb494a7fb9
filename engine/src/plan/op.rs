use super::{OpRole, Phase, Split, StreamId};
use crate::spec::Transport;

/// Index into [`Plan::ops`](super::Plan::ops).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OpId(pub u32);

impl OpId {
    /// As an index into a list with an entry an op.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// One kernel launch on every rank.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// Its index.
    pub id: OpId,
    /// What it is: the same op of another layer has the same role.
    pub role: OpRole,
    /// The stream it is issued to.
    pub stream: StreamId,
    /// Ops (of other streams, or redundantly of the same) that must have finished on this rank.
    pub deps: Vec<OpId>,
    /// Layer; `None` before the first and after the last.
    pub layer: Option<u32>,
    /// Which tokens.
    pub split: Split,
    /// Phase of the weave.
    pub phase: Phase,
    /// Rows of the activation (tokens of the split, padding included).
    pub tokens: u32,
    /// What it computes.
    pub work: OpWork,
    /// Thread blocks launched.
    pub grid: u32,
    /// What a block holds of its SM.
    pub resources: Resources,
    /// Floating-point operations on one rank, all blocks.
    pub flops: f64,
    /// Bytes through device memory on one rank, inputs once and outputs once.
    pub hbm_bytes: f64,
    /// Bytes a direction over this rank's links.
    pub link_bytes: f64,
}

impl Op {
    /// All ranks meet in it.
    pub fn is_collective(&self) -> bool {
        matches!(self.work, OpWork::Collective(_))
    }
}

/// What an op computes, with the shape that decides how it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum OpWork {
    /// Matrix product, one or several of the same tile shape (experts).
    Gemm(GemmShape),
    /// Causal attention over several sequences; [`attention_blocks`](super::attention_blocks) lists the grid.
    Attention(AttentionShape),
    /// RMSNorm with residual add over rows.
    AddNorm {
        /// Row width.
        hidden: u32,
    },
    /// Memory-bound pointwise work: rope + KV write, SiLU·mul, embedding look-up, routing.
    Elementwise,
    /// A collective; all ranks' blocks of the same index meet at barriers.
    Collective(CollectiveShape),
}

/// Causal attention over sequences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    /// Query heads on this rank.
    pub heads: u32,
    /// Key/value heads on this rank.
    pub kv_heads: u32,
    /// Width of a head, elements.
    pub head_dim: u32,
    /// Query rows a block works on.
    pub tile_rows: u32,
    /// K/V tokens a block of a short sequence (decode) reads; longer contexts are cut into several blocks.
    pub kv_chunk: u32,
    /// Per sequence part in this op: (cached tokens before it, new tokens).
    pub sequences: Vec<(u32, u32)>,
}

/// A collective and its message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CollectiveShape {
    /// Which.
    pub collective: Collective,
    /// How bytes travel.
    pub transport: Transport,
    /// Message size in bytes on one rank (rows × hidden × 2).
    pub message_bytes: f64,
}

/// Collectives of the strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Collective {
    /// Sum over ranks, result everywhere.
    AllReduce,
    /// Sum over ranks, own token shard.
    ReduceScatter,
    /// Token shards to everybody.
    AllGather,
    /// Reduce-scatter + residual add + RMSNorm on the token shard + all-gather, in one launch.
    FusedArNorm,
}

/// A tiled matrix product `[m, k] × [k, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GemmShape {
    /// Rows (tokens).
    pub m: u32,
    /// Columns on this rank, before the epilogue.
    pub n: u32,
    /// Inner dimension on this rank.
    pub k: u32,
    /// Products of this shape in one launch (experts), 1 for a dense layer.
    pub groups: u32,
    /// Tile rows.
    pub tile_m: u32,
    /// Tile columns.
    pub tile_n: u32,
    /// Tiles that are launched together along the rows; a product has a whole number of such clusters.
    pub cluster: u32,
    /// Slices of the inner dimension, each a block of its own (small products only), else 1.
    pub split_k: u32,
    /// What a tile does with its sums.
    pub epilogue: Epilogue,
    /// SMs that a persistent launch takes, a block each; `None`: a block a tile. More than are free is no harm: the
    /// blocks that find none start when one is, which pays where a collective ends meanwhile.
    pub persistent_sms: Option<u32>,
}

/// What a tile of a product does with its sums before it writes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Epilogue {
    /// Writes them.
    #[default]
    Plain,
    /// The first half of the columns are gates, the second what they gate: SiLU(gate) · up, half as many columns.
    SiluMul,
}

impl GemmShape {
    /// Columns that are written.
    pub fn columns(&self) -> u32 {
        match self.epilogue {
            Epilogue::Plain => self.n,
            Epilogue::SiluMul => self.n / 2,
        }
    }

    /// Output tiles of one product.
    pub fn tiles(&self) -> u32 {
        let clusters = self.m.div_ceil(self.tile_m * self.cluster);
        clusters * self.cluster * self.n.div_ceil(self.tile_n)
    }

    /// Thread blocks: one a tile, product and slice of the inner dimension.
    pub fn grid(&self) -> u32 {
        self.tiles() * self.groups * self.split_k
    }
}

/// What one block occupies of its SM while it is resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Threads.
    pub threads: u32,
    /// Registers a thread; an SM has [`REGISTERS_PER_SM`](crate::split::REGISTERS_PER_SM).
    pub registers: u32,
    /// Shared memory, bytes.
    pub smem_bytes: u32,
}
