//! Tracks by their uuids, and the rows that they become.

use hashbrown::HashMap;

use crate::interchange::foreign::{Collect, RowKey};
use crate::interchange::perfetto::messages::{CounterDescriptor, TrackDescriptor};

/// How far up the tree a process is looked for.
const MAX_DEPTH: u32 = 64;

/// What is known of a track.
#[derive(Debug, Default)]
struct Track {
    name: Option<String>,
    parent: Option<u64>,
    process: Option<i32>,
    thread: Option<(i32, i32)>,
    counter: Option<CounterDescriptor>,
}

#[derive(Debug, Default)]
pub(super) struct Tracks(HashMap<u64, Track>);

/// Where a track's events stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) pid: i64,
    pub(super) tid: i64,
}

impl Tracks {
    /// Takes in a descriptor; a later one completes what an earlier one said.
    pub(super) fn learn(&mut self, descriptor: TrackDescriptor, collect: &mut Collect) {
        let track = self.0.entry(descriptor.uuid.unwrap_or(0)).or_default();
        let own_name = descriptor.name.or(descriptor.static_name);
        if let Some(process) = descriptor.process {
            track.process = process.pid.or(track.process);
            for label in process.process_labels {
                collect.label_process(i64::from(process.pid.unwrap_or(-1)), label);
            }
            if let (Some(pid), Some(name)) =
                (process.pid, process.process_name.or(own_name.clone()))
            {
                collect.process_names.insert(i64::from(pid), name);
            }
        }
        if let Some(thread) = descriptor.thread {
            track.thread = thread.pid.zip(thread.tid).or(track.thread);
            if let (Some((pid, tid)), Some(name)) =
                (track.thread, thread.thread_name.or(own_name.clone()))
            {
                collect.thread_names.insert((i64::from(pid), i64::from(tid)), name);
            }
        }
        track.name = own_name.or(track.name.take());
        track.parent = descriptor.parent_uuid.or(track.parent);
        track.counter = descriptor.counter.or(track.counter.take());
    }

    /// The counter that a track is.
    pub(super) fn counter(&self, uuid: u64) -> Option<(&str, &CounterDescriptor)> {
        let track = self.0.get(&uuid)?;
        Some((track.name.as_deref().unwrap_or("counter"), track.counter.as_ref()?))
    }

    /// Process of a track: its own, else the nearest above it; -1 for none.
    pub(super) fn process(&self, uuid: u64) -> i64 {
        let mut at = Some(uuid);
        for _ in 0..MAX_DEPTH {
            let Some(track) = at.and_then(|uuid| self.0.get(&uuid)) else { break };
            if let Some(pid) = track.process.or(track.thread.map(|(pid, _)| pid)) {
                return i64::from(pid);
            }
            at = track.parent;
        }
        -1
    }

    /// The place of a track, with a name for the row if it is no thread.
    pub(super) fn place(&self, uuid: u64, collect: &mut Collect) -> Place {
        let track = self.0.get(&uuid);
        if let Some((pid, tid)) = track.and_then(|track| track.thread) {
            return Place { pid: i64::from(pid), tid: i64::from(tid) };
        }
        let pid = match self.process(uuid) {
            -1 => {
                let pid = collect.rows.id_of_text("tracks");
                collect.process_names.entry(pid).or_insert_with(|| "no process".to_owned());
                pid
            }
            pid => pid,
        };
        let tid = collect.rows.id_of_text(&format!("track {uuid}"));
        let named = track.and_then(|track| track.name.clone());
        let is_process = track.is_some_and(|track| track.process.is_some());
        let name = named.filter(|_| !is_process).unwrap_or_else(|| {
            if is_process { "events of the process".to_owned() } else { format!("track {uuid}") }
        });
        collect.thread_names.entry((pid, tid)).or_insert(name);
        Place { pid, tid }
    }

    /// The row of a track.
    pub(super) fn row(&self, uuid: u64, collect: &mut Collect) -> u32 {
        let Place { pid, tid } = self.place(uuid, collect);
        collect.rows.id(RowKey::Thread { pid, tid })
    }
}
