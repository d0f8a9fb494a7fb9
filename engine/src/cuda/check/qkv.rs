/// Width of a head, fixed in the kernels.
pub(super) const HEAD_DIM: usize = 128;

/// Rows of queries, keys and values side by side, and a grid for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct QkvRows {
    pub(super) tokens: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) blocks: u32,
}

impl QkvRows {
    /// Numbers a row.
    pub(super) fn columns(self) -> usize {
        (self.heads + 2 * self.kv_heads) * HEAD_DIM
    }
}

/// Groups of heads and none, fewer and more heads than threads.
pub(super) const FULL: [QkvRows; 4] = [
    QkvRows { tokens: 1, heads: 1, kv_heads: 1, blocks: 1 },
    QkvRows { tokens: 37, heads: 8, kv_heads: 1, blocks: 3 },
    QkvRows { tokens: 300, heads: 12, kv_heads: 4, blocks: 264 },
    QkvRows { tokens: 129, heads: 5, kv_heads: 5, blocks: 40 },
];
pub(super) const QUICK: [QkvRows; 1] = [QkvRows { tokens: 5, heads: 3, kv_heads: 1, blocks: 2 }];
