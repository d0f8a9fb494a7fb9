//! Values over time, by counter and process.

use hashbrown::HashMap;

use super::tracks::Tracks;
use crate::interchange::foreign::{Collect, Series};
use crate::interchange::perfetto::messages::GpuCounterEvent;

#[derive(Debug, Default)]
pub(super) struct Counters {
    /// Sums of counters that tell steps, by sequence and track.
    sums: HashMap<(u32, u64), f64>,
    /// Names of GPU counters.
    gpu_names: HashMap<u32, String>,
    /// GPUs of which there are counters, by the number of the series' process.
    gpus: HashMap<i64, i64>,
}

impl Counters {
    /// A value of a counter track.
    pub(super) fn of_track(
        &mut self,
        collect: &mut Collect,
        tracks: &Tracks,
        (sequence, uuid): (u32, u64),
        at_ns: i64,
        value: f64,
    ) {
        let (name, counter) = match tracks.counter(uuid) {
            Some((name, counter)) => (name.to_owned(), Some(counter)),
            None => (format!("counter {uuid}"), None),
        };
        let mut value = value;
        if counter.is_some_and(|it| it.is_incremental == Some(true)) {
            let sum = self.sums.entry((sequence, uuid)).or_default();
            *sum += value;
            value = *sum;
        }
        let multiplier = counter.and_then(|it| it.unit_multiplier).unwrap_or(1);
        let unit = counter.and_then(|it| match (&it.unit_name, it.unit) {
            (Some(name), _) => Some(name.clone()),
            (None, Some(1)) => Some("ns".to_owned()),
            (None, Some(3)) => Some("bytes".to_owned()),
            _ => None,
        });
        let series = Series { pid: tracks.process(uuid), name, key: unit.unwrap_or_default() };
        collect.sample(series, at_ns, value * multiplier as f64);
    }

    /// Values of a GPU's counters.
    pub(super) fn of_gpu(&mut self, collect: &mut Collect, event: &GpuCounterEvent, at_ns: i64) {
        for spec in event.counter_descriptor.iter().flat_map(|it| &it.specs) {
            self.gpu_names.extend(spec.counter_id.zip(spec.name.clone()));
        }
        let gpu = i64::from(event.gpu_id.unwrap_or(0));
        let pid = -2 - gpu;
        self.gpus.insert(pid, gpu);
        for counter in &event.counters {
            let id = counter.counter_id.unwrap_or(0);
            let name = self.gpu_names.get(&id).cloned().unwrap_or_else(|| format!("counter {id}"));
            let value = counter.double_value.or(counter.int_value.map(|value| value as f64));
            if let Some(value) = value {
                collect.sample(Series { pid, name, key: String::new() }, at_ns, value);
            }
        }
    }

    /// Gives a GPU's series to the process that ran on it.
    pub(super) fn finish(self, collect: &mut Collect) {
        for (pid, gpu) in self.gpus {
            let ran = collect.process_on(gpu).unwrap_or(-1);
            let of_gpu = collect.counters.iter_mut().filter(|(series, _)| series.pid == pid);
            of_gpu.for_each(|(series, _)| series.pid = ran);
        }
    }
}
