//! Which records can belong together: those of one operation in one process group, rank by rank.
//!
//! A group is known by the ranks it lists, and by its name where several list the same; by name and size where it lists
//! none. Records that say nothing of a group, or name one that no other rank knows, are tried by their operation alone.

use std::collections::{BTreeMap, BTreeSet};

use super::keys::{Group, Key};

/// Records of one operation in one group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Unit {
    /// By position of the rank: positions of its records, ascending.
    pub(super) rows: BTreeMap<usize, Vec<usize>>,
    /// How many ranks the group has; `None` when not known.
    pub(super) size: Option<usize>,
    pub(super) is_plan: bool,
}

/// The units of known group, those with most records first, and a number for each record's group, where it lists its
/// ranks or several ranks know its name.
pub(super) struct Units {
    pub(super) known: Vec<Unit>,
    /// By rank and record.
    pub(super) groups: Vec<Vec<Option<u32>>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Plan(String),
    Group(GroupId, String),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct GroupId {
    ranks: Option<Vec<u32>>,
    name: Option<String>,
    size: Option<usize>,
}

pub(super) fn units(keys: &[Vec<Key>]) -> Units {
    let names = Names::of(keys);
    let mut places: BTreeMap<Place, Unit> = BTreeMap::new();
    let mut ids: Vec<Vec<Option<GroupId>>> = Vec::new();
    for (rank, keys) in keys.iter().enumerate() {
        let mut row = Vec::new();
        for (at, key) in keys.iter().enumerate() {
            let id = names.id(&key.group);
            let place = match (&key.plan, &id) {
                (Some(plan), _) => Some(Place::Plan(plan.clone())),
                (None, Some(id)) => Some(Place::Group(id.clone(), key.operation_name())),
                (None, None) => None,
            };
            if let Some(place) = place {
                let is_plan = matches!(place, Place::Plan(_));
                let unit = places.entry(place).or_default();
                unit.rows.entry(rank).or_default().push(at);
                unit.is_plan = is_plan;
                // A transfer between two has two members, however large the group.
                unit.size = if key.peers.is_some() { Some(2) } else { key.group.size };
            }
            row.push(id);
        }
        ids.push(row);
    }
    let told: BTreeSet<&GroupId> = {
        let mut seen: BTreeMap<&GroupId, BTreeSet<usize>> = BTreeMap::new();
        for (rank, row) in ids.iter().enumerate() {
            row.iter().flatten().for_each(|id| {
                seen.entry(id).or_default().insert(rank);
            });
        }
        let is_known =
            |(id, ranks): &(&GroupId, BTreeSet<usize>)| ranks.len() > 1 || id.ranks.is_some();
        seen.into_iter().filter(is_known).map(|(id, _)| id).collect()
    };
    let numbers: BTreeMap<&GroupId, u32> = told.into_iter().zip(0..).collect();
    let number = |id: &Option<GroupId>| id.as_ref().and_then(|id| numbers.get(id).copied());
    let groups = ids.iter().map(|row| row.iter().map(number).collect()).collect();
    let mut known: Vec<Unit> = places.into_values().filter(|unit| unit.rows.len() > 1).collect();
    known.sort_by_key(|unit| std::cmp::Reverse(unit.rows.values().map(Vec::len).sum::<usize>()));
    Units { known, groups }
}

/// The rest, by operation alone: records of no matched collective.
pub(super) fn leftover(keys: &[Vec<Key>], is_taken: &[Vec<bool>]) -> Vec<Unit> {
    let mut units: BTreeMap<String, Unit> = BTreeMap::new();
    for (rank, keys) in keys.iter().enumerate() {
        for (at, key) in keys.iter().enumerate() {
            // Ops of a plan are known for sure.
            if !is_taken[rank][at] && key.plan.is_none() {
                let unit = units.entry(key.operation_name()).or_default();
                unit.rows.entry(rank).or_default().push(at);
            }
        }
    }
    units.into_values().filter(|unit| unit.rows.len() > 1).collect()
}

/// What the ranks call their groups.
struct Names {
    /// Lists of ranks whose names every rank that knows the list knows: there a name tells groups apart.
    told_by_name: BTreeSet<Vec<u32>>,
    /// The one list that a name stands for.
    lists: BTreeMap<String, Option<Vec<u32>>>,
}

impl Names {
    fn of(keys: &[Vec<Key>]) -> Self {
        let mut by_list: BTreeMap<&Vec<u32>, BTreeMap<usize, BTreeSet<&Option<String>>>> =
            BTreeMap::new();
        let mut lists: BTreeMap<String, Option<Vec<u32>>> = BTreeMap::new();
        for (rank, key) in
            keys.iter().enumerate().flat_map(|(r, row)| row.iter().map(move |k| (r, k)))
        {
            let Some(list) = &key.group.ranks else { continue };
            by_list.entry(list).or_default().entry(rank).or_default().insert(&key.group.name);
            if let Some(name) = &key.group.name {
                let known = lists.entry(name.clone()).or_insert_with(|| Some(list.clone()));
                if known.as_ref() != Some(list) {
                    *known = None;
                }
            }
        }
        let agree = |names: &BTreeMap<usize, BTreeSet<&Option<String>>>| {
            let mut sets = names.values();
            let first = sets.next();
            sets.all(|set| Some(set) == first)
        };
        let told = by_list.iter().filter(|(_, names)| agree(names));
        Self { told_by_name: told.map(|(list, _)| (*list).clone()).collect(), lists }
    }

    fn id(&self, group: &Group) -> Option<GroupId> {
        if !group.is_known() {
            return None;
        }
        let by_name = || group.name.as_ref().and_then(|name| self.lists.get(name)?.as_ref());
        let Some(list) = group.ranks.as_ref().or_else(by_name) else {
            let Group { name, size, .. } = group.clone();
            return Some(GroupId { ranks: None, name, size });
        };
        let name = group.name.clone().filter(|_| self.told_by_name.contains(list));
        Some(GroupId { ranks: Some(list.clone()), name, size: None })
    }
}
