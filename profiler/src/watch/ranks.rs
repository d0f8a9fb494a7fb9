//! Which rank a GPU of a process is.

use std::collections::{BTreeMap, BTreeSet};

use weftscope_traces::RANK_VARIABLES;

use super::Process;

/// A GPU that a process launched on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Index of the process.
    pub process: usize,
    /// Its number in that process.
    pub device: u32,
}

/// Ranks of a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranks {
    /// By rank.
    pub by_rank: BTreeMap<u32, Place>,
    /// Ranks in the job, those that were not recorded too.
    pub world_size: u32,
    /// How they were told, when not by the program.
    pub note: Option<String>,
}

impl Process {
    /// Its rank, where its launcher or NCCL says one.
    pub fn rank(&self) -> Option<u32> {
        given(self).map(|(rank, _)| rank)
    }
}

/// The rank and the number of ranks that a process was given.
fn given(process: &Process) -> Option<(u32, Option<u32>)> {
    let by_variable = RANK_VARIABLES.iter().find_map(|&(rank, size)| {
        let number = |name| process.variable(name).and_then(|value| value.parse().ok());
        Some((number(rank)?, size.and_then(number)))
    });
    // The largest communicator is the whole job, or as much of it as NCCL is told.
    let largest = process.communicators.iter().max_by_key(|communicator| communicator.ranks);
    by_variable.or_else(|| largest.map(|largest| (largest.rank, Some(largest.ranks))))
}

/// The ranks of what the processes have launched.
pub fn ranks(processes: &[Process]) -> Ranks {
    let mut places = BTreeSet::new();
    for (index, process) in processes.iter().enumerate() {
        places.extend(devices(process).into_iter().map(|device| Place { process: index, device }));
    }
    let given: Vec<_> = processes.iter().map(given).collect();
    let as_given: Option<BTreeMap<u32, Place>> =
        places.iter().map(|&place| Some((given[place.process]?.0, place))).collect();
    match as_given {
        // One GPU a process, and no rank twice.
        Some(by_rank) if by_rank.len() == places.len() => {
            let told = places.iter().filter_map(|place| given[place.process]?.1).max();
            let seen = by_rank.keys().next_back().map_or(0, |last| last + 1);
            Ranks { by_rank, world_size: told.unwrap_or(0).max(seen), note: None }
        }
        _ => in_order(&places, processes),
    }
}

/// The devices that a process has run something on.
fn devices(process: &Process) -> BTreeSet<u32> {
    let launched = process.launches.iter().map(|launch| launch.device);
    let mut devices: BTreeSet<u32> =
        launched.chain(process.runs.iter().map(|run| run.device)).collect();
    if devices.is_empty() && !process.channels.is_empty() {
        // Without CUPTI nothing is told but what NCCL's kernels did.
        devices.extend(process.communicators.iter().filter_map(|made| made.device));
    }
    devices
}

/// Numbered in order of their processes and devices.
fn in_order(places: &BTreeSet<Place>, processes: &[Process]) -> Ranks {
    let mut sorted: Vec<Place> = places.iter().copied().collect();
    sorted.sort_by_key(|place| (processes[place.process].hello.pid, place.device));
    let by_rank: BTreeMap<u32, Place> = (0..).zip(sorted).collect();
    let note = (by_rank.len() > 1).then(|| {
        "no rank was told by the program: its GPUs are numbered in order of process and device"
            .to_owned()
    });
    Ranks { world_size: by_rank.len() as u32, by_rank, note }
}

#[cfg(test)]
mod tests {
    use weftscope_wire::{Communicator, Hello, Launch};

    use super::{super::made::launch, *};

    fn process(pid: u32, devices: &[u32], variables: &[(&str, &str)]) -> Process {
        let variables =
            variables.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let launch = |device| Launch { device, ..launch(0, 0) };
        Process {
            hello: Hello { pid, variables, ..Hello::default() },
            launches: devices.iter().map(|&device| launch(device)).collect(),
            ..Process::default()
        }
    }

    #[test]
    fn torchrun_tells_the_rank_and_its_own_process_is_none() {
        let processes = [
            process(1, &[], &[]),
            process(3, &[1], &[("RANK", "1"), ("WORLD_SIZE", "4")]),
            process(2, &[0], &[("RANK", "0"), ("WORLD_SIZE", "4")]),
        ];
        let ranks = ranks(&processes);
        assert_eq!(ranks.by_rank[&0], Place { process: 2, device: 0 });
        assert_eq!(ranks.by_rank[&1], Place { process: 1, device: 1 });
        assert_eq!((ranks.world_size, ranks.note), (4, None));
    }

    #[test]
    fn processes_are_asked_for_every_variable_that_may_tell_a_rank() {
        let asked = weftscope_wire::variables::RANKS;
        for (rank, size) in RANK_VARIABLES {
            assert!(asked.contains(&rank), "{rank}");
            assert!(size.is_none_or(|size| asked.contains(&size)), "{size:?}");
        }
    }

    #[test]
    fn the_communicator_tells_what_no_variable_does() {
        let communicator = |rank| Communicator {
            id: 7,
            name: String::new(),
            ranks: 2,
            rank,
            device: None,
            nccl: None,
        };
        let mut processes = [process(5, &[0], &[]), process(6, &[0], &[])];
        processes[0].communicators.push(communicator(1));
        processes[1].communicators.push(communicator(0));
        let ranks = ranks(&processes);
        assert_eq!(ranks.by_rank[&0].process, 1);
        assert_eq!((ranks.world_size, ranks.note), (2, None));
    }

    #[test]
    fn several_gpus_of_one_process_are_numbered_and_it_is_said() {
        let ranks = ranks(&[process(9, &[1, 0, 1], &[("RANK", "0")])]);
        assert_eq!(ranks.by_rank.len(), 2);
        assert_eq!(ranks.by_rank[&1], Place { process: 0, device: 1 });
        assert!(ranks.note.is_some());
        // One alone needs no word.
        assert_eq!(super::ranks(&[process(9, &[3], &[])]).note, None);
    }
}
