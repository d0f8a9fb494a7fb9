//! Ranks out of their ranges, and ranks that hang together.

use std::collections::BTreeMap;

/// More ranks than any job has are no list of ranks.
const MOST: usize = 1 << 20;

/// The ranks that [`rank_ranges`](crate::analysis::rank_ranges) wrote; `None`: what is written is no list but a name.
pub(super) fn ranks_of_ranges(words: &str) -> Option<Vec<u32>> {
    let mut ranks = Vec::new();
    for part in words.split(',') {
        match part.split_once('-') {
            None => ranks.push(part.parse().ok()?),
            Some((first, rest)) => {
                let (last, step) = rest.split_once('/').unwrap_or((rest, "1"));
                let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
                let step: usize = step.parse().ok().filter(|&step| step > 0)?;
                if last < first || (last - first) as usize / step >= MOST {
                    return None;
                }
                ranks.extend((first..=last).step_by(step));
            }
        }
        if ranks.len() > MOST {
            return None;
        }
    }
    Some(ranks)
}

/// Joins groups that share a rank, and those with what they are joined to: each ascending, in order of their first.
pub(super) fn connected(groups: &[Vec<u32>]) -> Vec<Vec<u32>> {
    // By rank: a rank that it hangs together with, at last itself.
    let mut leads: BTreeMap<u32, u32> = BTreeMap::new();
    for group in groups {
        for pair in group.windows(2) {
            let (one, other) = (root(&mut leads, pair[0]), root(&mut leads, pair[1]));
            leads.insert(one.max(other), one.min(other));
            leads.entry(one.min(other)).or_insert(one.min(other));
        }
    }
    let ranks: Vec<u32> = leads.keys().copied().collect();
    let mut joined: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for rank in ranks {
        let root = root(&mut leads, rank);
        joined.entry(root).or_default().push(rank);
    }
    joined.into_values().collect()
}

/// The rank that a rank hangs together with at last.
fn root(leads: &mut BTreeMap<u32, u32>, rank: u32) -> u32 {
    let mut at = rank;
    while let Some(&next) = leads.get(&at).filter(|&&next| next != at) {
        at = next;
    }
    leads.insert(rank, at);
    at
}
