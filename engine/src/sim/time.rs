/// Simulated time and virtual work, in 1/1024 ns: fine enough that rounding never shows, coarse enough that 2⁴⁹ of
/// them (the room beside a slot index in a tree key) are 9 minutes.
pub(super) type Ticks = i64;

/// After everything.
pub(super) const NEVER: Ticks = i64::MAX;

const TICKS_PER_NS: f64 = 1024.0;

/// Ticks of a duration in ns.
pub(super) fn ticks(ns: f64) -> Ticks {
    (ns * TICKS_PER_NS).round() as Ticks
}

/// Whole ns of a time.
pub(super) fn ns(ticks: Ticks) -> i64 {
    ticks >> 10
}
