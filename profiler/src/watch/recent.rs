//! The last stretch of what processes have told, for a view that runs along.

use std::collections::{BTreeMap, HashMap};

use weftscope_engine::clock::{ClockCurve, ClockPair};
use weftscope_traces::{Classifier, Trace, model::BuildError};
use weftscope_wire::Stamping;

use super::{Process, activity::Timed, trace::trace_from};

/// A view that runs along: traces of the last stretch of time, all from one beginning, so that times stay what they were.
#[derive(Clone, Debug)]
pub struct Recent {
    title: String,
    span_ns: i64,
    base_host_ns: Option<i64>,
    /// Until when the last trace was told.
    shown_host_ns: i64,
}

impl Recent {
    /// Of the last `span_ns`; `title` is what was run.
    pub fn new(title: String, span_ns: i64) -> Self {
        Self { title, span_ns, base_host_ns: None, shown_host_ns: i64::MIN }
    }

    /// The trace of the last stretch; `None` while nothing new has been told.
    ///
    /// # Errors
    /// As [`trace`](super::trace()).
    pub fn trace<'a>(
        &mut self,
        processes: impl Iterator<Item = &'a Process> + Clone,
        classifier: &Classifier,
    ) -> Result<Option<Trace>, BuildError> {
        let Some(last_host_ns) = processes.clone().filter_map(Process::last_host_ns).max() else {
            return Ok(None);
        };
        if last_host_ns <= self.shown_host_ns {
            return Ok(None);
        }
        self.shown_host_ns = last_host_ns;
        let from_host_ns = last_host_ns - self.span_ns;
        let base_host_ns = *self.base_host_ns.get_or_insert(from_host_ns);
        let recent: Vec<Process> = processes.map(|process| process.since(from_host_ns)).collect();
        if !recent.iter().any(Process::has_run) {
            return Ok(None);
        }
        trace_from(&self.title, &recent, classifier, Some(base_host_ns)).map(Some)
    }
}

impl Process {
    /// When the last launch was made that has told, or the last kernel ran.
    fn last_host_ns(&self) -> Option<i64> {
        let launched = self.launches.iter().rev().find(|launch| self.has_told(launch.id));
        let launched = launched.map(|launch| launch.at_host_ns);
        let timed = Timed::of(self);
        let ran = self.runs.last().map(|run| timed.host_ns(run.end_cupti_ns));
        launched.max(ran)
    }

    fn has_told(&self, launch: u64) -> bool {
        self.stamps.contains_key(&launch)
    }

    /// What was launched or ran from a time on. Launches whose blocks are still awaited are left out, and so is what was
    /// lost: the whole recording says that.
    fn since(&self, from_host_ns: i64) -> Self {
        let timed = Timed::of(self);
        let is_told = |stamping, id| stamping != Stamping::Blocks || self.has_told(id);
        let late =
            self.launches.iter().rev().take_while(|launch| launch.at_host_ns >= from_host_ns);
        let mut launches: Vec<_> =
            late.filter(|launch| is_told(launch.stamping, launch.id)).cloned().collect();
        launches.reverse();
        let ids = || launches.iter().map(|launch| launch.id);
        let stamps = ids().filter_map(|id| Some((id, self.stamps.get(&id)?.clone())));
        let returned = ids().filter_map(|id| Some((id, *self.returned_host_ns.get(&id)?)));
        let ran = |end_cupti_ns: u64| timed.host_ns(end_cupti_ns) >= from_host_ns;
        let clock = |device: Option<u32>| device.and_then(|device| self.clock(device));
        let mut clocks: HashMap<Option<u32>, Option<ClockCurve>> = HashMap::new();
        let mut is_late = |device: Option<u32>, end_device_ns: u64| {
            let fit = clocks.entry(device).or_insert_with(|| clock(device));
            let end_ns = fit.as_ref().map(|fit| fit.host_from_device(end_device_ns as i64));
            end_ns.is_none_or(|end_ns| end_ns >= from_host_ns)
        };
        Self {
            hello: self.hello.clone(),
            devices: self.devices.clone(),
            kernels: self.kernels.clone(),
            stamps: stamps.collect(),
            blocks: 0,
            returned_host_ns: returned.collect(),
            graphs: tail(&self.graphs, |graph| graph.returned_host_ns >= from_host_ns),
            stamped_from_host_ns: self.stamped_from_host_ns.clone(),
            waits: tail(&self.waits, |wait| wait.returned_host_ns >= from_host_ns),
            runs: tail(&self.runs, |run| ran(run.end_cupti_ns)),
            copies: tail(&self.copies, |copy| ran(copy.end_cupti_ns)),
            host_ranges: tail(&self.host_ranges, |range| range.end_host_ns >= from_host_ns),
            ranges: tail(&self.ranges, |range| ran(range.end_cupti_ns)),
            channels: tail(&self.channels, |run| is_late(run.device, run.end_device_ns)),
            marks: tail(&self.marks, |mark| is_late(Some(mark.device), mark.end_device_ns)),
            mark_names: self.mark_names.clone(),
            told: tail(&self.told, |told| told.at_host_ns >= from_host_ns),
            cupti_clock: last_readings(&self.cupti_clock, from_host_ns),
            communicators: self.communicators.clone(),
            collectives: self.collectives.of_launches(ids()),
            clocks: self
                .clocks
                .iter()
                .map(|(&device, pairs)| (device, last_readings(pairs, from_host_ns)))
                .collect(),
            steps_before: self.steps_before.clone(),
            closed: 0,
            dear: Vec::new(),
            lost: BTreeMap::new(),
            notes: Vec::new(),
            has_stopped: true,
            launches,
        }
    }
}

/// Readings of a clock from some time before a moment on: what is in view rests on those around it. At least the last ones.
fn last_readings(pairs: &[ClockPair], from_host_ns: i64) -> Vec<ClockPair> {
    /// Half a minute: several stretches of a [`ClockCurve`].
    const BEFORE_NS: i64 = 30_000_000_000;
    const LEAST: usize = 64;
    let first = pairs.partition_point(|pair| pair.host_ns < from_host_ns - BEFORE_NS);
    pairs[first.min(pairs.len().saturating_sub(LEAST))..].to_vec()
}

/// The last items in a row for which something holds, of items nearly in order of time.
fn tail<T: Clone>(items: &[T], mut is_late: impl FnMut(&T) -> bool) -> Vec<T> {
    /// Threads tell in no strict order.
    const OUT_OF_ORDER: usize = 64;
    let (mut first, mut early) = (items.len(), 0);
    for (at, item) in items.iter().enumerate().rev() {
        if is_late(item) {
            (first, early) = (at, 0);
        } else {
            early += 1;
            if early > OUT_OF_ORDER {
                break;
            }
        }
    }
    items[first..].iter().filter(|item| is_late(item)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use weftscope_wire::Event;

    use super::{super::made, *};

    fn launch(id: u64, at_host_ns: i64) -> Event {
        Event::Launch(made::launch(id, at_host_ns))
    }

    fn blocks(launch: u64, start_device_ns: u64) -> Event {
        made::block(launch, start_device_ns, 500)
    }

    fn process() -> Process {
        let mut process = Process::default();
        process.take(Event::Device(made::device(1)));
        made::kernels(["gemm"]).for_each(|kernel| process.take(kernel));
        process
    }

    #[test]
    fn the_view_runs_along_from_one_beginning() {
        let mut process = process();
        let mut recent = Recent::new("t".to_owned(), 10_000);
        let classifier = Classifier::default();
        let mut starts = |process: &Process| {
            let trace = recent.trace(std::iter::once(process), &classifier).unwrap()?;
            let streams = trace.lanes.iter().filter(|lane| {
                let kind = &trace.track(lane.track).kind;
                matches!(kind, weftscope_traces::TrackKind::Stream { .. })
            });
            Some(streams.flat_map(|lane| lane.slices.start_ns.clone()).collect::<Vec<i64>>())
        };
        assert_eq!(starts(&process), None);
        for at in 0..20 {
            process.take(launch(at, 100_000 + at as i64 * 1000));
            // The device's clock is the host's: it was never read, and the first block begins when it is launched.
            process.take(blocks(at, 100_000 + at * 1000));
        }
        let first = starts(&process).unwrap();
        assert_eq!((first.len(), first[0], first[10]), (11, 0, 10_000));
        assert_eq!(starts(&process), None);
        // One that has not told yet is not shown, and what was shown keeps its time.
        process.take(launch(20, 120_000));
        assert_eq!(starts(&process), None);
        process.take(blocks(20, 120_000));
        let next = starts(&process).unwrap();
        assert_eq!((next[0], *next.last().unwrap()), (1000, 11_000));
    }

    #[test]
    fn readings_of_the_last_while_are_kept_and_the_last_ones_anyway() {
        let pairs: Vec<ClockPair> = (0..200)
            .map(|at| ClockPair { device_ns: at, host_ns: at * 1_000_000_000, half_width_ns: 1 })
            .collect();
        assert_eq!(last_readings(&pairs, 150_000_000_000).first(), Some(&pairs[120]));
        assert_eq!(last_readings(&pairs, 900_000_000_000), pairs[136..]);
        assert_eq!(last_readings(&pairs[..3], 0), pairs[..3]);
    }

    #[test]
    fn the_last_items_are_found_though_one_is_out_of_order() {
        assert_eq!(tail(&[1, 2, 9, 3, 8], |&it| it > 7), [9, 8]);
        assert!(tail(&[1, 2], |&it| it > 7).is_empty());
    }
}
