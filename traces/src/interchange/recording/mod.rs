//! A profiler's recording while it is read: slices, what launched what, and which ranges number iterations.
//!
//! What the readers of profilers' own formats have in common; each tells apart in its own way whose a record is.

mod launches;
pub(crate) mod rocm;
mod steps;

use std::fmt::Display;

use hashbrown::HashSet;

use launches::Joined;
pub(crate) use launches::Launches;
use steps::Steps;

use crate::interchange::foreign::{Arrow, Class, Collect, Event, FlowPoint, Header, RowKey, build};
use crate::interchange::tally::Tally;
use crate::model::BorrowedValue;
use crate::{ArgValue, OpenOptions, Trace};

/// What has been read so far.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) collect: Collect,
    pub(crate) header: Header,
    pub(crate) tally: Tally,
    pub(crate) launches: Launches,
    steps: Steps,
    /// Numbers of processes that are taken.
    pids: HashSet<i64>,
}

impl Recording {
    /// The span of a record with a start and an end; counts why it has none.
    pub(crate) fn span(
        &mut self,
        records: impl Display,
        start_ns: Option<i64>,
        end_ns: Option<i64>,
    ) -> Option<(i64, i64)> {
        match (start_ns, end_ns) {
            (Some(start), Some(end)) if end >= start => return Some((start, end)),
            (Some(start), Some(_)) => {
                let cause = format!("{records} that end before they start");
                self.tally.lost_where(&cause, || format!("at {start} ns"));
            }
            (start, _) => {
                let cause = format!("{records} without start or end");
                let place =
                    start.map_or("has neither".to_owned(), |at| format!("starts at {at} ns"));
                self.tally.lost_where(&cause, || place);
            }
        }
        None
    }

    /// Takes in a slice; row and name as they are numbered in [`Collect`].
    pub(crate) fn push(
        &mut self,
        (start_ns, end_ns): (i64, i64),
        (row, name): (u32, u32),
        class: Class,
        args: &[(&str, ArgValue)],
        correlation: Option<i64>,
    ) {
        let args = args.iter().map(|(key, value)| (*key, value.borrowed()));
        self.push_borrowed((start_ns, end_ns), (row, name), class, args, correlation);
    }

    /// The same with arguments whose texts lie elsewhere.
    pub(crate) fn push_borrowed<'a>(
        &mut self,
        (start_ns, end_ns): (i64, i64),
        (row, name): (u32, u32),
        class: Class,
        args: impl IntoIterator<Item = (&'a str, BorrowedValue<'a>)>,
        correlation: Option<i64>,
    ) {
        for (key, value) in args {
            self.collect.args.add(key, value);
        }
        let args = self.collect.args.end_row();
        let item = correlation.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        self.collect.events.push(Event { start_ns, end_ns, name, args, item, row, class });
    }

    /// A number for a process that no other has: its own where it can be.
    pub(crate) fn process(&mut self, pid: i64, host: Option<&str>) -> i64 {
        let rows = &mut self.collect.rows;
        let mut number = rows.id_of_int(pid);
        if self.pids.contains(&number) {
            number = rows.id_of_text(&format!("{pid} on {}", host.unwrap_or("another machine")));
        }
        let mut turn = 2;
        while !self.pids.insert(number) {
            number = rows.id_of_text(&format!("{pid}, recording {turn}"));
            turn += 1;
        }
        number
    }

    /// A range of the host, which may number an iteration.
    pub(crate) fn range(&mut self, pid: i64, name: &str, range: (i64, i64)) {
        self.steps.range(pid, name, range);
    }

    /// The trace of all that was read.
    ///
    /// # Errors
    /// What was lost, when nothing usable is left.
    pub(crate) fn build(mut self, options: &OpenOptions) -> Result<Trace, String> {
        let launches = std::mem::take(&mut self.launches).join();
        self.launch_arrows(&launches);
        self.iterations(&launches);
        drop(launches);
        build(self.collect, &self.header, options, &mut self.tally)
            .ok_or_else(|| self.tally.summary())
    }

    /// Draws an arrow from every call to the work that it launched.
    fn launch_arrows(&mut self, launches: &Joined) {
        let flows = &mut self.collect.flows;
        let mut without_call = 0;
        for (number, (call, works)) in (0..).zip(launches.iter()) {
            let Some(call) = call else {
                without_call += works.len() as u64;
                continue;
            };
            let mut point = |phase: u8, at_ns: i64, row: u32| {
                let arrow = Arrow::number(number);
                flows.push(FlowPoint { arrow, is_launch: true, phase, at_ns, row });
            };
            point(b's', call.start_ns, call.row);
            works.iter().for_each(|work| point(b'f', work.span.0, work.row));
        }
        let cause = "GPU work whose launch is not in the file";
        self.tally.diagnostics.remark(cause, without_call);
    }

    /// Marks the iterations of every process.
    fn iterations(&mut self, launches: &Joined) {
        let steps = std::mem::take(&mut self.steps);
        let rows = &self.collect.rows;
        let process_of_row = |row: u32| rows.keys[row as usize].pid();
        for step in steps.on_gpu(launches, process_of_row) {
            let row = self.collect.rows.id(RowKey::Thread { pid: step.pid, tid: -1 });
            let name = self.collect.names.number(&step.name);
            self.push(step.span, (row, name), Class::Step, &[], None);
        }
    }
}
