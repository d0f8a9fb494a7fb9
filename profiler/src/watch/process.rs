//! What one process has told.

use std::collections::{BTreeMap, HashMap};

use weftscope_engine::clock::{ClockCurve, ClockPair};
use weftscope_wire::{
    BlockStamp, ChannelRun, Collective, Communicator, CopyRun, Device, Event, GraphLaunch, Hello,
    HostRange, KernelRun, Launch, Mark, Range, TooDear, Wait,
};

use super::collectives::Ran;

/// Everything that one process has told so far.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Who it is.
    pub hello: Hello,
    /// Its GPUs, by ordinal.
    pub devices: BTreeMap<u32, Device>,
    /// Mangled names of kernels, by number.
    pub kernels: HashMap<u32, String>,
    /// Launches, in the order in which they were made.
    pub launches: Vec<Launch>,
    /// When the calls of launches returned, by [`Launch::id`].
    pub returned_host_ns: HashMap<u64, i64>,
    /// Launches of graphs.
    pub graphs: Vec<GraphLaunch>,
    /// Calls that waited for the GPU.
    pub waits: Vec<Wait>,
    /// When launches began to leave stamps, or none; empty: they always do.
    pub stamped_from_host_ns: Vec<(i64, bool)>,
    /// Blocks of launches that told, by [`Launch::id`].
    pub stamps: HashMap<u64, Vec<BlockStamp>>,
    /// How many these are, as far as they are kept.
    pub blocks: usize,
    /// Kernels that CUPTI timed, where no blocks were asked for.
    pub runs: Vec<KernelRun>,
    /// Copies that CUPTI timed.
    pub copies: Vec<CopyRun>,
    /// NVTX ranges and marks.
    pub ranges: Vec<Range>,
    /// The same at blocks, on the host's clock.
    pub host_ranges: Vec<HostRange>,
    /// Channels of NCCL's kernels.
    pub channels: Vec<ChannelRun>,
    /// Marks that kernels left inside their blocks.
    pub marks: Vec<Mark>,
    /// What these are called, by number.
    pub mark_names: HashMap<u32, String>,
    /// Every collective that NCCL told.
    pub told: Vec<Collective>,
    /// Readings of CUPTI's clock.
    pub cupti_clock: Vec<ClockPair>,
    /// NCCL's communicators.
    pub communicators: Vec<Communicator>,
    /// What launches of NCCL's kernels ran.
    pub collectives: Ran,
    /// Readings of clocks, by device.
    pub clocks: BTreeMap<u32, Vec<ClockPair>>,
    /// Kernels whose stamps cost more than the budget.
    pub dear: Vec<TooDear>,
    /// What is missing, and how often.
    pub lost: BTreeMap<String, u64>,
    /// What the reader ought to know, each once.
    pub notes: Vec<String>,
    /// Steps that were taken off it before, by device.
    pub steps_before: BTreeMap<u32, StepsBefore>,
    /// Kernels and channels that were.
    pub closed: usize,
    /// It said that nothing more follows; else it ended in the middle.
    pub has_stopped: bool,
}

/// What is known of the steps of a rank from what was taken off its process before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepsBefore {
    /// The hash of what is launched in each; `None`: they are told by ranges, or there were none.
    pub(super) kind: Option<u64>,
    /// How many there were.
    pub(super) number: usize,
}

impl Process {
    /// A process that said hello.
    pub fn new(hello: Hello) -> Self {
        let notes = hello.missing.clone();
        Self { hello, notes, ..Self::default() }
    }

    /// Takes in what happened.
    pub fn take(&mut self, event: Event) {
        let kernels = &self.kernels;
        self.collectives
            .take(&event, |kernel| kernels.get(&kernel).is_some_and(|name| name.contains("nccl")));
        match event {
            Event::Device(device) => {
                self.devices.insert(device.ordinal, device);
            }
            Event::Kernel(kernel) => {
                self.kernels.insert(kernel.id, kernel.name);
            }
            Event::Launch(launch) => self.launches.push(launch),
            Event::Returned { launch, at_host_ns } => {
                self.returned_host_ns.insert(launch, at_host_ns);
            }
            Event::Graph(graph) => self.graphs.push(graph),
            Event::Wait(wait) => self.waits.push(wait),
            Event::Stamping { is_on, at_host_ns } => {
                self.stamped_from_host_ns.push((at_host_ns, is_on));
            }
            Event::Blocks { launch, stamps } => {
                self.blocks += stamps.len();
                self.stamps.insert(launch, stamps);
            }
            Event::Communicator(communicator) => self.communicators.push(communicator),
            Event::Collective(collective) => self.told.push(collective),
            Event::Kernels(runs) => self.runs.extend(runs),
            Event::Copies(copies) => self.copies.extend(copies),
            Event::Ranges(ranges) => self.ranges.extend(ranges),
            Event::HostRange(range) => self.host_ranges.push(range),
            Event::Channels(channels) => self.channels.extend(channels),
            Event::MarkName(name) => {
                self.mark_names.insert(name.id, name.name);
            }
            Event::Marks(marks) => self.marks.extend(marks),
            Event::Clock(clock) => {
                self.clocks.entry(clock.device).or_default().extend(pairs(&clock.readings));
            }
            Event::CuptiClock(readings) => self.cupti_clock.extend(pairs(&readings)),
            Event::TooDear(dear) => self.dear.push(dear),
            Event::Lost { cause, count } => *self.lost.entry(cause).or_default() += count,
            Event::Note(note) => {
                if !self.notes.contains(&note) {
                    self.notes.push(note);
                }
            }
        }
    }

    /// Something ran that is drawn.
    pub fn has_run(&self) -> bool {
        self.num_kernels() > 0 || !self.channels.is_empty()
    }

    /// Kernels that it launched, as far as that is told.
    pub fn num_kernels(&self) -> usize {
        self.launches.len() + self.runs.len() + self.closed
    }

    /// The map from a device's time to the host's.
    pub fn clock(&self, device: u32) -> Option<ClockCurve> {
        ClockCurve::fit(self.clocks.get(&device)?).ok()
    }

    /// An environment variable that it told.
    pub fn variable(&self, name: &str) -> Option<&str> {
        let mut told = self.hello.variables.iter();
        told.find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn pairs(readings: &[(i64, i64, i64)]) -> impl Iterator<Item = ClockPair> {
    readings.iter().map(|&(device_ns, host_ns, half_width_ns)| ClockPair {
        device_ns,
        host_ns,
        half_width_ns,
    })
}

#[cfg(test)]
mod tests {
    use weftscope_wire::Clock;

    use super::*;

    #[test]
    fn what_is_said_twice_is_noted_once_and_losses_add_up() {
        let mut process = Process::default();
        for _ in 0..2 {
            process.take(Event::Note("n".to_owned()));
            process.take(Event::Lost { cause: "c".to_owned(), count: 2 });
        }
        assert_eq!((process.notes.len(), process.lost["c"]), (1, 4));
    }

    #[test]
    fn a_clock_is_known_once_it_was_read() {
        let mut process = Process::default();
        assert!(process.clock(0).is_none());
        let readings = (0..8).map(|i| (1_000_000 + i * 1000, i * 1000, 500)).collect();
        process.take(Event::Clock(Clock { device: 0, readings }));
        assert_eq!(process.clock(0).unwrap().host_from_device(1_003_500), 3500);
    }
}
