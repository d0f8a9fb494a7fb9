//! Stretches of one file, each read by itself, become one collection.

use super::collect::Collect;
use super::records::{Arrow, Event, Series};
use crate::ArgsId;

impl Collect {
    /// Takes in what a later stretch of the same file held, as if it had been read here: whatever is numbered in order
    /// of first appearance has the same number as then.
    pub(crate) fn append(&mut self, later: Self) {
        let names: Vec<u32> = later.names.iter().map(|name| self.names.number(name)).collect();
        let name = |number: u32| names[number as usize];
        let rows = self.rows.append(&later.rows, name);
        let labels: Vec<(i64, String)> = later.all_labels();
        let first_args = self.args.append(later.args);
        let here = |event: Event| Event {
            name: name(event.name),
            row: rows.row(event.row),
            args: match event.args {
                ArgsId::NONE => ArgsId::NONE,
                ArgsId(row) => ArgsId(first_args + row),
            },
            ..event
        };
        self.events.extend(later.events.into_iter().map(here));
        self.halves.extend(later.halves.into_iter().map(|mut half| {
            half.event = here(half.event);
            half
        }));
        self.flows.extend(later.flows.into_iter().map(|mut point| {
            let Arrow { category, name: called, id } = point.arrow;
            point.arrow = Arrow { category: name(category), name: name(called), id: id.here(name) };
            point.row = rows.row(point.row);
            point
        }));
        for (series, samples) in later.counters {
            let series = Series { pid: rows.id(series.pid), ..series };
            self.samples(series, samples);
        }
        let processes = later.process_names.into_iter();
        self.process_names.extend(processes.map(|(pid, name)| (rows.id(pid), name)));
        let threads = later.thread_names.into_iter();
        self.thread_names
            .extend(threads.map(|((pid, tid), name)| ((rows.id(pid), rows.id(tid)), name)));
        for (pid, label) in labels {
            self.label_process(rows.id(pid), label);
        }
    }
}
