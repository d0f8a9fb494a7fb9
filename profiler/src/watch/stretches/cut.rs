//! A process' past taken off: what was launched before a moment, with all that has told of it. What is taken is gone from the process,
//! so that nothing is in two pieces, and what comes late is in the next.

use std::collections::{BTreeMap, HashSet};

use weftscope_engine::clock::ClockPair;

use crate::watch::{Process, StepsBefore, activity::Timed, seen::Clock};

/// Readings of clocks that stay with a process, from before a cut on: what comes next rests on those around it.
const READINGS_NS: i64 = 30_000_000_000;

/// Where a process is cut.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cut {
    /// Launches of a device before this are taken; by device.
    pub(super) by_device_host_ns: BTreeMap<u32, i64>,
    /// What CUPTI timed is taken where it began before this; `None`: nothing was timed by it.
    pub(super) cupti_ns: Option<u64>,
}

impl Cut {
    fn of(&self, device: u32) -> i64 {
        self.by_device_host_ns.get(&device).copied().unwrap_or(i64::MIN)
    }

    /// The first and the last moment on the host's clock.
    fn host_ns(&self, timed: &Timed<'_>) -> (i64, i64) {
        let of_cupti = self.cupti_ns.map(|cupti_ns| timed.host_ns(cupti_ns));
        let all = || self.by_device_host_ns.values().copied().chain(of_cupti);
        (all().min().unwrap_or(i64::MIN), all().max().unwrap_or(i64::MIN))
    }
}

impl Process {
    /// Takes off what was before a cut.
    pub(super) fn cut(&mut self, cut: &Cut) -> Self {
        let timed = Timed::of(self);
        let (first_ns, last_ns) = cut.host_ns(&timed);
        let clocks: BTreeMap<u32, Clock> =
            self.devices.keys().map(|&device| (device, Clock::of(self, device))).collect();
        let device_ns =
            |device: u32, ns: u64| clocks.get(&device).map_or(i64::MIN, |clock| clock.host_ns(ns));
        // Devices that only CUPTI tells of are cut where it is.
        let of_device = |device: u32| match self.launches.is_empty() {
            true => first_ns,
            false => cut.of(device),
        };
        let mut past = Self {
            hello: self.hello.clone(),
            devices: self.devices.clone(),
            kernels: self.kernels.clone(),
            stamped_from_host_ns: self.stamped_from_host_ns.clone(),
            mark_names: self.mark_names.clone(),
            communicators: self.communicators.clone(),
            steps_before: self.steps_before.clone(),
            clocks: self.clocks.clone(),
            cupti_clock: self.cupti_clock.clone(),
            has_stopped: true,
            ..Self::default()
        };
        let is_past = |device: Option<u32>, end_device_ns: u64| {
            device.is_some_and(|device| device_ns(device, end_device_ns) < of_device(device))
        };
        let (past_marks, marks) =
            taken(&self.marks, |it| is_past(Some(it.device), it.end_device_ns));
        past.marks = past_marks;
        let (channels, later_channels) =
            taken(&self.channels, |it| is_past(it.device, it.end_device_ns));
        past.channels = channels;
        (self.marks, self.channels) = (marks, later_channels);
        self.cut_launches(&mut past, cut);
        self.cut_runs(&mut past, cut);
        // These say something of both sides: they are kept, or copied, as long as they do.
        past.waits = copied(&self.waits, |wait| wait.at_host_ns < last_ns);
        self.waits.retain(|wait| wait.at_host_ns >= first_ns);
        past.host_ranges = copied(&self.host_ranges, |range| range.start_host_ns < last_ns);
        self.host_ranges.retain(|range| range.end_host_ns >= first_ns);
        past.told = copied(&self.told, |told| told.at_host_ns < last_ns);
        self.told.retain(|told| told.at_host_ns >= first_ns);
        past.graphs = copied(&self.graphs, |graph| graph.at_host_ns < last_ns);
        self.graphs.retain(|graph| graph.returned_host_ns >= first_ns);
        let later = |pairs: &mut Vec<ClockPair>| {
            let from = pairs.partition_point(|pair| pair.host_ns < first_ns - READINGS_NS);
            pairs.drain(..from.min(pairs.len().saturating_sub(64)));
        };
        self.clocks.values_mut().for_each(later);
        later(&mut self.cupti_clock);
        self.closed += past.num_kernels() + past.channels.len();
        past
    }

    fn cut_launches(&mut self, past: &mut Self, cut: &Cut) {
        (past.launches, self.launches) =
            taken(&self.launches, |launch| launch.at_host_ns < cut.of(launch.device));
        let ids: HashSet<u64> = past.launches.iter().map(|launch| launch.id).collect();
        past.collectives = self.collectives.of_launches(ids.iter().copied());
        self.collectives.forget(&ids);
        for id in &ids {
            if let Some(stamps) = self.stamps.remove(id) {
                past.blocks += stamps.len();
                past.stamps.insert(*id, stamps);
            }
            if let Some(at_ns) = self.returned_host_ns.remove(id) {
                past.returned_host_ns.insert(*id, at_ns);
            }
        }
        self.blocks -= past.blocks.min(self.blocks);
    }

    fn cut_runs(&mut self, past: &mut Self, cut: &Cut) {
        let Some(cupti_ns) = cut.cupti_ns else { return };
        (past.runs, self.runs) = taken(&self.runs, |run| run.start_cupti_ns < cupti_ns);
        (past.copies, self.copies) = taken(&self.copies, |copy| copy.start_cupti_ns < cupti_ns);
        (past.ranges, self.ranges) = taken(&self.ranges, |range| range.start_cupti_ns < cupti_ns);
    }

    /// Notes what was taken off: steps are numbered on from there.
    pub(super) fn note_steps(&mut self, device: u32, steps: StepsBefore) {
        self.steps_before.insert(device, steps);
    }
}

/// Those for which something holds, and the others, in their order.
fn taken<T: Clone>(items: &[T], is: impl Fn(&T) -> bool) -> (Vec<T>, Vec<T>) {
    items.iter().cloned().partition(is)
}

fn copied<T: Clone>(items: &[T], is: impl Fn(&T) -> bool) -> Vec<T> {
    items.iter().filter(|item| is(item)).cloned().collect()
}
