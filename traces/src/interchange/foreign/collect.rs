//! First pass over a foreign file: events become compact records; nothing is decided that later text may change.
//!
//! 40 bytes an event plus its arguments. Ranks, names and rows are resolved in [`build`](super::build()), because
//! most recorders write the names after the events.

use hashbrown::HashMap;
use std::collections::BTreeMap;

use super::records::{Event, FlowPoint, HalfEvent, Samples, Series};
use super::rows::{RowKey, Rows};
use crate::ArgStore;
use crate::interchange::modelled::modelled_by;
use crate::model::Texts;

/// Everything usable of a foreign file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Collect {
    pub(crate) names: Texts,
    pub(crate) rows: Rows,
    pub(crate) args: ArgStore,
    pub(crate) events: Vec<Event>,
    pub(crate) halves: Vec<HalfEvent>,
    pub(crate) flows: Vec<FlowPoint>,
    /// In order of first appearance.
    pub(crate) counters: Vec<(Series, Samples)>,
    counter_index: HashMap<Series, usize>,
    pub(crate) process_names: HashMap<i64, String>,
    /// What else processes are called.
    process_labels: HashMap<i64, Vec<String>>,
    pub(crate) thread_names: HashMap<(i64, i64), String>,
}

/// Labels kept of a process.
const MAX_LABELS: usize = 8;

impl Collect {
    /// One more value of a counter.
    pub(crate) fn sample(&mut self, series: Series, at_ns: i64, value: f64) {
        let samples = self.counter(series);
        samples.at_ns.push(at_ns);
        samples.value.push(value);
    }

    /// More values of a counter.
    pub(super) fn samples(&mut self, series: Series, more: Samples) {
        let samples = self.counter(series);
        samples.at_ns.extend(more.at_ns);
        samples.value.extend(more.value);
    }

    fn counter(&mut self, series: Series) -> &mut Samples {
        let counters = &mut self.counters;
        let index = *self.counter_index.entry(series).or_insert_with_key(|series| {
            counters.push((series.clone(), Samples::default()));
            counters.len() - 1
        });
        &mut counters[index].1
    }

    /// Every label with its process.
    pub(super) fn all_labels(&self) -> Vec<(i64, String)> {
        let of = |(&pid, labels): (&i64, &Vec<String>)| -> Vec<(i64, String)> {
            labels.iter().map(|label| (pid, label.clone())).collect()
        };
        self.process_labels.iter().flat_map(of).collect()
    }

    /// One more thing that a process is called.
    pub(crate) fn label_process(&mut self, pid: i64, label: String) {
        let labels = self.process_labels.entry(pid).or_default();
        if labels.len() < MAX_LABELS && !labels.contains(&label) {
            labels.push(label);
        }
    }

    /// The process that ran something on a device; the first, of several.
    pub(crate) fn process_on(&self, device: i64) -> Option<i64> {
        let mut keys = self.rows.keys.iter();
        keys.find_map(|key| match *key {
            RowKey::Stream { pid, device: Some(on), .. } if on == device => Some(pid),
            _ => None,
        })
    }

    /// Processes that are labelled as modelled, with the simulator.
    pub(crate) fn modelled(&self) -> BTreeMap<i64, String> {
        let source = |label: &String| modelled_by(label).map(str::to_owned);
        let of =
            |(&pid, labels): (&i64, &Vec<String>)| Some((pid, labels.iter().find_map(source)?));
        self.process_labels.iter().filter_map(of).collect()
    }

    /// Labels of processes but those that say that times are modelled.
    pub(crate) fn labels(&self) -> Vec<(i64, &str)> {
        let mut labels: Vec<(i64, &str)> = Vec::new();
        for (&pid, of_process) in &self.process_labels {
            let told = of_process.iter().filter(|label| modelled_by(label).is_none());
            labels.extend(told.map(|label| (pid, label.as_str())));
        }
        labels.sort_unstable();
        labels
    }

    /// All that a process is called: by its name, its id where that is a text, its labels.
    pub(crate) fn names_of_process(&self, pid: i64) -> Vec<&str> {
        let name = self.process_names.get(&pid).map(String::as_str);
        let labels = self.process_labels.get(&pid).into_iter().flatten().map(String::as_str);
        let names = name.into_iter().chain(self.rows.text_of_id(pid)).chain(labels);
        names.filter(|name| !name.is_empty()).collect()
    }
}
