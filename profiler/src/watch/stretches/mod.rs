//! Closed stretches of what processes tell, while they run: so many steps as have ended on all of them.
//!
//! A stretch ends where a step begins, after the same number of steps on every GPU, so that collectives of a stretch have all
//! their members in it. At levels without launches it ends where a range begins that numbers an iteration, or, without such
//! ranges, at a time.

mod cut;

use std::collections::BTreeMap;

use thiserror::Error;
use weftscope_traces::{Classifier, Trace, model::BuildError, numbers_an_iteration};
use weftscope_wire::{Range, Stamping};

use self::cut::Cut;
use super::{
    Process, StepsBefore,
    ranks::{Place, ranks},
    steps::{kind_of_step, steps},
    trace::trace,
};

/// Steps of which the first stretch is made at least: what is a step is told by what occurs again.
const FIRST_STEPS: usize = 2;
/// CUPTI may tell of what it timed so much later, ns.
const LATE_NS: u64 = 2_000_000_000;

/// Why a stretch was not closed.
#[derive(Debug, Error)]
pub enum StretchError {
    /// Its pieces contradict one another.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Its rows would be taken for another rank's.
    #[error(
        "process {pid} would be another rank than before, since no rank is told by the program: set RANK for its processes, or digest the recording"
    )]
    Renumbered {
        /// Whose number changes.
        pid: u32,
    },
}

/// What is known of the stretches so far.
#[derive(Clone, Debug)]
pub struct Stretches {
    title: String,
    /// Ranks by process and device.
    known: BTreeMap<(u32, u32), u32>,
}

/// Where steps end on one device of one process.
struct Ends {
    process: usize,
    device: u32,
    /// By step, ns: on the host's clock, or CUPTI's.
    at_ns: Vec<i64>,
    is_by_cupti: bool,
}

impl Stretches {
    /// `title` is what was run.
    pub fn new(title: String) -> Self {
        Self { title, known: BTreeMap::new() }
    }

    /// Takes off the processes what has ended since the last stretch; `None` while that is nothing.
    ///
    /// # Errors
    /// [`StretchError`]; what was taken off is lost then.
    pub fn close(
        &mut self,
        processes: &mut [&mut Process],
        classifier: &Classifier,
    ) -> Result<Option<Trace>, StretchError> {
        let mut ends = Vec::new();
        for (at, process) in processes.iter().enumerate() {
            ends.extend(ends_of(process).into_iter().map(|of| Ends { process: at, ..of }));
        }
        let Some(count) = ends.iter().map(|ends| ends.at_ns.len()).min() else { return Ok(None) };
        let is_first = self.known.is_empty() && ends.iter().all(|ends| !ends.is_by_cupti);
        if count == 0 || is_first && count < FIRST_STEPS {
            return Ok(None);
        }
        let mut cuts: BTreeMap<usize, Cut> = BTreeMap::new();
        for ends in &ends {
            let cut = cuts.entry(ends.process).or_default();
            let at_ns = ends.at_ns[count - 1];
            match ends.is_by_cupti {
                true => cut.cupti_ns = Some(at_ns.unsigned_abs()),
                false => {
                    cut.by_device_host_ns.insert(ends.device, at_ns);
                }
            }
        }
        let mut past = Vec::new();
        for (at, cut) in cuts {
            let process = &mut *processes[at];
            let taken = process.cut(&cut);
            for &device in cut.by_device_host_ns.keys() {
                let before = process.steps_before.get(&device).copied().unwrap_or_default();
                let kind = before.kind.or_else(|| kind_of_step(&taken, device));
                let number = before.number + steps(&taken, device).len();
                process.note_steps(device, StepsBefore { kind, number });
            }
            past.push(taken);
        }
        self.traced(&past, classifier)
    }

    /// All that is left, once the processes have ended.
    ///
    /// # Errors
    /// As [`close`](Self::close).
    pub fn rest(
        &mut self,
        processes: &[Process],
        classifier: &Classifier,
    ) -> Result<Option<Trace>, StretchError> {
        let has_left = |process: &Process| {
            !process.launches.is_empty()
                || !process.runs.is_empty()
                || !process.channels.is_empty()
                || !process.copies.is_empty()
        };
        if !processes.iter().any(has_left) {
            return Ok(None);
        }
        self.traced(processes, classifier)
    }

    fn traced(
        &mut self,
        past: &[Process],
        classifier: &Classifier,
    ) -> Result<Option<Trace>, StretchError> {
        for (rank, Place { process, device }) in ranks(past).by_rank {
            let pid = past[process].hello.pid;
            if *self.known.entry((pid, device)).or_insert(rank) != rank {
                return Err(StretchError::Renumbered { pid });
            }
        }
        Ok(Some(trace(&self.title, past, classifier)?))
    }
}

/// Where steps end on the devices of a process that have run something.
fn ends_of(process: &Process) -> Vec<Ends> {
    let mut devices: Vec<u32> = process.launches.iter().map(|launch| launch.device).collect();
    devices.extend(process.steps_before.keys());
    devices.sort_unstable();
    devices.dedup();
    if !devices.is_empty() {
        let of = |device| (!process.has_stopped).then(|| of_launches(process, device));
        return devices.into_iter().filter_map(of).collect();
    }
    // One that has stopped holds nobody up: the rest takes what it has.
    let is_timed = !process.runs.is_empty() && !process.has_stopped;
    is_timed.then(|| of_runs(process)).into_iter().collect()
}

/// Launches of a step have all told once nothing before the next step's first has yet to.
fn of_launches(process: &Process, device: u32) -> Ends {
    let own = || process.launches.iter().filter(|launch| launch.device == device);
    let untold = own().filter(|launch| {
        launch.stamping == Stamping::Blocks && !process.stamps.contains_key(&launch.id)
    });
    let first_untold_ns = untold.map(|launch| launch.at_host_ns).min().unwrap_or(i64::MAX);
    let begins = steps(process, device).into_iter().skip(1).filter_map(|step| {
        let first = *step.launches.first()?;
        own().find(|launch| launch.id == first).map(|launch| launch.at_host_ns)
    });
    let at_ns = begins.take_while(|&at_ns| at_ns <= first_untold_ns).collect();
    Ends { process: 0, device, at_ns, is_by_cupti: false }
}

/// Where ranges begin that number iterations, the outer ones, as far as CUPTI has told all before.
fn of_runs(process: &Process) -> Ends {
    let last_ns = process.runs.iter().map(|run| run.end_cupti_ns).max().unwrap_or(0);
    let told_ns = last_ns.saturating_sub(LATE_NS);
    let numbered = process.ranges.iter().filter(|range| numbers_an_iteration(&range.name));
    let mut numbered: Vec<&Range> = numbered.collect();
    numbered.sort_by_key(|range| (range.start_cupti_ns, std::cmp::Reverse(range.end_cupti_ns)));
    let mut end_ns = 0;
    numbered.retain(|range| {
        let is_outer = range.start_cupti_ns >= end_ns;
        end_ns = end_ns.max(range.end_cupti_ns);
        is_outer
    });
    let first_ns = process.runs.iter().map(|run| run.start_cupti_ns).min().unwrap_or(u64::MAX);
    let begins = numbered.iter().map(|range| range.start_cupti_ns);
    let begins = begins.filter(|&at_ns| at_ns > first_ns && at_ns <= told_ns);
    let mut at_ns: Vec<i64> = begins.map(u64::cast_signed).collect();
    if numbered.is_empty() && told_ns > first_ns {
        at_ns.push(told_ns.cast_signed());
    }
    Ends { process: 0, device: 0, at_ns, is_by_cupti: true }
}

#[cfg(test)]
mod tests;
