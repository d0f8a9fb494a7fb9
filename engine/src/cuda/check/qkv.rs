/// Rows of queries, keys and values side by side, and a grid for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct QkvRows {
    pub(super) head_dim: usize,
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) blocks: u32,
}

impl QkvRows {
    /// Numbers a row.
    pub(super) fn columns(self) -> usize {
        (self.heads + 2 * self.kv_heads) * self.head_dim
    }
}

/// Groups of heads and none, fewer and more heads than threads.
pub(super) const FULL: [QkvRows; 10] = [
    QkvRows { head_dim: 128, tokens: 1, heads: 1, kv_heads: 1, blocks: 1 },
    QkvRows { head_dim: 128, tokens: 37, heads: 8, kv_heads: 1, blocks: 3 },
    QkvRows { head_dim: 128, tokens: 300, heads: 12, kv_heads: 4, blocks: 264 },
    QkvRows { head_dim: 128, tokens: 129, heads: 5, kv_heads: 5, blocks: 40 },
    QkvRows { head_dim: 64, tokens: 37, heads: 8, kv_heads: 1, blocks: 3 },
    QkvRows { head_dim: 64, tokens: 129, heads: 5, kv_heads: 5, blocks: 40 },
    QkvRows { head_dim: 96, tokens: 37, heads: 8, kv_heads: 1, blocks: 3 },
    QkvRows { head_dim: 96, tokens: 129, heads: 5, kv_heads: 5, blocks: 40 },
    QkvRows { head_dim: 256, tokens: 37, heads: 8, kv_heads: 1, blocks: 3 },
    QkvRows { head_dim: 256, tokens: 129, heads: 5, kv_heads: 5, blocks: 40 },
];
pub(super) const QUICK: [QkvRows; 4] = [
    QkvRows { head_dim: 128, tokens: 5, heads: 3, kv_heads: 1, blocks: 2 },
    QkvRows { head_dim: 64, tokens: 5, heads: 3, kv_heads: 1, blocks: 2 },
    QkvRows { head_dim: 96, tokens: 5, heads: 3, kv_heads: 1, blocks: 2 },
    QkvRows { head_dim: 256, tokens: 5, heads: 3, kv_heads: 1, blocks: 2 },
];
