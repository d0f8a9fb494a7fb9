use super::{Neighbour, eps_moe, flux, ppd, splitwiser};

/// Every neighbour, in the order in which lists show them.
pub const NEIGHBOURS: &[Neighbour] =
    &[flux::FLUX, eps_moe::EPS_MOE, splitwiser::SPLITWISER, ppd::PPD];

/// The neighbour of this name.
pub fn neighbour(name: &str) -> Option<&'static Neighbour> {
    NEIGHBOURS.iter().find(|neighbour| neighbour.name == name)
}
