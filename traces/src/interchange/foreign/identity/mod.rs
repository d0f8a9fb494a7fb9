//! Whose are a GPU's rows? The rank of every process and device that ran something.
//!
//! No single thing tells: a file may hold one rank or several, name its rank or not, see its GPU under the number that
//! the node gives it or always as number 0, and touch a second GPU with nothing but a memset. So process, device, names,
//! the file's header and its name are looked at together.

mod groups;
mod label;

use hashbrown::{HashMap, HashSet};

use groups::{Group, groups};
use label::{Label, MAX_RANK, numbers};

use super::collect::Collect;
use super::dialect::Processes;
use super::header::Header;
use crate::Diagnostics;

pub(super) use groups::Context;

/// The rank of everything that ran on a GPU.
#[derive(Debug, Default)]
pub(super) struct Identity {
    seats: HashMap<Context, Seat>,
    of_process: HashMap<i64, u32>,
    /// Ranks in ascending order, each with its GPU's number.
    pub(super) ranks: Vec<(u32, Option<i64>)>,
}

/// Where a process's work on a device belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) rank: u32,
    /// The device is not the rank's own, only touched by it.
    pub(super) is_guest: bool,
}

impl Identity {
    /// The seat of a process on a device.
    pub(super) fn seat(&self, context: Context) -> Option<Seat> {
        self.seats.get(&context).copied()
    }

    /// The rank of a process, be it the host's or a GPU's: the only one, if there is only one.
    pub(super) fn of_process(&self, pid: i64) -> Option<u32> {
        self.of_process.get(&pid).copied().or_else(|| self.only())
    }

    fn only(&self) -> Option<u32> {
        match self.ranks.as_slice() {
            [(rank, _)] => Some(*rank),
            _ => None,
        }
    }
}

/// Tells the ranks of a file whose events are all classed; what is a guess goes into the diagnostics.
pub(super) fn identity(
    collect: &Collect,
    processes: &mut Processes,
    header: &Header,
    title: &str,
    diagnostics: &mut Diagnostics,
) -> Identity {
    let mut groups = groups(collect, processes);
    // Those that ran most come first, so that guests find their host.
    groups.sort_by_key(|group| std::cmp::Reverse((group.kernels > 0, group.kernel_ns)));
    let owners = owners(&groups, header);
    let ranks = numbered(&groups, &owners, header, title, diagnostics);
    let mut identity = Identity::default();
    for (index, group) in groups.iter().enumerate() {
        let owner = owners[index];
        let Some(rank) = ranks[owner] else { continue };
        let seat = Seat { rank, is_guest: owner != index };
        for &context in &group.contexts {
            identity.seats.insert(context, seat);
            identity.of_process.entry(context.pid).or_insert(seat.rank);
        }
        if owner == index {
            identity.ranks.push((seat.rank, group.device));
        }
    }
    identity.ranks.sort_unstable();
    name_host_processes(&mut identity, collect, &groups, &ranks);
    identity
}

/// The group that each belongs to: itself, or another that it only is a stray piece of.
fn owners(groups: &[Group], header: &Header) -> Vec<usize> {
    let most = groups.first().map_or((0, 0), |first| (first.kernels, first.kernel_ns));
    let is_main = |group: &Group| {
        let is_tiny = group.kernels * 100 < most.0 && group.kernel_ns < most.1 / 100;
        group.kernels > 0 && !(is_tiny && header.rank.is_some()) || group.label.is_some()
    };
    let mut mains = (0..groups.len()).filter(|&index| is_main(&groups[index]));
    match (mains.next(), mains.next()) {
        (Some(only), None) => vec![only; groups.len()],
        _ => (0..groups.len()).collect(),
    }
}

/// The number of each group that is an owner.
fn numbered(
    groups: &[Group],
    owners: &[usize],
    header: &Header,
    title: &str,
    diagnostics: &mut Diagnostics,
) -> Vec<Option<u32>> {
    let mut all = owners.to_vec();
    all.sort_unstable();
    all.dedup();
    let mut ranks = vec![None; groups.len()];
    if let [only] = all[..] {
        ranks[only] = Some(only_rank(&groups[only], header, title, diagnostics));
        return ranks;
    }
    let labelled: Vec<usize> =
        all.iter().copied().filter(|&index| groups[index].label.is_some()).collect();
    let labels: Vec<&Label> =
        labelled.iter().filter_map(|&index| groups[index].label.as_ref()).collect();
    let (said, are_said) = numbers(&labels);
    if !are_said {
        let first: Vec<String> = labels.iter().take(8).map(|label| label.in_words()).collect();
        let first = first.join(", ");
        diagnostics.note(format!(
            "no one number of its names tells all ranks apart ({first}): they are counted through"
        ));
    }
    let mut taken = HashSet::new();
    for (&index, &rank) in labelled.iter().zip(&said) {
        taken.insert(rank);
        ranks[index] = Some(rank);
    }
    by_device(groups, &all, &mut ranks, &mut taken, diagnostics);
    if let (Some(rank), true) = (header.rank, labelled.is_empty()) {
        let number = all.len();
        diagnostics.note(format!(
            "the file names rank {rank}, but {number} devices ran kernels: their numbers are shown as ranks"
        ));
    }
    ranks
}

/// Numbers those without a name of their own by their devices, those left over with what is free.
fn by_device(
    groups: &[Group],
    all: &[usize],
    ranks: &mut [Option<u32>],
    taken: &mut HashSet<u32>,
    diagnostics: &mut Diagnostics,
) {
    let mut rest: Vec<usize> =
        all.iter().copied().filter(|&index| ranks[index].is_none()).collect();
    rest.sort_by_key(|&index| groups[index].first_row);
    let mut left = Vec::new();
    for index in rest {
        let device = groups[index].device.and_then(|device| u32::try_from(device).ok());
        match device.filter(|&device| device < MAX_RANK && taken.insert(device)) {
            Some(device) => ranks[index] = Some(device),
            None => left.push(index),
        }
    }
    let mut free = 0;
    for &index in &left {
        while !taken.insert(free) {
            free += 1;
        }
        ranks[index] = Some(free);
    }
    if left.iter().any(|&index| groups[index].device.is_some()) {
        diagnostics.note(
            "several processes ran on devices of one number; the file does not say their ranks, so they are numbered in its order",
        );
    }
}

/// The number of a file's one rank: as its header says, else a process's name, the file's name, the device.
fn only_rank(group: &Group, header: &Header, title: &str, diagnostics: &mut Diagnostics) -> u32 {
    let in_name = |label: Option<Label>| match label? {
        Label::Rank(rank) => Some(rank),
        Label::Place(places) => (places.len() == 1).then(|| places.into_values().next())?,
    };
    let file = title.rsplit(['/', '\\']).next().unwrap_or(title);
    let by_label = in_name(group.label.clone());
    if let (Some(rank), Some(Label::Rank(other))) = (header.rank, &group.label)
        && rank != *other
    {
        diagnostics.note(format!(
            "the file names rank {rank}, its process rank {other}: shown as rank {rank}"
        ));
    }
    let device = group.device.and_then(|device| u32::try_from(device).ok());
    header
        .rank
        .or(by_label)
        .or_else(|| in_name(Label::in_text(file)))
        .or(device.filter(|&device| device < MAX_RANK))
        .unwrap_or(0)
}

/// Host processes whose names say a rank belong to it.
fn name_host_processes(
    identity: &mut Identity,
    collect: &Collect,
    groups: &[Group],
    ranks: &[Option<u32>],
) {
    let by_label: HashMap<&Label, u32> = groups
        .iter()
        .enumerate()
        .filter_map(|(index, group)| Some((group.label.as_ref()?, ranks[index]?)))
        .collect();
    if by_label.is_empty() {
        return;
    }
    for key in &collect.rows.keys {
        let pid = key.pid();
        if identity.of_process.contains_key(&pid) {
            continue;
        }
        let label = collect.names_of_process(pid).iter().find_map(|name| Label::in_text(name));
        if let Some(&rank) = label.as_ref().and_then(|label| by_label.get(label)) {
            identity.of_process.insert(pid, rank);
        }
    }
}
