//! The groups of a job, out of what its ranks tell of their collectives: which ranks belong together, and what for.
//!
//! What for is told by the name that a recording has for a group, and else by what runs in it; where neither tells, it is not
//! known. Ranks that send to each other pair by pair are one pipeline.

mod kind;
mod members;

use std::collections::BTreeMap;

pub use kind::{GroupKind, Why};
use members::{connected, ranks_of_ranges};

/// What one rank tells of its groups.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RankGroups {
    /// The rank.
    pub rank: u32,
    /// Some of its ops say their layer: then what says none is outside them.
    pub has_layers: bool,
    /// Its groups, each once, in order of their first op.
    pub groups: Vec<GroupOps>,
}

impl RankGroups {
    /// Adds what another part of the same rank's digest tells; an iteration is in one part.
    pub fn add(&mut self, part: Self) {
        self.has_layers |= part.has_layers;
        for group in part.groups {
            for more in group.operations {
                let (_, _, count) = self.count_of((&group.ranks, &group.name), &more.operation);
                count.ops += more.ops;
                count.in_layers += more.in_layers;
                count.layers += more.layers;
                count.most_bytes = count.most_bytes.max(more.most_bytes);
            }
        }
    }

    /// Where an operation of a group, its ranks and its name, is counted: places of both, and the count.
    pub(super) fn count_of(
        &mut self,
        (ranks, name): (&str, &str),
        operation: &str,
    ) -> (usize, usize, &mut OperationCount) {
        let groups = &mut self.groups;
        let known = groups.iter().position(|it| it.ranks == ranks && it.name == name);
        let at = known.unwrap_or_else(|| {
            let (ranks, name) = (ranks.to_owned(), name.to_owned());
            groups.push(GroupOps { ranks, name, operations: Vec::new() });
            groups.len() - 1
        });
        let counts = &mut groups[at].operations;
        let known = counts.iter().position(|it| it.operation == operation);
        let which = known.unwrap_or_else(|| {
            let operation = operation.to_owned();
            counts.push(OperationCount { operation, ..OperationCount::default() });
            counts.len() - 1
        });
        (at, which, &mut counts[which])
    }
}

/// What runs in a group on one rank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupOps {
    /// Its ranks in words, as [`CollectiveRow::group`](super::CollectiveRow::group) has them.
    pub ranks: String,
    /// Its name; empty where none is known.
    pub name: String,
    /// By operation.
    pub operations: Vec<OperationCount>,
}

/// Ops of one operation of a group on one rank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationCount {
    /// As in [`CollectiveRow::operation`](super::CollectiveRow::operation).
    pub operation: String,
    /// How many.
    pub ops: u64,
    /// How many of them are within a layer.
    pub in_layers: u64,
    /// Layers with one, counted in each iteration anew.
    pub layers: u64,
    /// The most bytes that one moves, where any says so.
    pub most_bytes: Option<i64>,
}

/// A group of ranks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What for.
    pub kind: GroupKind,
    /// What tells it.
    pub why: Why,
    /// As recordings name it; of a pipeline, its pairs. Empty where they do not.
    pub name: String,
    /// Its ranks, ascending; those whose digests are not there included, where others list them.
    pub ranks: Vec<u32>,
}

/// Groups of two ranks and more: tensor-parallel ones first, those of one kind in order of their ranks.
pub fn groups_of(told: &[RankGroups]) -> Vec<Group> {
    let mut all: BTreeMap<(&str, &str), Told<'_>> = BTreeMap::new();
    for rank in told {
        for group in &rank.groups {
            let of = all.entry((&group.ranks, &group.name)).or_default();
            of.members.push(rank.rank);
            of.has_layers |= rank.has_layers;
            of.ops.push(group);
        }
    }
    let mut groups = Vec::new();
    // By name: ranks that send to each other.
    let mut sending: BTreeMap<(&str, Why), Vec<Vec<u32>>> = BTreeMap::new();
    for ((words, name), of) in all {
        // Who is listed is a member, whether it told of it or not.
        let mut ranks = ranks_of_ranges(words).unwrap_or_default();
        ranks.extend(of.members);
        ranks.sort_unstable();
        ranks.dedup();
        if ranks.len() < 2 {
            continue;
        }
        let (kind, why) = kind::of(name, of.has_layers, &of.ops);
        match kind {
            GroupKind::Pipeline => sending.entry((name, why)).or_default().push(ranks),
            _ => groups.push(Group { kind, why, name: name.to_owned(), ranks }),
        }
    }
    for ((name, why), pairs) in sending {
        let pipeline =
            |ranks| Group { kind: GroupKind::Pipeline, why, name: name.to_owned(), ranks };
        groups.extend(connected(&pairs).into_iter().map(pipeline));
    }
    groups.sort_by(|a, b| (a.kind, &a.name, &a.ranks).cmp(&(b.kind, &b.name, &b.ranks)));
    groups
}

/// What all ranks tell of a group.
#[derive(Default)]
struct Told<'a> {
    members: Vec<u32>,
    has_layers: bool,
    ops: Vec<&'a GroupOps>,
}

#[cfg(test)]
mod tests;
