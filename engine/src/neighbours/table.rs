use super::{Neighbour, flux};

/// Every neighbour, in the order in which lists show them.
pub const NEIGHBOURS: &[Neighbour] = &[flux::FLUX];

/// The neighbour of this name.
pub fn neighbour(name: &str) -> Option<&'static Neighbour> {
    NEIGHBOURS.iter().find(|neighbour| neighbour.name == name)
}
