//! Events of other tools' files, each as it is met.

use super::arguments::Arguments;
use super::ids::id_of;
use crate::interchange::chrome::event::{self, RawEvent};
use crate::interchange::foreign::{
    Arrow, ArrowId, Class, Collect, Event, FlowPoint, HalfEvent, RowKey, Series, class_of,
};
use crate::interchange::json::Value;
use crate::interchange::tally::Tally;

/// Takes events into a [`Collect`].
#[derive(Clone, Debug, Default)]
pub(crate) struct OthersRead {
    collect: Collect,
}

/// Durations above this (30 days) are taken for the underflow of an unsigned subtraction.
const MAX_DURATION_NS: i64 = 30 * 24 * 3600 * 1_000_000_000;
const TOO_LONG: &str = "durations over 30 days, taken for overflow";

impl OthersRead {
    /// Everything that was taken.
    pub(crate) fn finish(self) -> Collect {
        self.collect
    }

    /// Puts what was taken in order of time, as far as that can be done before all is known.
    pub(crate) fn sort(&mut self) {
        self.collect.events.sort_by_key(Event::order);
    }

    /// Takes in what a later stretch of the text held.
    pub(crate) fn append(&mut self, later: Self) {
        self.collect.append(later.collect);
    }

    /// Takes in one event or counts why not.
    pub(crate) fn take(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) {
        match event.phase {
            0 => tally.lost("events without ph", at),
            b'M' => self.metadata(event),
            phase => match event.ts.as_ref().map(event::ns) {
                None => tally.lost("events without ts", at),
                Some(None) => tally.lost("events whose ts is no time", at),
                Some(Some(ts)) => match phase {
                    b'X' => self.complete(event, ts, at, tally),
                    b'B' | b'b' => self.half(event, ts),
                    b'E' | b'e' => {
                        self.half(event, ts);
                        if !event.args.is_empty() {
                            tally.lost("end events whose arguments are not kept", at);
                        }
                    }
                    b'i' | b'I' | b'R' | b'n' => self.instant(event, ts),
                    b's' | b't' | b'f' => self.flow(event, ts),
                    b'C' => self.counter(event, ts, at, tally),
                    other => {
                        let cause = format!("events of kind \"{}\", not read", char::from(other));
                        tally.lost(&cause, at);
                    }
                },
            },
        }
    }

    fn complete(&mut self, event: &RawEvent<'_>, start_ns: i64, at: u64, tally: &mut Tally) {
        let dur_ns = match event.dur.as_ref().map(event::ns) {
            Some(Some(dur)) => dur,
            Some(None) => {
                let too_long = matches!(event.dur, Some(Value::Number(_)));
                tally.lost(if too_long { TOO_LONG } else { "durations that are no time" }, at);
                return;
            }
            None => {
                tally.lost("complete events without dur", at);
                return;
            }
        };
        if dur_ns < 0 {
            tally.lost("events of negative duration", at);
            return;
        }
        let Some(end_ns) = start_ns.checked_add(dur_ns).filter(|_| dur_ns <= MAX_DURATION_NS)
        else {
            tally.lost(TOO_LONG, at);
            return;
        };
        let event = self.slice(event, start_ns, end_ns);
        self.collect.events.push(event);
    }

    /// One end of a slice. By the format an `E` ends what began last on its thread, whatever else it says or leaves out;
    /// an `e` what has its category and id.
    fn half(&mut self, event: &RawEvent<'_>, at_ns: i64) {
        let is_async = matches!(event.phase, b'b' | b'e');
        let told_on = if is_async { self.async_row(event) } else { self.thread_row(event) };
        let begins = matches!(event.phase, b'B' | b'b');
        if !begins {
            let event = Event::at(at_ns, told_on, Class::Untold);
            self.collect.halves.push(HalfEvent { event, told_on, begins });
            return;
        }
        let mut slice = self.slice(event, at_ns, at_ns);
        if is_async {
            if slice.class == Class::Untold {
                slice.class = Class::Host;
            }
            slice.row = told_on;
        }
        self.collect.halves.push(HalfEvent { event: slice, told_on, begins });
    }

    fn instant(&mut self, event: &RawEvent<'_>, at_ns: i64) {
        let mut slice = self.slice(event, at_ns, at_ns);
        if matches!(event.scope, b'g' | b'p') {
            slice.class = Class::GlobalInstant;
        } else if matches!(slice.class, Class::Host | Class::Call | Class::Untold) {
            slice.class = Class::HostMark;
        }
        self.collect.events.push(slice);
    }

    fn flow(&mut self, event: &RawEvent<'_>, at_ns: i64) {
        let arrow = self.arrow(event);
        let is_launch = matches!(event.category.as_deref(), Some("ac2g" | "async_cpu_to_gpu"));
        let row = self.thread_row(event);
        self.collect.flows.push(FlowPoint { arrow, is_launch, phase: event.phase, at_ns, row });
    }

    fn counter(&mut self, event: &RawEvent<'_>, at_ns: i64, at: u64, tally: &mut Tally) {
        let pid = self.process(event);
        let name = event.name.as_deref().unwrap_or("counter");
        let mut samples: Vec<(String, f64)> = Vec::new();
        let mut unusable = 0;
        for (key, value) in &event.args {
            let number = match value {
                Value::Number(text) => text.parse::<f64>().ok(),
                Value::Text(text) => text.parse::<f64>().ok(),
                Value::Word(_) | Value::Nested(_) => None,
            };
            match number.filter(|number| number.is_finite()) {
                Some(number) => samples.push((key.clone().into_owned(), number)),
                None => unusable += 1,
            }
        }
        for (key, value) in samples {
            let key = if key == "value" { String::new() } else { key };
            self.collect.sample(Series { pid, name: name.to_owned(), key }, at_ns, value);
        }
        for _ in 0..unusable {
            tally.lost("counter values that are no number", at);
        }
    }

    fn metadata(&mut self, event: &RawEvent<'_>) {
        let key = match event.name.as_deref().unwrap_or_default() {
            "process_name" | "thread_name" => "name",
            "process_labels" => "labels",
            // Sort orders of other viewers; nothing of the recording.
            _ => return,
        };
        let Some(name) = event.arg(key).cloned().and_then(event::text) else { return };
        let name = name.trim().to_owned();
        let pid = self.process(event);
        match event.name.as_deref() {
            Some("process_name") => _ = self.collect.process_names.insert(pid, name),
            Some("process_labels") => self.collect.label_process(pid, name),
            _ => {
                let tid = self.id(event.tid.as_ref());
                self.collect.thread_names.insert((pid, tid), name);
            }
        }
    }

    /// The common part of everything that becomes a slice; stores the arguments.
    fn slice(&mut self, event: &RawEvent<'_>, start_ns: i64, end_ns: i64) -> Event {
        let category = event.category.as_deref().unwrap_or_default();
        let (args, told) = Arguments::take(&mut self.collect, event, category);
        let class = class_of(category, told.told);
        let row = if class.is_gpu_op() {
            let pid = self.process(event);
            let tid = self.id(event.tid.as_ref());
            let stream = told.stream.unwrap_or(tid);
            let device = told.device;
            self.collect.rows.stream(RowKey::Stream { pid, device, stream }, tid)
        } else {
            self.thread_row(event)
        };
        let name = self.collect.names.number(event.name.as_deref().unwrap_or("(no name)"));
        let item = told.correlation.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        Event { start_ns, end_ns, name, args, item, row, class }
    }

    /// What an arrow or asynchronous event is matched by.
    fn arrow(&mut self, event: &RawEvent<'_>) -> Arrow {
        let names = &mut self.collect.names;
        let category = names.number(event.category.as_deref().unwrap_or_default());
        let name = names.number(event.name.as_deref().unwrap_or_default());
        let id = match event.id.as_ref().map(|id| (event::int(id), id)) {
            Some((Some(id), _)) => ArrowId::Int(id),
            Some((None, id)) => {
                let text = event::text(id.clone()).unwrap_or_default();
                ArrowId::Text(names.number(&text))
            }
            None => ArrowId::Missing,
        };
        Arrow { category, name, id }
    }

    /// Where asynchronous events of one category and id stand.
    fn async_row(&mut self, event: &RawEvent<'_>) -> u32 {
        let pid = self.process(event);
        let Arrow { category, id, .. } = self.arrow(event);
        let group = self.collect.rows.group(category, id);
        self.collect.rows.id(RowKey::Async { pid, group })
    }

    fn thread_row(&mut self, event: &RawEvent<'_>) -> u32 {
        let pid = self.process(event);
        let tid = self.id(event.tid.as_ref());
        self.collect.rows.id(RowKey::Thread { pid, tid })
    }

    fn process(&mut self, event: &RawEvent<'_>) -> i64 {
        self.id(event.pid.as_ref())
    }

    fn id(&mut self, value: Option<&Value<'_>>) -> i64 {
        value.map_or(0, |value| id_of(&mut self.collect.rows, value))
    }
}
