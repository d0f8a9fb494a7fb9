use serde::{Deserialize, Serialize};

/// Furthest from its base time that a trace's time may be, in ns: 73 years, so that no difference of two times overflows.
pub(crate) const MAX_TIME_NS: i64 = 1 << 61;

/// True for a time that a trace may hold.
pub(crate) fn is_time(at_ns: i64) -> bool {
    (-MAX_TIME_NS..=MAX_TIME_NS).contains(&at_ns)
}

/// A half-open interval of trace time, `[start_ns, end_ns)`.
///
/// Trace time is integer nanoseconds since [`Meta::base_time_unix_ns`](super::Meta); integers because an
/// `f32` second loses whole kernels and an `f64` one loses them once the epoch is added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First nanosecond inside.
    pub start_ns: i64,
    /// First nanosecond after.
    pub end_ns: i64,
}

impl Span {
    /// A span from `start_ns` to `end_ns`; an end before the start gives an empty span at the start.
    pub fn new(start_ns: i64, end_ns: i64) -> Self {
        Self { start_ns, end_ns: end_ns.max(start_ns) }
    }

    /// Length in nanoseconds, never negative.
    pub fn len_ns(self) -> i64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    /// True when no nanosecond lies inside.
    pub fn is_empty(self) -> bool {
        self.end_ns <= self.start_ns
    }

    /// True when at least one nanosecond lies in both.
    pub fn overlaps(self, other: Self) -> bool {
        self.start_ns < other.end_ns && other.start_ns < self.end_ns
    }

    /// The part in both (empty when they do not meet).
    pub fn intersect(self, other: Self) -> Self {
        Self::new(self.start_ns.max(other.start_ns), self.end_ns.min(other.end_ns))
    }

    /// The same so much later, as far as times go.
    #[must_use]
    pub fn shifted(self, by_ns: i64) -> Self {
        Self::new(self.start_ns.saturating_add(by_ns), self.end_ns.saturating_add(by_ns))
    }

    /// The smallest span that holds both; an empty span counts as nothing.
    pub fn hull(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self::new(self.start_ns.min(other.start_ns), self.end_ns.max(other.end_ns))
    }

    /// True when `t_ns` lies inside.
    pub fn contains(self, t_ns: i64) -> bool {
        self.start_ns <= t_ns && t_ns < self.end_ns
    }
}
