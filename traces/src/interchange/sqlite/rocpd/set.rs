//! What rows refer to, and how they are looked up.

use hashbrown::HashMap;

use crate::interchange::foreign::RowKey;
use crate::interchange::sqlite::database::Cells;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// Tables that are read in part, or that say how others are to be read: nothing to draw.
const TELLING: [&str; 3] = ["rocpd_metadata", "rocpd_info_", "rocpd_string"];

/// Columns of everything that has a place, in the order in which [`Place`] takes them, after start and end.
pub(super) const PLACE: [&str; 7] =
    ["pid", "tid", "agent_id", "queue_id", "stream_id", "track_id", "event_id"];
/// The first column behind those of [`PLACE`].
pub(super) const OWN: usize = 9;

/// What the reader keeps.
#[derive(Debug, Default)]
pub(super) struct Rocpd {
    /// What the names of the present set's tables end with.
    suffix: String,
    pub(super) set: Set,
    /// All processes, in the order of the file.
    pub(super) processes: Vec<Process>,
}

/// What one set's rows refer to, by their ids.
#[derive(Debug, Default)]
pub(super) struct Set {
    /// Texts, numbered as the collected names are.
    pub(super) strings: HashMap<i64, u32>,
    /// Names of categories, in schemas that do not keep them among the texts.
    pub(super) categories: HashMap<i64, u32>,
    /// Names of machines.
    pub(super) hosts: HashMap<i64, String>,
    /// The collected number of each process.
    pub(super) pids: HashMap<i64, i64>,
    /// The operating system's number of each thread.
    pub(super) tids: HashMap<i64, i64>,
    pub(super) agents: HashMap<i64, Agent>,
    pub(super) tracks: HashMap<i64, Place>,
    pub(super) track_names: HashMap<i64, u32>,
    pub(super) symbols: HashMap<i64, Symbol>,
    pub(super) counters: HashMap<i64, Counter>,
    pub(super) events: HashMap<i64, About>,
    /// Event, name and text of each argument, by event.
    pub(super) arguments: Vec<(i64, u32, u32)>,
    /// Event, counter and value of each count, by event.
    pub(super) counts: Vec<(i64, i64, f64)>,
    /// Of those, that found what they were counted for.
    pub(super) counts_used: u64,
    pub(super) samples: Vec<Sample>,
    /// Rows are queues: streams are not told apart, or are too many.
    pub(super) by_queue: bool,
}

/// A process of the file.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) pid: i64,
    /// Its program, without the path.
    pub(super) program: String,
    pub(super) rank: Option<Rank>,
}

/// A rank, and how many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Rank {
    pub(super) number: u32,
    pub(super) of: u32,
}

/// A row of the samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at_ns: i64,
    pub(super) event: Option<i64>,
    pub(super) place: Place,
    pub(super) name: Option<u32>,
}

/// A processor.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agent {
    /// The GPU's number on its machine; none of a CPU.
    pub(super) gpu: Option<i64>,
}

/// A kernel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    pub(super) name: u32,
    pub(super) vector_registers: i64,
}

/// A performance counter.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) gpu: Option<i64>,
}

/// What an event says of the row that refers to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct About {
    pub(super) category: Option<u32>,
    pub(super) correlation: Option<i64>,
    /// What the program said, of markers.
    pub(super) message: Option<u32>,
}

/// Where something happened, as ids of the set.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) pid: Option<i64>,
    pub(super) tid: Option<i64>,
    pub(super) agent: Option<i64>,
    pub(super) queue: Option<i64>,
    pub(super) stream: Option<i64>,
}

impl Place {
    /// Of a row with the columns of [`PLACE`], the first of them at `at`.
    pub(super) fn of(cells: &Cells<'_>, at: usize) -> Self {
        Self {
            pid: cells.int(at),
            tid: cells.int(at + 1),
            agent: cells.int(at + 2),
            queue: cells.int(at + 3),
            stream: cells.int(at + 4),
        }
    }

    /// What is missing, from elsewhere.
    fn or(self, other: Self) -> Self {
        Self {
            pid: self.pid.or(other.pid),
            tid: self.tid.or(other.tid),
            agent: self.agent.or(other.agent),
            queue: self.queue.or(other.queue),
            stream: self.stream.or(other.stream),
        }
    }
}

impl Sheet<'_, Rocpd> {
    /// Goes on to the set whose tables end with `suffix`.
    pub(super) fn begin(&mut self, suffix: &str) {
        suffix.clone_into(&mut self.own.suffix);
        self.own.set = Set::default();
    }

    /// Hands every row of a table of the set to `each`.
    pub(super) fn rows(
        &mut self,
        table: &str,
        columns: &[&str],
        progress: Progress<'_>,
        each: impl FnMut(&mut Self, &Cells<'_>),
    ) {
        let table = format!("{table}{}", self.own.suffix);
        self.each(&table, columns, progress, each);
    }

    /// Place and event of a row with the columns of [`PLACE`] behind start and end.
    pub(super) fn place(&self, cells: &Cells<'_>) -> (Place, Option<i64>) {
        let set = &self.own.set;
        let track = cells.int(7).and_then(|id| set.tracks.get(&id)).copied();
        (Place::of(cells, 2).or(track.unwrap_or_default()), cells.int(8))
    }

    /// The collected number of a process.
    pub(super) fn pid(&self, place: &Place) -> i64 {
        place.pid.map_or(0, |id| self.own.set.pids.get(&id).copied().unwrap_or(id))
    }

    /// The row of a thread.
    pub(super) fn thread(&mut self, place: &Place) -> u32 {
        let pid = self.pid(place);
        let tid = place.tid.map_or(0, |id| self.own.set.tids.get(&id).copied().unwrap_or(id));
        let rows = &mut self.recording.collect.rows;
        let tid = rows.id_of_int(tid);
        rows.id(RowKey::Thread { pid, tid })
    }

    /// The text behind an id.
    pub(super) fn string(&self, id: Option<i64>) -> Option<u32> {
        self.own.set.strings.get(&id?).copied()
    }

    /// What an event says.
    pub(super) fn about(&self, event: Option<i64>) -> Option<About> {
        self.own.set.events.get(&event?).copied()
    }
}

/// Whether a table's rows are nothing to draw; views of tables that are read as such are none of their own.
pub(super) fn tells(name: &str, suffixes: &[String]) -> bool {
    let is_table =
        name.starts_with("rocpd_") && suffixes.iter().any(|end| name.ends_with(end.as_str()));
    !is_table || TELLING.iter().any(|start| name.starts_with(start))
}
