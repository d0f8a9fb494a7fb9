//! Values over time, by counter and process.

use std::collections::HashMap;

use super::messages::GpuCounterEvent;
use super::tracks::Tracks;
use crate::interchange::chrome::foreign::{Collect, Samples, Series};

#[derive(Debug, Default)]
pub(super) struct Counters {
    series: HashMap<(i64, String), Samples>,
    /// In order of first appearance.
    order: Vec<(i64, String)>,
    /// Sums of counters that tell steps, by sequence and track.
    sums: HashMap<(u32, u64), f64>,
    /// Names of GPU counters.
    gpu_names: HashMap<u32, String>,
    /// GPUs of which there are counters, by the number of the series' process.
    gpus: HashMap<i64, i64>,
}

impl Counters {
    pub(super) fn add(&mut self, pid: i64, name: &str, at_ns: i64, value: f64) {
        let key = (pid, name.to_owned());
        if !self.series.contains_key(&key) {
            self.order.push(key.clone());
        }
        let samples = self.series.entry(key).or_default();
        samples.at_ns.push(at_ns);
        samples.value.push(value);
    }

    /// A value of a counter track.
    pub(super) fn of_track(
        &mut self,
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
        let name = unit.map_or(name.clone(), |unit| format!("{name} [{unit}]"));
        self.add(tracks.process(uuid), &name, at_ns, value * multiplier as f64);
    }

    /// Values of a GPU's counters.
    pub(super) fn of_gpu(&mut self, event: &GpuCounterEvent, at_ns: i64) {
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
                self.add(pid, &name, at_ns, value);
            }
        }
    }

    /// Hands over all series; a GPU's to the process that ran on it.
    pub(super) fn finish(mut self, collect: &mut Collect) {
        for key in self.order {
            let Some(samples) = self.series.remove(&key) else { continue };
            let gpu = self.gpus.get(&key.0);
            let pid = gpu.map_or(key.0, |&gpu| collect.process_on(gpu).unwrap_or(-1));
            let series = Series { pid, name: key.1, key: String::new() };
            collect.counters.push((series, samples));
        }
    }
}
