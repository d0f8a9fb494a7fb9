use std::collections::BTreeMap;

use serde::Serialize;

use super::Run;
use crate::analysis::DurationStats;
use crate::analysis::stats::median;
use crate::model::SliceRef;

/// The durations of a kernel on one rank, over all of it or in one iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct GroupDurations {
    /// The rank.
    pub rank: u32,
    /// Position among the rank's iterations; `None`: over all of the rank's ops, in an iteration or not.
    pub iteration: Option<usize>,
    /// Count, total, shortest and longest.
    #[serde(flatten)]
    pub durations: DurationStats,
    /// Median.
    pub median_ns: i64,
    /// The op that took longest, of several the earliest.
    #[serde(skip)]
    pub longest: SliceRef,
}

/// Runs, shortest first, by what `key` says of them; left out where it says nothing.
pub(super) fn groups(
    runs: &[Run],
    key: impl Fn(&Run) -> Option<(u32, Option<usize>)>,
) -> Vec<GroupDurations> {
    let mut by_key: BTreeMap<(u32, Option<usize>), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        if let Some(key) = key(run) {
            by_key.entry(key).or_default().push(run);
        }
    }
    let group = |((rank, iteration), runs): ((u32, Option<usize>), Vec<&Run>)| {
        let mut durations = DurationStats::default();
        runs.iter().for_each(|run| durations.add(run.duration_ns));
        let longest = runs.iter().find(|run| run.duration_ns == durations.max_ns)?.slice;
        let median_ns = median(runs.iter().map(|run| run.duration_ns).collect())?;
        Some(GroupDurations { rank, iteration, durations, median_ns, longest })
    };
    by_key.into_iter().filter_map(group).collect()
}
