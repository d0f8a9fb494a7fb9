//! What rows of several tables refer to: category, correlation, arguments and counts.

use serde::Deserialize;

use super::set::{About, Rocpd};
use crate::ArgValue;
use crate::interchange::recording::rocm::count;
use crate::interchange::sqlite::sheet::Sheet;
use crate::stream::Progress;

/// What a marker's event says beside.
#[derive(Debug, Deserialize)]
struct Beside {
    message: String,
}

impl Sheet<'_, Rocpd> {
    /// Reads the events of the set and what belongs to each.
    pub(super) fn events(&mut self, progress: Progress<'_>) {
        let columns = ["id", "category_id", "stack_id", "extdata"];
        self.rows("rocpd_event", &columns, progress, |sheet, cells| {
            let Some(id) = cells.int(0) else { return };
            let set = &sheet.own.set;
            let categories = if set.categories.is_empty() { &set.strings } else { &set.categories };
            let category = cells.int(1).and_then(|id| categories.get(&id)).copied();
            let is_marker = category.is_some_and(|category| sheet.is_marker(category));
            let beside = cells.text(3).filter(|_| is_marker);
            let beside = beside.and_then(|text| serde_json::from_str::<Beside>(&text).ok());
            let message = beside.map(|it| sheet.recording.collect.names.number(&it.message));
            let correlation = cells.int(2).filter(|&id| id != 0);
            sheet.own.set.events.insert(id, About { category, correlation, message });
        });
        self.rows("rocpd_arg", &["event_id", "name", "value"], progress, |sheet, cells| {
            if let (Some(event), Some(name), Some(value)) =
                (cells.int(0), cells.text(1), cells.text(2))
            {
                let names = &mut sheet.recording.collect.names;
                let argument = (event, names.number(&name), names.number(&value));
                sheet.own.set.arguments.push(argument);
            }
        });
        // Stable, so that the arguments of an event stay in their order.
        self.own.set.arguments.sort_by_key(|&(event, ..)| event);
        self.rows("rocpd_pmc_event", &["event_id", "pmc_id", "value"], progress, |sheet, cells| {
            match (cells.int(0), cells.int(1), cells.real(2)) {
                (Some(event), Some(counter), Some(value)) => {
                    sheet.own.set.counts.push((event, counter, value));
                }
                _ => sheet
                    .recording
                    .tally
                    .lost_where("counts without event, counter or value", String::new),
            }
        });
        self.own.set.counts.sort_by_key(|&(event, ..)| event);
    }

    /// Whether a category is of what programs say themselves (roctx).
    pub(super) fn is_marker(&self, category: u32) -> bool {
        self.recording.collect.names.get(category).starts_with("MARKER")
    }

    /// Adds what belongs to an event to the arguments of a slice.
    pub(super) fn add_arguments(&mut self, event: Option<i64>, args: &mut Vec<(String, ArgValue)>) {
        let Some(event) = event else { return };
        let (set, names) = (&mut self.own.set, &self.recording.collect.names);
        for &(_, name, value) in of_event(&set.arguments, event, |it| it.0) {
            args.push((names.get(name).to_owned(), ArgValue::Text(names.get(value).to_owned())));
        }
        let counts = of_event(&set.counts, event, |it| it.0);
        for (_, counter, value) in counts {
            let name = set.counters.get(counter).map(|counter| counter.name.clone());
            args.push((name.unwrap_or_else(|| format!("counter {counter}")), count(*value)));
        }
        set.counts_used += counts.len() as u64;
    }

    /// Counts what belonged to nothing, at the end of a set.
    pub(super) fn end(&mut self) {
        let set = &self.own.set;
        let unused = set.counts.len() as u64 - set.counts_used.min(set.counts.len() as u64);
        self.recording.tally.diagnostics.count("counts of events that are not in the file", unused);
    }
}

/// Those of one event, of a list that is sorted by events.
pub(super) fn of_event<T>(list: &[T], event: i64, event_of: impl Fn(&T) -> i64) -> &[T] {
    let start = list.partition_point(|it| event_of(it) < event);
    let end = start + list[start..].partition_point(|it| event_of(it) == event);
    &list[start..end]
}
