//! Where a file's time begins, and which of its events cannot belong to it.

use super::collect::Collect;
use super::header::Header;
use crate::interchange::tally::Tally;
use crate::model::MAX_TIME_NS;

/// Starts further than this from the bulk are clock faults (a record never stamped reads as 0 or as minus the base).
const OUTLIER_GAP_NS: i64 = 3_600_000_000_000;

/// Longest time that a trace may last: what is further from its first time is left out.
const MAX_SPAN_NS: i64 = MAX_TIME_NS;

/// The first time, down to a whole µs: tools that round to whole µs then round an export as they did the original.
pub(super) fn origin(collect: &Collect) -> i64 {
    let slices = collect.events.iter().map(|event| event.start_ns);
    let samples = collect.counters.iter().flat_map(|(_, samples)| samples.at_ns.iter().copied());
    let first_ns = slices.chain(samples).min().unwrap_or(0);
    first_ns.div_euclid(1000).checked_mul(1000).unwrap_or(first_ns)
}

/// Drops events that are more than an hour away from nearly all others, and what is decades away; events are in order.
pub(super) fn drop_outliers(collect: &mut Collect, header: &Header, tally: &mut Tally) {
    collect.events.retain(|event| {
        let lasts_ns = event.end_ns.saturating_sub(event.start_ns);
        if lasts_ns > MAX_SPAN_NS {
            lost_far(tally, event.start_ns);
        }
        lasts_ns <= MAX_SPAN_NS
    });
    let starts: Vec<i64> = collect.events.iter().map(|event| event.start_ns).collect();
    let clusters = Clusters::of(&starts);
    let base_ns = header.base_time_ns.unwrap_or(0);
    collect.events.retain(|event| {
        let start = event.start_ns;
        let cluster = clusters.of_start(start);
        let is_unstamped = start == 0 || start.saturating_add(base_ns) == 0;
        if cluster.is_bulk {
            return true;
        }
        if is_unstamped {
            tally.lost_where("events at time 0, never stamped", || "is left out".to_owned());
        } else if cluster.is_rare {
            tally.lost_where("events over an hour away from all others", || {
                format!("at {start} ns of the file's time")
            });
        }
        !is_unstamped && !cluster.is_rare
    });
    drop_far(collect, &clusters, tally);
    let stretches = clusters.0.iter().filter(|cluster| cluster.is_bulk || !cluster.is_rare).count();
    if stretches > 1 {
        tally.diagnostics.note(format!(
            "gaps of over an hour part its events into {stretches} stretches: times of different clocks, or long pauses"
        ));
    }
}

/// Drops what no trace can hold beside the rest.
fn drop_far(collect: &mut Collect, clusters: &Clusters, tally: &mut Tally) {
    let all_samples = || collect.counters.iter().flat_map(|(_, samples)| &samples.at_ns).copied();
    let within_ns = match clusters.bulk_ns() {
        Some(bulk_ns) => bulk_ns,
        // Counters alone: what is in the middle belongs to the recording.
        None => {
            let mut samples: Vec<i64> = all_samples().collect();
            samples.sort_unstable();
            let Some(&middle) = samples.get(samples.len() / 2) else { return };
            middle
        }
    };
    let lowest_ns = within_ns.saturating_sub(MAX_SPAN_NS);
    let times = collect.events.iter().map(|event| event.start_ns).chain(all_samples());
    let Some(first_ns) = times.filter(|&at_ns| at_ns >= lowest_ns).min() else { return };
    let last_ns = first_ns.saturating_add(MAX_SPAN_NS - 1000);
    collect.events.retain(|event| {
        let is_near = first_ns <= event.start_ns && event.end_ns <= last_ns;
        if !is_near {
            lost_far(tally, event.start_ns);
        }
        is_near
    });
    for (_, samples) in &mut collect.counters {
        let is_near = |at_ns: &i64| (first_ns..=last_ns).contains(at_ns);
        samples
            .at_ns
            .iter()
            .filter(|at_ns| !is_near(at_ns))
            .for_each(|&at_ns| lost_far(tally, at_ns));
        let mut times = samples.at_ns.iter();
        samples.value.retain(|_| times.next().is_some_and(is_near));
        samples.at_ns.retain(is_near);
    }
}

fn lost_far(tally: &mut Tally, at_ns: i64) {
    let cause = "times more than 73 years away from all others, left out";
    tally.lost_where(cause, || format!("at {at_ns} ns of the file's time"));
}

/// Starts, parted where nothing starts for [`OUTLIER_GAP_NS`].
struct Clusters(Vec<Cluster>);

#[derive(Clone, Copy, Debug)]
struct Cluster {
    first_ns: i64,
    num: usize,
    /// Holds more than any other.
    is_bulk: bool,
    /// Holds few of all events, while another holds most.
    is_rare: bool,
}

impl Clusters {
    /// Of starts in order.
    fn of(starts: &[i64]) -> Self {
        let near = |a: &i64, b: &i64| b.saturating_sub(*a) <= OUTLIER_GAP_NS;
        let mut clusters: Vec<Cluster> = starts
            .chunk_by(near)
            .map(|chunk| Cluster {
                first_ns: chunk[0],
                num: chunk.len(),
                is_bulk: false,
                is_rare: false,
            })
            .collect();
        let most = clusters.iter().map(|cluster| cluster.num).max().unwrap_or(0);
        let has_bulk = most > starts.len() / 2;
        if let Some(bulk) = clusters.iter_mut().find(|cluster| cluster.num == most) {
            bulk.is_bulk = true;
        }
        for cluster in &mut clusters {
            cluster.is_rare = has_bulk && !cluster.is_bulk && cluster.num <= starts.len() / 20;
        }
        Self(clusters)
    }

    /// The cluster of a start that is among them.
    fn of_start(&self, start_ns: i64) -> Cluster {
        let after = self.0.partition_point(|cluster| cluster.first_ns <= start_ns);
        self.0[after.saturating_sub(1)]
    }

    /// A time that belongs to the recording.
    fn bulk_ns(&self) -> Option<i64> {
        self.0.iter().find(|cluster| cluster.is_bulk).map(|cluster| cluster.first_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_far_from_most_others_are_rare() {
        let hour = OUTLIER_GAP_NS;
        let mut starts: Vec<i64> = (0..40).collect();
        starts.extend([-3 * hour, 3 * hour, i64::MIN, i64::MAX]);
        starts.sort_unstable();
        let clusters = Clusters::of(&starts);
        let found: Vec<(usize, bool, bool)> =
            clusters.0.iter().map(|c| (c.num, c.is_bulk, c.is_rare)).collect();
        let rare = (1, false, true);
        assert_eq!(found, [rare, rare, (40, true, false), rare, rare]);
        assert_eq!(clusters.of_start(7).num, 40);
        // Where nothing is the bulk, nothing is rare.
        let apart: Vec<i64> = (0..100).map(|at| at * 2 * hour).collect();
        let apart = Clusters::of(&apart);
        assert!(apart.0.iter().all(|cluster| !cluster.is_rare));
    }
}
