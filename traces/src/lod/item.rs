use crate::model::{Kind, Span, Split};

/// One thing to draw: a slice, or a run of slices too short to be seen apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LodItem {
    /// Start of the first slice.
    pub start_ns: i64,
    /// End of the last slice.
    pub end_ns: i64,
    /// Slices in it, consecutive rows from [`first`](Self::first); 1 for a slice by itself.
    pub count: u32,
    /// Time covered by them; less than the length when there are gaps.
    pub busy_ns: i64,
    /// Kind with the most busy time, the smaller on ties.
    pub kind: Kind,
    /// Split with the most busy time within that kind, the smaller on ties.
    pub split: Split,
    /// Row of the first slice.
    pub first: u32,
    /// Row of the longest slice, the first on ties; the one a tooltip speaks of.
    pub index: u32,
}

impl LodItem {
    /// First start to last end.
    pub fn span(&self) -> Span {
        Span { start_ns: self.start_ns, end_ns: self.end_ns }
    }

    /// True when it stands for several slices.
    pub fn is_fold(&self) -> bool {
        self.count > 1
    }

    /// True when a query of `window` has to show it: it shares a nanosecond with the window, or is empty and
    /// starts inside.
    pub fn touches(&self, window: Span) -> bool {
        touches(self.span(), window)
    }
}

/// The rule of [`LodItem::touches`], of spans.
pub(super) fn touches(item: Span, window: Span) -> bool {
    item.start_ns < window.end_ns
        && (item.end_ns > window.start_ns || item.start_ns >= window.start_ns)
}
