//! What one rank's record says of its collective, for whoever looks for the other ranks' records in other files.

use super::keys::{Keys, Operation};
use super::{Volume, meets};
use crate::analysis::GpuOp;
use crate::model::Trace;
use crate::rank_runs::{RankRun, rank_runs};

/// Which collective a communication op is, as far as its own record tells.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Identity {
    /// `all_reduce`, `all_gather` …; the kernel's own name where none is recognised.
    pub(crate) operation: String,
    /// Its ranks, `0-7` or `3-1019/8` (every eighth); where they are not listed, the group's name.
    pub(crate) group: Option<String>,
    /// The name of the process group or the communicator.
    pub(crate) group_name: Option<String>,
    /// How many ranks the group has.
    pub(crate) ranks: Option<usize>,
    /// Its number among those of its group.
    pub(crate) sequence: Option<i64>,
    /// Bytes of a rank's whole buffer, as nccl-tests counts them.
    pub(crate) bytes: Option<f64>,
    /// Bytes over this GPU's links in one direction.
    pub(crate) link_bytes: Option<f64>,
    /// Ranks meet in it, so that one may wait for another.
    pub(crate) meets: bool,
    /// No member ends before all have arrived, and all end at nearly the same time.
    pub(crate) synchronises: bool,
}

impl Identity {
    pub(crate) fn of(trace: &Trace, rank: u32, op: &GpuOp) -> Self {
        let key = Keys::of(trace, rank).key(op);
        let volume = Volume::of(trace, rank, op);
        let meets = meets(trace, op);
        // A plan's collectives are of all the ranks that run it.
        let planned = (key.plan.is_some() && meets && !trace.meta.runs.is_empty())
            .then(|| (0..trace.meta.world_size).collect::<Vec<u32>>());
        let listed = match key.peers {
            // Numbered within the group.
            Some(peers) => key.group.ranks.as_ref().and_then(|ranks| pair(ranks, peers)),
            None => key.group.ranks.clone().or(planned),
        };
        let group_name = key.group.name.clone();
        Self {
            ranks: volume.ranks.or(listed.as_ref().map(Vec::len)),
            group: listed.as_deref().map(rank_ranges).or_else(|| group_name.clone()),
            group_name,
            operation: volume.operation,
            sequence: key.sequence,
            bytes: volume.bytes,
            link_bytes: volume.bus_bytes,
            meets,
            // Whatever a plan's collective is called.
            synchronises: meets && (key.plan.is_some() || Operation::ends_together(key.operation)),
        }
    }
}

/// The two ranks of a transfer, of those of its group.
fn pair(ranks: &[u32], peers: [i64; 2]) -> Option<Vec<u32>> {
    let rank = |peer: i64| ranks.get(usize::try_from(peer).ok()?).copied();
    Some(vec![rank(peers[0])?, rank(peers[1])?])
}

/// Ascending ranks in few characters, to be written and read back: runs of equal steps, `0-7`, `3-1019/8`, `0,5,8-10`. Readers are
/// shown [`words::ranks`](crate::words::ranks).
pub fn rank_ranges(ranks: &[u32]) -> String {
    let range = |RankRun { first, last, step }: RankRun| match (last - first, step) {
        (0, _) => first.to_string(),
        (_, 1) => format!("{first}-{last}"),
        _ => format!("{first}-{last}/{step}"),
    };
    rank_runs(ranks).into_iter().map(range).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Vec<u32> {
        let number = |text: &str| text.parse::<u32>().expect("a rank");
        let part = |part: &str| -> Vec<u32> {
            let Some((first, rest)) = part.split_once('-') else { return vec![number(part)] };
            let (last, step) = rest.split_once('/').unwrap_or((rest, "1"));
            (number(first)..=number(last)).step_by(number(step) as usize).collect()
        };
        text.split(',').filter(|part| !part.is_empty()).flat_map(part).collect()
    }

    proptest! {
        #[test]
        fn ranks_are_read_back(ranks in proptest::collection::btree_set(0..60_u32, 0..20)) {
            let ranks: Vec<u32> = ranks.into_iter().collect();
            prop_assert_eq!(read(&rank_ranges(&ranks)), ranks);
        }
    }

    #[test]
    fn groups_are_short() {
        let every: Vec<u32> = (3..1024).step_by(8).collect();
        assert_eq!(rank_ranges(&every), "3-1019/8");
        assert_eq!(rank_ranges(&[0, 1, 2, 3]), "0-3");
        assert_eq!(rank_ranges(&[0, 5, 8, 9, 10]), "0,5,8-10");
        assert_eq!(rank_ranges(&[5, 13]), "5,13");
    }
}
