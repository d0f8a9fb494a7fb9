//! How tables are sorted.

/// A table that can be sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TableId {
    /// Of the selected range, per op.
    #[default]
    Ops,
    /// Of the selected range, per SM, stream or thread.
    Rows,
    /// Kernels.
    Kernels,
    /// Exposed communication.
    Exposed,
    /// Gaps.
    Gaps,
    /// Ops of two recordings.
    Differences,
    /// The answer of a query.
    Sql,
    /// Strategies that served.
    Serving,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortKey {
    /// Smallest first.
    Ascending,
    /// Largest first.
    Descending,
}

/// A table's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSort {
    /// Column, from 0.
    pub column: usize,
    /// Which way.
    pub key: SortKey,
}

impl TableSort {
    /// The order after a click on the head of `column`: largest first, then smallest first, then as it came.
    pub fn clicked(before: Option<Self>, column: usize) -> Option<Self> {
        match before {
            Some(Self { column: same, key: SortKey::Descending }) if same == column => {
                Some(Self { column, key: SortKey::Ascending })
            }
            Some(Self { column: same, key: SortKey::Ascending }) if same == column => None,
            _ => Some(Self { column, key: SortKey::Descending }),
        }
    }
}
