use super::{
    Neighbour, auc, core, eps_moe, flux, instant_ngp, motion2nx, ppd, rfad, splitwiser, straggler,
    tensor_network, tso,
};

/// Every neighbour, in the order in which lists show them.
pub const NEIGHBOURS: &[Neighbour] = &[
    flux::FLUX,
    eps_moe::EPS_MOE,
    splitwiser::SPLITWISER,
    ppd::PPD,
    straggler::STRAGGLER,
    core::CORE,
    tso::TSO,
    tensor_network::TENSOR_NETWORK,
    motion2nx::MOTION2NX,
    rfad::RFAD,
    auc::AUC,
    instant_ngp::INSTANT_NGP,
];

/// The neighbour of this name.
pub fn neighbour(name: &str) -> Option<&'static Neighbour> {
    NEIGHBOURS.iter().find(|neighbour| neighbour.name == name)
}
