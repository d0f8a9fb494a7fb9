//! Which rank comes late?

use serde::{Deserialize, Serialize};

use super::{MatchMethod, Ops, RankClock, RankMatch};

/// Arrivals of all ranks at the collectives of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SkewReport {
    /// Per collective in order of time.
    pub collectives: Vec<CollectiveArrival>,
    /// Per rank.
    pub ranks: Vec<RankSkew>,
    /// The rank with the largest mean lateness; `None` without matched collectives or when no rank is ever late.
    pub straggler: Option<u32>,
    /// How collectives were matched; `None` when none were.
    pub method: Option<MatchMethod>,
    /// Communication ops with no partner.
    pub unmatched: usize,
    /// The same by rank, for ranks that ran with others.
    pub matches: Vec<RankMatch>,
    /// Matched collectives of which ranks of their group have no record: one of those may have come last.
    pub incomplete: usize,
    /// How the clocks of the ranks stand to each other, by the ends of collectives.
    pub clocks: Vec<RankClock>,
}

/// Who came when to one collective.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectiveArrival {
    /// Name of the op.
    pub name: String,
    /// When the first rank arrived.
    pub first_ns: i64,
    /// First to last arrival.
    pub spread_ns: i64,
    /// Per rank that took part: how long after the first it arrived.
    pub late_ns: Vec<(u32, i64)>,
}

/// One rank's arrivals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RankSkew {
    /// The rank.
    pub rank: u32,
    /// Collectives it took part in.
    pub collectives: usize,
    /// Mean time after the first arrival.
    pub mean_late_ns: f64,
    /// Largest time after the first arrival.
    pub max_late_ns: i64,
    /// Collectives at which it was the last and others waited.
    pub times_last: usize,
    /// Time it spent waiting for later ranks, see [`Collective::waits_ns`](super::Collective::waits_ns).
    pub waited_ns: i64,
}

/// Arrivals in the runs of all traces that were gathered together.
pub fn skew(ops: &Ops<'_>) -> SkewReport {
    let found = ops.collectives();
    let all = ops.ranks_of_run();
    let mut rows: Vec<RankSkew> =
        all.iter().map(|&rank| RankSkew { rank, ..RankSkew::default() }).collect();
    let mut collectives = Vec::new();
    for collective in &found.matched {
        let last_ns = collective.latest_start_ns();
        let starts = collective.members.iter().map(|member| member.span.start_ns);
        let first_ns = starts.min().unwrap_or_default();
        let mut late_ns = Vec::new();
        for (member, wait_ns) in collective.waits_ns() {
            let late = member.span.start_ns - first_ns;
            late_ns.push((member.rank, late));
            let Ok(at) = all.binary_search(&member.rank) else { continue };
            let row = &mut rows[at];
            row.collectives += 1;
            row.mean_late_ns += late as f64;
            row.max_late_ns = row.max_late_ns.max(late);
            row.times_last += usize::from(late > 0 && member.span.start_ns == last_ns);
            row.waited_ns += wait_ns;
        }
        let name = collective.name.clone();
        let spread_ns = last_ns - first_ns;
        collectives.push(CollectiveArrival { name, first_ns, spread_ns, late_ns });
    }
    for row in &mut rows {
        row.mean_late_ns /= row.collectives.max(1) as f64;
    }
    let late = rows.iter().filter(|row| row.mean_late_ns > 0.0);
    let straggler = late.max_by(|a, b| a.mean_late_ns.total_cmp(&b.mean_late_ns));
    let straggler = straggler.map(|row| row.rank);
    SkewReport {
        collectives,
        ranks: rows,
        straggler,
        method: found.method,
        unmatched: found.unmatched,
        matches: found.ranks.clone(),
        incomplete: found.matched.iter().filter(|one| one.missing() > 0).count(),
        clocks: found.clocks.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    #[test]
    fn the_late_rank_is_named() {
        let trace = trace(
            "rank 0
             stream 0: comm 0..50 ar op=1; comm 100..150 ar op=2
             rank 1
             stream 0: comm 30..50 ar op=1; comm 110..150 ar op=2
             rank 2
             stream 0: comm 10..50 ar op=1; comm 100..150 ar op=2",
        );
        let report = skew(&Ops::of(&trace, &Config::default()));
        assert_eq!(report.straggler, Some(1));
        assert_eq!(report.collectives[0].spread_ns, 30);
        assert_eq!(report.collectives[0].late_ns, [(0, 0), (1, 30), (2, 10)]);
        let expected = RankSkew {
            rank: 1,
            collectives: 2,
            mean_late_ns: 20.0,
            max_late_ns: 30,
            times_last: 2,
            waited_ns: 0,
        };
        assert_eq!(report.ranks[1], expected);
        assert_eq!(report.ranks[0].waited_ns, 40);
    }

    #[test]
    fn a_single_rank_has_nobody_to_be_late_for() {
        let trace = trace("rank 0\n stream 0: comm 0..50 ar");
        let report = skew(&Ops::of(&trace, &Config::default()));
        assert_eq!((report.straggler, report.method, report.unmatched), (None, None, 0));
    }
}
