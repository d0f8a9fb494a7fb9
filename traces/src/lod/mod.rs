//! Asking for pixels instead of events.
//!
//! A view that shows a window at some resolution asks for what it can draw: slices wide enough to see come out
//! one by one, everything narrower is folded. What folding means is stated by a plain group-by over all slices,
//! [`oracle`]; [`Pyramid`] answers the same question at a cost that follows the buckets in the window, and property
//! tests hold the two equal.
//!
//! [`Ribbon`] is the other way to shrink a rank: the share of its SMs by kind over time, from prefix sums, held to
//! its own brute-force twin.

mod band;
mod fold;
mod item;
mod lane_index;
mod levels;
pub mod oracle;
mod pyramid;
mod radix;
mod ribbon;
mod ribbon_basis;
mod ribbon_build;
mod sampled;
mod steps;
mod sums;

pub use band::Band;
pub(crate) use band::{bands as bits, bands_of_labels};
pub use item::LodItem;
pub use pyramid::Pyramid;
pub use ribbon::{Ribbon, RibbonColumn};
pub use ribbon_basis::RibbonBasis;

#[cfg(test)]
mod tests;
