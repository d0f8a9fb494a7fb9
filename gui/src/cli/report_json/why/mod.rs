//! What the window's panel says, for programs.

mod accounts;
mod bandwidth;
mod layers;
mod path;
mod products;

use serde::Serialize;

use self::{
    accounts::RankEntry,
    bandwidth::Bandwidth,
    layers::{ExposedBy, Structure},
    path::Path,
    products::Products,
};
use super::Reported;

#[derive(Serialize)]
pub(super) struct Why<'a> {
    /// Rank by rank: compute + exposed_comm + exposed_memcpy + idle = span.
    accounts: Vec<RankEntry<'a>>,
    bandwidth: Bandwidth<'a>,
    critical_path: Path<'a>,
    /// Passes and layers, rank by rank.
    structure: Vec<Structure<'a>>,
    /// Exposed communication by op and by layer.
    exposed_by: ExposedBy<'a>,
    products: Products<'a>,
}

impl<'a> Why<'a> {
    pub(super) fn of(report: &'a Reported) -> Self {
        let answers = &report.answers;
        Self {
            accounts: answers.accounts.ranks.iter().map(RankEntry::of).collect(),
            bandwidth: Bandwidth::of(&answers.bandwidth),
            critical_path: Path::of(&answers.path),
            structure: answers.structure.ranks.iter().map(Structure::of).collect(),
            exposed_by: ExposedBy::of(&answers.exposed_by),
            products: Products::of(&answers.products),
        }
    }
}
