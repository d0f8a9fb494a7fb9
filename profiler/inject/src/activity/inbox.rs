//! CUPTI's records as they are told.

use std::collections::{BTreeMap, HashMap};

use cupti_sys::{self as cupti, Marker, Record};
use weftscope_wire::{CopyRun, Event, GraphNode, Kernel, KernelRun, Moved, Range};

/// Records that wait to be taken, and ranges that are open, at most. More is counted.
const ROOM: usize = 1 << 20;
/// Records an event: an event is told whole.
const AN_EVENT: usize = 4096;

/// Our own kernel, which reads a device's clock.
const OWN_KERNEL: &str = "weft_clock";

/// Records since they were last taken.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Numbers of kernels by mangled name; the same in all recordings.
    kernels: HashMap<String, u32>,
    /// Those that the recording under way has told, in order of their numbers.
    told: Vec<bool>,
    names: Vec<Event>,
    runs: Vec<KernelRun>,
    copies: Vec<CopyRun>,
    ranges: Vec<Range>,
    open: HashMap<u32, Open>,
    lost: BTreeMap<&'static str, u64>,
    /// Records of this recording.
    count: u64,
}

/// One end of a range whose other end has not come.
#[derive(Debug)]
enum Open {
    Start { name: String, domain: String, tid: Option<u32>, at_ns: u64 },
    End { tid: Option<u32>, at_ns: u64 },
}

impl Inbox {
    /// A recording begins: everything is told anew.
    pub fn begin(&mut self) {
        let kernels = std::mem::take(&mut self.kernels);
        *self = Self { kernels, ..Self::default() };
    }

    /// Records of this recording so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// `count` of something did not come.
    pub fn lose(&mut self, cause: &'static str, count: u64) {
        if count > 0 {
            *self.lost.entry(cause).or_default() += count;
        }
    }

    /// One record; `text` gives the texts at the addresses that it holds.
    pub fn take(&mut self, record: &Record, text: impl Fn(usize) -> Option<String>) {
        self.count += 1;
        if self.runs.len() + self.copies.len() + self.ranges.len() >= ROOM {
            return self.lose("CUPTI's records that nobody took in time", 1);
        }
        match record {
            Record::Kernel(kernel) => self.kernel(kernel, text(kernel.name_address)),
            Record::Memcpy(copy) => {
                let moved =
                    Moved::Copy { kind: copy.copy_kind, from: copy.src_kind, to: copy.dst_kind };
                let place = (copy.device, copy.stream, copy.correlation, copy.graph_node);
                self.copy(moved, copy.bytes, (copy.start_ns, copy.end_ns), place);
            }
            Record::MemcpyPeer(copy) => {
                let moved = Moved::Peer { from: copy.src_device, to: copy.dst_device };
                let place = (copy.device, copy.stream, copy.correlation, copy.graph_node);
                self.copy(moved, copy.bytes, (copy.start_ns, copy.end_ns), place);
            }
            Record::Memset(set) => {
                let place = (set.device, set.stream, set.correlation, set.graph_node);
                self.copy(Moved::Set, set.bytes, (set.start_ns, set.end_ns), place);
            }
            Record::Marker(marker) => self.marker(marker, text),
            Record::TooShort(..) => self.lose("CUPTI's records that were cut short", 1),
            // Kinds that another tool in this process has asked for.
            Record::Driver(_)
            | Record::Runtime(_)
            | Record::Synchronization(_)
            | Record::Overhead(_)
            | Record::ExternalCorrelation(_)
            | Record::Other(_) => self.count -= 1,
        }
    }

    fn kernel(&mut self, kernel: &cupti::Kernel, name: Option<String>) {
        let name = name.unwrap_or_default();
        if name == OWN_KERNEL {
            return;
        }
        if kernel.end_ns == 0 {
            return self.lose("kernels without times", 1);
        }
        let graph = (kernel.graph_node != 0).then_some(kernel.graph);
        let run = KernelRun {
            kernel: self.number(name),
            device: kernel.device,
            stream: kernel.stream,
            grid: kernel.grid,
            block: kernel.block,
            cluster: kernel.cluster,
            start_cupti_ns: kernel.start_ns,
            end_cupti_ns: kernel.end_ns,
            correlation: kernel.correlation,
            node: graph.map(|graph| GraphNode { graph: Some(graph), node: kernel.graph_node }),
        };
        self.runs.push(run);
    }

    /// The number of a kernel, told before its first run.
    fn number(&mut self, name: String) -> u32 {
        let next = self.kernels.len() as u32;
        let id = match self.kernels.get(&name) {
            Some(&id) => id,
            None => {
                self.kernels.insert(name.clone(), next);
                next
            }
        };
        if self.told.len() <= id as usize {
            self.told.resize(id as usize + 1, false);
        }
        if !std::mem::replace(&mut self.told[id as usize], true) {
            self.names.push(Event::Kernel(Kernel { id, name }));
        }
        id
    }

    fn copy(
        &mut self,
        moved: Moved,
        bytes: u64,
        (start_cupti_ns, end_cupti_ns): (u64, u64),
        (device, stream, correlation, node): (u32, u32, u32, u64),
    ) {
        if end_cupti_ns == 0 {
            return self.lose("copies without times", 1);
        }
        let node = (node != 0).then_some(GraphNode { graph: None, node });
        self.copies.push(CopyRun {
            moved,
            bytes,
            device,
            stream,
            start_cupti_ns,
            end_cupti_ns,
            correlation,
            node,
        });
    }

    fn marker(&mut self, marker: &Marker, text: impl Fn(usize) -> Option<String>) {
        let (tid, at_ns) = (marker.thread.map(|(_, thread)| thread), marker.at_ns);
        let named = || {
            (
                text(marker.name_address).unwrap_or_default(),
                text(marker.domain_address).unwrap_or_default(),
            )
        };
        if marker.flags & Marker::INSTANT != 0 {
            let (name, domain) = named();
            self.range((name, domain), (tid, tid), (at_ns, at_ns));
            return;
        }
        let other = self.open.remove(&marker.id);
        if marker.flags & Marker::START != 0 {
            let (name, domain) = named();
            match other {
                Some(Open::End { tid: end_tid, at_ns: end_ns }) => {
                    self.range((name, domain), (tid, end_tid), (at_ns, end_ns));
                }
                _ => self.leave_open(marker.id, Open::Start { name, domain, tid, at_ns }),
            }
        } else if marker.flags & Marker::END != 0 {
            match other {
                Some(Open::Start { name, domain, tid: start_tid, at_ns: start_ns }) => {
                    self.range((name, domain), (start_tid, tid), (start_ns, at_ns));
                }
                _ => self.leave_open(marker.id, Open::End { tid, at_ns }),
            }
        }
    }

    fn leave_open(&mut self, id: u32, open: Open) {
        if self.open.len() < ROOM {
            self.open.insert(id, open);
        } else {
            self.lose("ends of NVTX ranges for which there was no room", 1);
        }
    }

    fn range(
        &mut self,
        (name, domain): (String, String),
        (start_tid, end_tid): (Option<u32>, Option<u32>),
        (start_cupti_ns, end_cupti_ns): (u64, u64),
    ) {
        if start_cupti_ns == 0 || end_cupti_ns < start_cupti_ns {
            return self.lose("NVTX ranges without times", 1);
        }
        let ended_elsewhere = start_tid != end_tid;
        let tid = start_tid;
        self.ranges.push(Range {
            name,
            domain,
            tid,
            ended_elsewhere,
            start_cupti_ns,
            end_cupti_ns,
        });
    }

    /// No more records come: what is open stays so.
    pub fn end(&mut self) {
        let open = std::mem::take(&mut self.open);
        let begun = open.values().filter(|open| matches!(open, Open::Start { .. })).count() as u64;
        self.lose("NVTX ranges that were open at the end", begun);
        self.lose("NVTX ranges that were open at the beginning", open.len() as u64 - begun);
    }

    /// What has come since it was last taken.
    pub fn drain(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.names);
        events.extend(pieces(&mut self.runs).map(Event::Kernels));
        events.extend(pieces(&mut self.copies).map(Event::Copies));
        events.extend(pieces(&mut self.ranges).map(Event::Ranges));
        let lost = std::mem::take(&mut self.lost).into_iter();
        events.extend(lost.map(|(cause, count)| Event::Lost { cause: cause.to_owned(), count }));
        events
    }
}

fn pieces<T>(all: &mut Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut all = std::mem::take(all);
    std::iter::from_fn(move || {
        let rest = all.split_off(all.len().min(AN_EVENT));
        let piece = std::mem::replace(&mut all, rest);
        (!piece.is_empty()).then_some(piece)
    })
}

#[cfg(test)]
#[path = "inbox_tests.rs"]
mod tests;
