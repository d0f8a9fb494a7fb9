//! What the window's panel says, for programs.

mod accounts;

use serde::Serialize;

use self::accounts::RankEntry;
use super::Reported;

#[derive(Serialize)]
pub(super) struct Why<'a> {
    /// Rank by rank: compute + exposed_comm + exposed_memcpy + idle = span.
    accounts: Vec<RankEntry<'a>>,
}

impl<'a> Why<'a> {
    pub(super) fn of(report: &'a Reported) -> Self {
        let answers = &report.answers;
        Self { accounts: answers.accounts.ranks.iter().map(RankEntry::of).collect() }
    }
}
