use serde::{Deserialize, Serialize};

use crate::model::Span;

/// The slack of a phase on a rank: how much later its last communication could end without prolonging the phase.
///
/// The one definition of it: band, tables, sentence, report and JSON show this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slack {
    /// End of the phase's last communication on the rank.
    pub comm_end_ns: i64,
    /// End of the phase's last computation on the rank.
    pub compute_end_ns: i64,
}

impl Slack {
    /// `compute_end − comm_end`: negative when communication ends last and prolongs the phase.
    pub fn ns(self) -> i64 {
        self.compute_end_ns - self.comm_end_ns
    }

    /// Between the two ends, whichever comes first.
    pub fn span(self) -> Span {
        let Self { comm_end_ns, compute_end_ns } = self;
        Span::new(comm_end_ns.min(compute_end_ns), comm_end_ns.max(compute_end_ns))
    }
}
