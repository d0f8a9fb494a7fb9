use super::{Neighbour, core, flux, straggler, tensor_network, tso};

/// Every neighbour, in the order in which lists show them.
pub const NEIGHBOURS: &[Neighbour] =
    &[flux::FLUX, straggler::STRAGGLER, core::CORE, tso::TSO, tensor_network::TENSOR_NETWORK];

/// The neighbour of this name.
pub fn neighbour(name: &str) -> Option<&'static Neighbour> {
    NEIGHBOURS.iter().find(|neighbour| neighbour.name == name)
}
