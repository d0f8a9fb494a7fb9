//! What the window's panel says, for programs.

mod accounts;
mod bandwidth;
mod path;

use serde::Serialize;

use self::{accounts::RankEntry, bandwidth::Bandwidth, path::Path};
use super::Reported;

#[derive(Serialize)]
pub(super) struct Why<'a> {
    /// Rank by rank: compute + exposed_comm + exposed_memcpy + idle = span.
    accounts: Vec<RankEntry<'a>>,
    bandwidth: Bandwidth<'a>,
    critical_path: Path<'a>,
}

impl<'a> Why<'a> {
    pub(super) fn of(report: &'a Reported) -> Self {
        let answers = &report.answers;
        Self {
            accounts: answers.accounts.ranks.iter().map(RankEntry::of).collect(),
            bandwidth: Bandwidth::of(&answers.bandwidth),
            critical_path: Path::of(&answers.path),
        }
    }
}
