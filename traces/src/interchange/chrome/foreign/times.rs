//! Where a file's time begins, and which of its events cannot belong to it.

use super::collect::Collect;
use super::header::Header;
use crate::Span;
use crate::interchange::chrome::tally::Tally;

/// Starts further than this from the bulk are clock faults (a record never stamped reads as 0 or as minus the base).
const OUTLIER_GAP_NS: i64 = 3_600_000_000_000;

/// The first time, down to a whole µs: tools that round to whole µs then round an export as they did the original.
pub(super) fn origin(collect: &Collect) -> i64 {
    let slices = collect.events.iter().map(|event| event.start_ns);
    let samples = collect.counters.iter().flat_map(|(_, samples)| samples.at_ns.iter().copied());
    let first_ns = slices.chain(samples).min().unwrap_or(0);
    first_ns.div_euclid(1000) * 1000
}

/// Drops events that are more than an hour away from nearly all others.
pub(super) fn drop_outliers(collect: &mut Collect, header: &Header, tally: &mut Tally) {
    let mut starts: Vec<i64> = collect.events.iter().map(|event| event.start_ns).collect();
    starts.sort_unstable();
    let breaks: Vec<usize> = (1..starts.len())
        .filter(|&i| starts[i].saturating_sub(starts[i - 1]) > OUTLIER_GAP_NS)
        .collect();
    if breaks.is_empty() {
        return;
    }
    let edges: Vec<usize> =
        std::iter::once(0).chain(breaks).chain(std::iter::once(starts.len())).collect();
    let Some(main) = edges.windows(2).max_by_key(|edge| edge[1] - edge[0]) else { return };
    let bulk = Span { start_ns: starts[main[0]], end_ns: starts[main[1] - 1] };
    let base_ns = header.base_time_ns.unwrap_or(0);
    let few = starts.len() / 20;
    let clusters: Vec<Cluster> = edges
        .windows(2)
        .map(|edge| Cluster {
            first_ns: starts[edge[0]],
            last_ns: starts[edge[1] - 1],
            is_rare: edge[1] - edge[0] <= few,
        })
        .collect();
    collect.events.retain(|event| {
        let start = event.start_ns;
        if bulk.start_ns <= start && start <= bulk.end_ns {
            return true;
        }
        let unstamped = start == 0 || start.saturating_add(base_ns) == 0;
        let rare = clusters.iter().any(|cluster| cluster.is_rare && cluster.holds(start));
        if unstamped {
            tally.lost_where("events at time 0, never stamped", || "is left out".to_owned());
        } else if rare {
            tally.lost_where("events over an hour away from all others", || {
                format!("at {start} ns of the file's time")
            });
        }
        !unstamped && !rare
    });
}

/// Starts without a gap of [`OUTLIER_GAP_NS`] among them.
struct Cluster {
    first_ns: i64,
    last_ns: i64,
    /// Holds few of all events.
    is_rare: bool,
}

impl Cluster {
    fn holds(&self, start_ns: i64) -> bool {
        self.first_ns <= start_ns && start_ns <= self.last_ns
    }
}
