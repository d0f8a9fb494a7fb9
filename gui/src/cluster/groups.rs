//! The groups of a cluster's ranks, in families of which a rank is in one each: its tensor-parallel group, its pipeline …

use std::{collections::BTreeMap, path::Path};

use weftscope_traces::digest::{Group, GroupKind, RankGroups, groups_of, read_groups};

use super::{Cluster, read::each_part};
use crate::jobs::{Cancelled, JobControl, spread};

/// Ranks that are read between two looks whether it is still wanted.
const AT_ONCE: usize = 16;

/// Groups of one kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// `TP`, `DP replicas`, `group world`.
    pub name: String,
    /// Which of all groups.
    pub groups: Vec<usize>,
}

/// The groups of all ranks.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Groups {
    /// Of two ranks and more: tensor-parallel ones first, then pipelines, replicas, experts, and those of which that is not known.
    pub all: Vec<Group>,
    /// The same by kind and name, in that order.
    pub families: Vec<Family>,
    /// By group: its ranks that are here, by their places in the cluster.
    members: Vec<Vec<usize>>,
    /// By rank: its groups.
    of_rank: Vec<Vec<usize>>,
    /// What could not be read: place and cause.
    pub unread: Vec<String>,
}

impl Groups {
    /// Out of what the ranks of a cluster tell.
    pub fn of(cluster: &Cluster, told: &[RankGroups], unread: Vec<String>) -> Self {
        let all = groups_of(told);
        let place = |rank: &u32| cluster.ranks.binary_search_by_key(rank, |it| it.of.rank).ok();
        let members: Vec<Vec<usize>> =
            all.iter().map(|group| group.ranks.iter().filter_map(place).collect()).collect();
        let mut of_rank = vec![Vec::new(); cluster.ranks.len()];
        for (group, places) in members.iter().enumerate() {
            places.iter().for_each(|&place| of_rank[place].push(group));
        }
        let mut families: BTreeMap<(GroupKind, String), Vec<usize>> = BTreeMap::new();
        for (at, group) in all.iter().enumerate() {
            families.entry((group.kind, common(&group.name))).or_default().push(at);
        }
        let family = |((kind, name), groups): ((GroupKind, String), _)| {
            let is_said = name.is_empty() || name.eq_ignore_ascii_case(kind.name());
            let name =
                if is_said { kind.name().to_owned() } else { format!("{} {name}", kind.name()) };
            Family { name, groups }
        };
        let families = families.into_iter().map(family).collect();
        Self { all, families, members, of_rank, unread }
    }

    /// The groups that a rank is in, by its place.
    pub fn of_rank(&self, rank: usize) -> &[usize] {
        self.of_rank.get(rank).map_or(&[], Vec::as_slice)
    }

    /// The ranks of a group that are here, by their places.
    pub fn members(&self, group: usize) -> &[usize] {
        self.members.get(group).map_or(&[], Vec::as_slice)
    }

    /// The group of a family that a rank is in, if it is in one.
    pub fn in_family(&self, rank: usize, family: usize) -> Option<usize> {
        let groups = &self.families.get(family)?.groups;
        self.of_rank(rank).iter().copied().find(|group| groups.contains(group))
    }

    /// The family of a group.
    pub fn family_of(&self, group: usize) -> Option<&Family> {
        self.families.iter().find(|family| family.groups.contains(&group))
    }
}

/// What names of groups of one sort have in common: no numbers at their ends, as in `tp:3`.
fn common(name: &str) -> String {
    let is_number = |it: char| it.is_ascii_digit() || matches!(it, ':' | '_' | '-' | '.' | ' ');
    name.trim_end_matches(is_number).to_owned()
}

/// Reads which groups the ranks are in, op by op.
///
/// # Errors
/// When it was cancelled.
pub fn read_all_groups(cluster: &Cluster, control: &JobControl) -> Result<Groups, Cancelled> {
    let (mut told, mut unread) = (Vec::with_capacity(cluster.ranks.len()), Vec::new());
    for (done, some) in cluster.ranks.chunks(AT_ONCE).enumerate() {
        control.step((done * AT_ONCE) as u64, cluster.ranks.len() as u64)?;
        for groups in spread(some.len(), |at| one(&some[at].ops)) {
            match groups {
                Ok(groups) => told.push(groups),
                Err(cause) => unread.push(cause),
            }
        }
    }
    Ok(Groups::of(cluster, &told, unread))
}

fn one(ops: &Path) -> Result<RankGroups, String> {
    let mut all: Option<RankGroups> = None;
    each_part(ops, read_groups, |part| match &mut all {
        Some(all) => all.add(part),
        None => all = Some(part),
    })?;
    Ok(all.unwrap_or_default())
}
