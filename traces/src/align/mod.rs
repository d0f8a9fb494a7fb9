//! One time axis over servers whose clocks differ, by what they did together.
//!
//! Ranks of a collective that synchronises end it at nearly one moment, whenever each came to it. So the ends of one collective
//! on two servers are two clocks' times of one event. [`axis`] draws a robust line through the differences of each two
//! servers that met often (`edges.rs`), and finds the offsets and drifts of all that fit these lines best, by least squares
//! over the graph of who met whom (`solve.rs`). What it leaves is stated by clock, and servers that never met, not even by way
//! of others, are on different axes, which is said.

mod axis;
mod edges;
mod solve;

pub use axis::{Axis, ClockLine, axis};

/// The ends of one collective that synchronises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meeting {
    /// Number of the clock, and when the collective ended by it, ns; of several ranks of one server their median. Each
    /// clock once, ascending.
    pub ends: Vec<(u32, i64)>,
}

#[cfg(test)]
mod tests;
