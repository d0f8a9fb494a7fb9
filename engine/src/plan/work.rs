//! What ops compute, with the shapes that decide how they run, and what their blocks hold of an SM.

use serde::{Deserialize, Serialize};

use super::{AttentionShape, uneven::heights};
use crate::spec::Transport;

/// What an op computes, with the shape that decides how it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OpWork {
    /// GEMM, one or several of the same tile shape (experts).
    Gemm(GemmShape),
    /// Causal attention over several sequences; [`AttentionShape::blocks`] lists the grid.
    Attention(AttentionShape),
    /// RMSNorm with residual add over rows.
    AddNorm {
        /// Row width.
        hidden: u32,
    },
    /// Reads all over a table that may be larger than L2: hash tables, embeddings.
    Gather {
        /// Bytes of the table.
        table_bytes: f64,
        /// Bytes that are read of it, whole sectors.
        read_bytes: f64,
    },
    /// The experts of every row: so many of its scores that are largest, one after the other.
    Choice {
        /// Scores of a row that win.
        top_k: u32,
    },
    /// Each row is the sum of so many from elsewhere, read as whole rows.
    RowSum {
        /// Rows of a sum.
        terms: u32,
    },
    /// Memory-bound pointwise work: rope + KV write, SiLU·mul, embedding look-up, routing.
    Elementwise,
    /// A collective; all ranks' blocks of the same index meet at barriers.
    Collective(CollectiveShape),
}

/// A collective and its message.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectiveShape {
    /// Which.
    pub collective: Collective,
    /// How bytes travel.
    pub transport: Transport,
    /// Message size in bytes on one rank (rows × hidden × 2).
    pub message_bytes: f64,
    /// Its blocks are copies, which take no SM; `None`: they are thread blocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copies: Option<Copies>,
}

/// A message that is moved chunk by chunk, a block of the op each, by what is no SM: copy engines, or the stores that tiles of
/// a GEMM send to peers as they end. Chunks share the links with whatever else is on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Copies {
    /// Chunks under way at one time; the others follow in order.
    pub at_once: u32,
}

/// Collectives of the strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Collective {
    /// Sum over ranks, result everywhere.
    AllReduce,
    /// Sum over ranks, this rank's token shard.
    ReduceScatter,
    /// Token shards to every rank.
    AllGather,
    /// Of each rank's rows a share to every other: to where experts are, or back.
    AllToAll,
    /// Each rank's rows to one other, e.g. a server of parameters: no rank waits for another.
    Send,
    /// Reduce-scatter + residual add + RMSNorm on the token shard + all-gather, in one launch.
    FusedArNorm,
}

/// Steps of the shortest tiles that are dealt out, and what a step is deep (`gemm_sm90.cu`).
const DEALT_STEPS: u32 = 16;
const STEP_DEPTH: u32 = 64;

/// A tiled GEMM `[m, k] × [k, n]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GemmShape {
    /// Rows (tokens).
    pub m: u32,
    /// Columns on this rank, before the epilogue.
    pub n: u32,
    /// Inner dimension on this rank.
    pub k: u32,
    /// GEMMs of this shape in one launch (experts), 1 for a dense layer.
    pub groups: u32,
    /// Tile rows.
    pub tile_m: u32,
    /// Tile columns.
    pub tile_n: u32,
    /// Tiles that are launched together and share what they load.
    pub cluster: Cluster,
    /// Slices of the inner dimension, each a block of its own (GEMMs of few rows only), else 1.
    pub split_k: u32,
    /// What a tile does with its sums.
    pub epilogue: Epilogue,
    /// SMs that a persistent launch takes, a block each; `None`: a block a tile. More than are free is no harm: the
    /// blocks that find none start when one is, which pays where a collective ends meanwhile.
    pub persistent_sms: Option<u32>,
}

/// Tiles of a GEMM that are launched together; it has a whole number of such clusters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cluster {
    /// Each by itself.
    #[default]
    Alone,
    /// Two on top of one another, which share a tile of weights.
    Rows,
    /// The same of experts, whose heights are uneven: the two share out the last rows of each.
    Uneven,
    /// As `Uneven`, of rows that lie anywhere: each block copies its own together, which takes its threads longer than the copy engine.
    Gathered,
    /// Of experts, too, but each by itself and whole, however few rows of an expert are left for the last (a library's kernels).
    Padded,
    /// The slices of the inner dimension of one tile, whose sums meet in distributed shared memory.
    Slices,
}

impl Cluster {
    /// Of experts, whose last rows the two of a cluster share out.
    pub(crate) fn is_uneven(self) -> bool {
        matches!(self, Self::Uneven | Self::Gathered)
    }

    /// Tiles.
    pub fn tiles(self) -> u32 {
        match self {
            Self::Alone | Self::Padded | Self::Slices => 1,
            Self::Rows | Self::Uneven | Self::Gathered => 2,
        }
    }
}

impl Collective {
    /// Blocks of an index meet on all ranks, before and after.
    pub fn meets(self) -> bool {
        self != Self::Send
    }
}

/// What a tile of a GEMM does with its sums before it writes them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Epilogue {
    /// Writes them.
    #[default]
    Plain,
    /// The first half of the columns are gates, the second what they gate: SiLU(gate) · up, half as many columns.
    SiluMul,
    /// Writes them as fp32: scores of experts, which are compared with one another.
    F32,
}

impl GemmShape {
    /// Columns that are written.
    pub fn columns(&self) -> u32 {
        match self.epilogue {
            Epilogue::Plain | Epilogue::F32 => self.n,
            Epilogue::SiluMul => self.n / 2,
        }
    }

    /// Output tiles of all its GEMMs. Where they are experts', of uneven heights, what is to be expected.
    pub fn tiles(&self) -> u32 {
        self.tiles_down() * self.n.div_ceil(self.tile_n)
    }

    /// The same of one column of tiles: it does not depend on how wide they are.
    pub(crate) fn tiles_down(&self) -> u32 {
        let together = self.cluster.tiles();
        let high = self.tile_m * together;
        let clusters = match self.cluster {
            Cluster::Uneven | Cluster::Gathered | Cluster::Padded => {
                heights(self.m, self.groups).into_iter().map(|rows| rows.div_ceil(high)).sum()
            }
            Cluster::Alone | Cluster::Rows | Cluster::Slices => self.groups * self.m.div_ceil(high),
        };
        clusters * together
    }

    /// Whether a persistent launch deals its tiles out as blocks are ready for them: those of experts, whose heights are uneven, where
    /// they are long enough. Other blocks take every so manieth.
    pub(crate) fn is_dealt(&self) -> bool {
        self.cluster.is_uneven() && self.k.div_ceil(STEP_DEPTH) >= DEALT_STEPS
    }

    /// Rows that each tile multiplies, in the order of the tiles, where heights are uneven: the two of a cluster take half a tile each
    /// where that is enough for an expert's last rows. Columns begin with one row of tiles after the other where blocks would else have the
    /// last rows always or never (`gemm_sm90.cu`).
    pub(crate) fn uneven_tile_rows(&self) -> Vec<u32> {
        let (together, across) = (self.cluster.tiles(), self.n.div_ceil(self.tile_n));
        let high = self.tile_m * together;
        let walkers = self.persistent_sms.unwrap_or(0) / together;
        let mut tiles = Vec::new();
        for rows in heights(self.m, self.groups) {
            let down = rows.div_ceil(high);
            let half = rows - (down - 1) * high <= self.tile_m;
            let turns = !self.is_dealt() && walkers.is_multiple_of(down);
            for (column, row) in
                (0..across).flat_map(|column| (0..down).map(move |row| (column, row)))
            {
                let row = if turns { (row + column) % down } else { row };
                let rows = if half && row + 1 == down { self.tile_m / 2 } else { self.tile_m };
                tiles.extend((0..together).map(|_| rows));
            }
        }
        tiles
    }

    /// Thread blocks: one a tile and slice of the inner dimension.
    pub fn grid(&self) -> u32 {
        self.tiles() * self.split_k
    }
}

/// What one block occupies of its SM while it is resident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Threads.
    pub threads: u32,
    /// Registers a thread; an SM has [`REGISTERS_PER_SM`](crate::split::REGISTERS_PER_SM).
    pub registers: u32,
    /// Shared memory, bytes.
    pub smem_bytes: u32,
}
