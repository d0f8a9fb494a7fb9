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
        let num_before = self.events.len();
        self.events.extend(later.events.into_iter().map(here));
        settle(&mut self.events, num_before);
        self.halves.extend(later.halves.into_iter().map(|mut half| {
            half.event = here(half.event);
            half.told_on = rows.row(half.told_on);
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

/// Earlier events that are looked at for those that belong behind the first of a later stretch.
const MOST_OVERLAP: usize = 64;

/// Puts the ends of two stretches in order where they overlap little, as those of one recording do, and leaves the rest
/// for when all is there: events of the whole are then nearly in order, or in long runs.
fn settle(events: &mut [Event], at: usize) {
    let (before, after) = events.split_at(at);
    let (Some(last), Some(first)) = (before.last(), after.first()) else { return };
    let is_behind = |event: &&Event| event.order() > first.order();
    let overlap = before.iter().rev().take(MOST_OVERLAP).take_while(is_behind).count();
    if overlap < MOST_OVERLAP {
        let end = at + after.partition_point(|event| event.order() < last.order());
        events[at - overlap..end].sort_by_key(Event::order);
    }
}
