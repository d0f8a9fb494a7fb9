//! Who waits for whom, and how well that is known.

use crate::analysis::arrival::which;
use crate::analysis::reports::Reports;
use crate::analysis::stats::share;
use crate::analysis::{RankClock, SkewReport};
use crate::words::{counted, duration, percent, signed_duration};

use super::NOTABLE;

/// Ranks named in a sentence.
const MOST_NAMED: usize = 4;

/// A rank that waits.
pub(super) struct Waiting {
    /// Waiting as a share of the rank's communication, 0…1.
    pub(super) of_comm: f64,
    /// Who waits for whom, without a full stop.
    pub(super) sentence: String,
}

/// The rank that waits longest, when waiting takes a notable part of its time.
pub(super) fn waiting(reports: &Reports) -> Option<Waiting> {
    let known = reports.overlap.ranks.iter().filter_map(|rank| Some((rank, rank.total.wait_ns?)));
    let (waiting, wait_ns) = known.max_by_key(|(_, wait_ns)| *wait_ns)?;
    let total = &waiting.total;
    if share(wait_ns, total.span_ns) < NOTABLE {
        return None;
    }
    let of_comm = share(wait_ns, total.comm_ns);
    let straggler = reports.skew.straggler.filter(|&rank| rank != waiting.rank);
    let whom = match straggler {
        Some(rank) => format!("rank {rank}, which comes last on average"),
        None => "its peers in turn".to_owned(),
    };
    let only = reports.arrival.only_in;
    let only = only.map(|at| format!(", {}", which(at, reports.skew.collectives.len())));
    let sentence = format!(
        "Rank {} waits for {whom}: {} of its {} of communication ({}) pass before all have arrived{}",
        waiting.rank,
        duration(wait_ns),
        duration(total.comm_ns),
        percent(of_comm),
        only.unwrap_or_default(),
    );
    Some(Waiting { of_comm, sentence })
}

/// Collectives that only one rank has, of ranks of which others do have partners.
pub(super) fn unmatched(skew: &SkewReport) -> Option<String> {
    let partly = skew.matches.iter().filter(|rank| rank.unmatched > 0);
    let of = |rank: &crate::analysis::RankMatch| {
        let all = rank.matched + rank.unmatched;
        format!("{} of {all} on rank {}", rank.unmatched, rank.rank)
    };
    let mut named: Vec<String> = partly.clone().take(MOST_NAMED).map(of).collect();
    let more = partly.count() - named.len();
    if named.is_empty() {
        return None;
    }
    if more > 0 {
        named.push(format!("and some on {}", counted(more as u64, "more rank")));
    }
    Some(format!(
        "{} unmatched ({}): no other rank has a record of the same, so how long they waited is not known.",
        counted(skew.unmatched as u64, "collective"),
        named.join(", ")
    ))
}

/// Collectives of which ranks are missing.
pub(super) fn incomplete(skew: &SkewReport) -> Option<String> {
    (skew.incomplete > 0).then(|| {
        format!(
            "Of {} of {}, ranks of the group have no record, and one of them may have come last: waiting is at least what is said.",
            skew.incomplete,
            counted(skew.collectives.len() as u64, "matched collective")
        )
    })
}

/// Clocks that were corrected, and those that nothing else tells.
pub(super) fn clocks(skew: &SkewReport) -> Vec<String> {
    let named = |is_untold: bool| {
        let of = |clock: &&RankClock| {
            clock.is_untold == is_untold && (is_untold || clock.is_corrected())
        };
        let all: Vec<&RankClock> = skew.clocks.iter().filter(of).collect();
        let mut named: Vec<String> =
            all.iter().take(MOST_NAMED).map(|clock| clock.in_words()).collect();
        if all.len() > MOST_NAMED {
            named.push(counted((all.len() - MOST_NAMED) as u64, "more rank"));
        }
        (!named.is_empty()).then(|| named.join(", "))
    };
    let differ = named(false).map(|ranks| {
        format!("Clocks differ, by the ends of collectives: {ranks}; waiting is told with that taken off.")
    });
    let untold = named(true).map(|ranks| {
        format!("No base time says how the clocks stand; by the ends of collectives: {ranks}.")
    });
    differ.into_iter().chain(untold).collect()
}

impl RankClock {
    /// Something was taken off its times.
    pub fn is_corrected(&self) -> bool {
        self.offset_ns != 0 || self.drift_ns_per_s != 0.0
    }

    /// `rank 1 +50.0 ms (± 300 ns over 20 collectives)`.
    pub fn in_words(&self) -> String {
        let drift = match self.drift_ns_per_s {
            0.0 => String::new(),
            drift => format!(", {} a second", signed_duration(drift)),
        };
        format!(
            "rank {} {}{drift} (± {} over {})",
            self.rank,
            signed_duration(self.offset_ns as f64),
            duration(self.residual_p99_ns),
            counted(self.readings as u64, "collective")
        )
    }
}
