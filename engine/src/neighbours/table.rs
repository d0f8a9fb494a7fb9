use super::{Neighbour, auc, eps_moe, flux, instant_ngp, ppd, rfad, splitwiser};

/// Every neighbour, in the order in which lists show them.
pub const NEIGHBOURS: &[Neighbour] = &[
    flux::FLUX,
    eps_moe::EPS_MOE,
    splitwiser::SPLITWISER,
    ppd::PPD,
    rfad::RFAD,
    auc::AUC,
    instant_ngp::INSTANT_NGP,
];

/// The neighbour of this name.
pub fn neighbour(name: &str) -> Option<&'static Neighbour> {
    NEIGHBOURS.iter().find(|neighbour| neighbour.name == name)
}
