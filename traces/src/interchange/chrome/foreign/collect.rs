//! First pass over a foreign file: events become compact records; nothing is decided that later text may change.
//!
//! 40 bytes an event plus its arguments. Ranks, names and rows are resolved in [`build`](super::build()), because
//! Kineto writes the names after the events.

use std::collections::{BTreeMap, HashMap};

use super::class::Class;
use super::dialect::{Told, class_of};
use super::intern::{Names, RowKey, Rows};
use crate::interchange::chrome::event::{self, CATEGORY_KEY, RawEvent};
use crate::interchange::chrome::own::modelled_by;
use crate::interchange::json::{Fault, Value};
use crate::interchange::tally::Tally;
use crate::model::BorrowedValue;
use crate::{ArgStore, ArgsId};

/// A slice to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Event {
    pub(crate) start_ns: i64,
    pub(crate) end_ns: i64,
    pub(crate) name: u32,
    pub(crate) args: ArgsId,
    /// Correlation id.
    pub(crate) item: u32,
    pub(crate) row: u32,
    pub(crate) class: Class,
}

impl Event {
    /// A point in time on a row, without a name.
    pub(crate) fn at(at_ns: i64, row: u32, class: Class) -> Self {
        let (start_ns, end_ns) = (at_ns, at_ns);
        Self { start_ns, end_ns, name: 0, args: ArgsId::NONE, item: 0, row, class }
    }
}

/// One end of a `B`/`E` or `b`/`e` pair.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HalfEvent {
    pub(crate) event: Event,
    pub(crate) begins: bool,
}

/// One point of an arrow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowPoint {
    /// Category, name and id, interned.
    pub(crate) arrow: u32,
    pub(crate) is_launch: bool,
    /// `s`, `t` or `f`.
    pub(crate) phase: u8,
    pub(crate) at_ns: i64,
    pub(crate) row: u32,
}

/// What tells counters apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Series {
    pub(crate) pid: i64,
    pub(crate) name: String,
    /// The argument that holds the value, often its unit; empty for the usual `value`.
    pub(crate) key: String,
}

/// Samples of one counter.
#[derive(Debug, Default)]
pub(crate) struct Samples {
    pub(crate) at_ns: Vec<i64>,
    pub(crate) value: Vec<f64>,
}

/// Everything usable of a foreign file.
#[derive(Debug, Default)]
pub(crate) struct Collect {
    pub(crate) names: Names,
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
    /// Arrows and asynchronous rows by category, name and id.
    arrows: HashMap<(u32, u32, i64), u32>,
    /// Scratch for one event's arguments.
    scratch: Scratch,
}

#[derive(Debug, Default)]
struct Scratch {
    device: Option<i64>,
    stream: Option<i64>,
    correlation: Option<i64>,
    from_device: Option<i64>,
    to_device: Option<i64>,
    told: Told,
}

/// Labels kept of a process.
const MAX_LABELS: usize = 8;

/// Durations above this (30 days) are taken for the underflow of an unsigned subtraction.
const MAX_DURATION_NS: i64 = 30 * 24 * 3600 * 1_000_000_000;
const TOO_LONG: &str = "durations over 30 days, taken for overflow";

impl Collect {
    /// Takes in one event or counts why not.
    pub(in crate::interchange::chrome) fn take(
        &mut self,
        event: &RawEvent<'_>,
        at: u64,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        match event.phase {
            0 => tally.lost("events without ph", at),
            b'M' => self.metadata(event),
            phase => match event.ts.as_ref().map(event::ns) {
                None => tally.lost("events without ts", at),
                Some(None) => tally.lost("events whose ts is no time", at),
                Some(Some(ts)) => match phase {
                    b'X' => self.complete(event, ts, at, tally)?,
                    b'B' | b'b' => self.half(event, ts)?,
                    b'E' | b'e' => {
                        self.half(event, ts)?;
                        let mut has_args = false;
                        event.for_each_arg(|_, _| has_args = true)?;
                        if has_args {
                            tally.lost("end events whose arguments are not kept", at);
                        }
                    }
                    b'i' | b'I' | b'R' | b'n' => self.instant(event, ts)?,
                    b's' | b't' | b'f' => self.flow(event, ts),
                    b'C' => self.counter(event, ts, at, tally)?,
                    other => {
                        let cause = format!("events of kind \"{}\", not read", char::from(other));
                        tally.lost(&cause, at);
                    }
                },
            },
        }
        Ok(())
    }

    fn complete(
        &mut self,
        event: &RawEvent<'_>,
        start_ns: i64,
        at: u64,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let dur_ns = match event.dur.as_ref().map(event::ns) {
            Some(Some(dur)) => dur,
            Some(None) => {
                let too_long = matches!(event.dur, Some(Value::Number(_)));
                tally.lost(if too_long { TOO_LONG } else { "durations that are no time" }, at);
                return Ok(());
            }
            None => {
                tally.lost("complete events without dur", at);
                return Ok(());
            }
        };
        if dur_ns < 0 {
            tally.lost("events of negative duration", at);
            return Ok(());
        }
        let Some(end_ns) = start_ns.checked_add(dur_ns).filter(|_| dur_ns <= MAX_DURATION_NS)
        else {
            tally.lost(TOO_LONG, at);
            return Ok(());
        };
        let event = self.slice(event, start_ns, end_ns)?;
        self.events.push(event);
        Ok(())
    }

    fn half(&mut self, event: &RawEvent<'_>, at_ns: i64) -> Result<(), Fault> {
        let begins = matches!(event.phase, b'B' | b'b');
        let mut slice = self.slice(event, at_ns, at_ns)?;
        if matches!(event.phase, b'b' | b'e') {
            if slice.class == Class::Untold {
                slice.class = Class::Host;
            }
            let pid = self.process(event);
            let group = i64::from(self.arrow(event, false));
            slice.row = self.rows.id(RowKey::Async { pid, group });
        }
        self.halves.push(HalfEvent { event: slice, begins });
        Ok(())
    }

    fn instant(&mut self, event: &RawEvent<'_>, at_ns: i64) -> Result<(), Fault> {
        let mut slice = self.slice(event, at_ns, at_ns)?;
        if matches!(event.scope, b'g' | b'p') {
            slice.class = Class::GlobalInstant;
        } else if matches!(slice.class, Class::Host | Class::Untold) {
            slice.class = Class::HostMark;
        }
        self.events.push(slice);
        Ok(())
    }

    fn flow(&mut self, event: &RawEvent<'_>, at_ns: i64) {
        let arrow = self.arrow(event, true);
        let is_launch = matches!(event.category.as_deref(), Some("ac2g" | "async_cpu_to_gpu"));
        let row = self.thread_row(event);
        self.flows.push(FlowPoint { arrow, is_launch, phase: event.phase, at_ns, row });
    }

    fn counter(
        &mut self,
        event: &RawEvent<'_>,
        at_ns: i64,
        at: u64,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        let pid = self.process(event);
        let name = event.name.as_deref().unwrap_or("counter");
        let mut samples: Vec<(String, f64)> = Vec::new();
        let mut unusable = 0;
        event.for_each_arg(|key, value| {
            let number = match &value {
                Value::Number(text) => text.parse::<f64>().ok(),
                Value::Text(text) => text.parse::<f64>().ok(),
                Value::Word(_) | Value::Nested(_) => None,
            };
            match number.filter(|number| number.is_finite()) {
                Some(number) => samples.push((key.into_owned(), number)),
                None => unusable += 1,
            }
        })?;
        for (key, value) in samples {
            let key = if key == "value" { String::new() } else { key };
            self.sample(Series { pid, name: name.to_owned(), key }, at_ns, value);
        }
        for _ in 0..unusable {
            tally.lost("counter values that are no number", at);
        }
        Ok(())
    }

    /// One more value of a counter.
    pub(crate) fn sample(&mut self, series: Series, at_ns: i64, value: f64) {
        let counters = &mut self.counters;
        let index = *self.counter_index.entry(series).or_insert_with_key(|series| {
            counters.push((series.clone(), Samples::default()));
            counters.len() - 1
        });
        let samples = &mut counters[index].1;
        samples.at_ns.push(at_ns);
        samples.value.push(value);
    }

    fn metadata(&mut self, event: &RawEvent<'_>) {
        let key = match event.name.as_deref().unwrap_or_default() {
            "process_name" | "thread_name" => "name",
            "process_labels" => "labels",
            // Sort orders of other viewers; nothing of the recording.
            _ => return,
        };
        let Some(name) = event.arg(key).and_then(event::text) else { return };
        let name = name.trim().to_owned();
        let pid = self.process(event);
        match event.name.as_deref() {
            Some("process_name") => _ = self.process_names.insert(pid, name),
            Some("process_labels") => {
                let labels = self.process_labels.entry(pid).or_default();
                if labels.len() < MAX_LABELS && !labels.contains(&name) {
                    labels.push(name);
                }
            }
            _ => {
                let tid = self.id(event.tid.as_ref());
                self.thread_names.insert((pid, tid), name);
            }
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

    /// All that a process is called: by its name, its id where that is a text, its labels.
    pub(crate) fn names_of_process(&self, pid: i64) -> Vec<&str> {
        let name = self.process_names.get(&pid).map(String::as_str);
        let labels = self.process_labels.get(&pid).into_iter().flatten().map(String::as_str);
        let names = name.into_iter().chain(self.rows.text_of_id(pid)).chain(labels);
        names.filter(|name| !name.is_empty()).collect()
    }

    /// The common part of everything that becomes a slice; stores the arguments.
    fn slice(&mut self, event: &RawEvent<'_>, start_ns: i64, end_ns: i64) -> Result<Event, Fault> {
        let category = event.category.as_deref().unwrap_or_default();
        let args = self.arguments(event, category)?;
        let class = class_of(category, self.scratch.told);
        let row = if class.is_gpu_op() {
            let pid = self.process(event);
            let tid = self.id(event.tid.as_ref());
            let stream = self.scratch.stream.unwrap_or(tid);
            let device = self.scratch.device;
            self.rows.stream(RowKey::Stream { pid, device, stream }, tid)
        } else {
            self.thread_row(event)
        };
        let name = self.names.id(event.name.as_deref().unwrap_or("(no name)"));
        let item = self.scratch.correlation.and_then(|id| u32::try_from(id).ok()).unwrap_or(0);
        Ok(Event { start_ns, end_ns, name, args, item, row, class })
    }

    /// Stores the arguments; host events also keep their category, which the model has no place for.
    fn arguments(&mut self, event: &RawEvent<'_>, category: &str) -> Result<ArgsId, Fault> {
        self.scratch = Scratch::default();
        let scratch = &mut self.scratch;
        let (args, rows) = (&mut self.args, &mut self.rows);
        let is_graph = event.name.as_deref().is_some_and(|name| name.starts_with("Graph "));
        let mut has_category = false;
        let whole = event.for_each_arg(|key, value| {
            match key.as_ref() {
                "device" => {
                    scratch.device = is_some(&value).then(|| rows.id_of(&value));
                    scratch.told.device = scratch.device.is_some();
                }
                "stream" => {
                    scratch.stream = is_some(&value).then(|| rows.id_of(&value));
                    scratch.told.stream = scratch.stream.is_some() && !is_negative(&value);
                }
                "fromDevice" | "srcDevice" | "src_device" | "src device" | "src_agent_id" => {
                    scratch.from_device = event::int(&value);
                }
                "toDevice" | "dstDevice" | "dst_device" | "dst device" | "dst_agent_id" => {
                    scratch.to_device = event::int(&value);
                }
                "TS1" => scratch.told.stamps = true,
                "desc" => {
                    let frame =
                        matches!(&value, Value::Text(text) if text.starts_with("UserMarker frame"));
                    scratch.told.spans_ops |= frame;
                }
                "kernels" => scratch.told.spans_ops |= is_graph,
                "correlation" => scratch.correlation = event::int(&value),
                CATEGORY_KEY => has_category = true,
                _ => {}
            }
            event::store(args, &key, &value);
        });
        if let Err(fault) = whole {
            args.abandon_row();
            return Err(fault);
        }
        scratch.told.crosses =
            matches!((scratch.from_device, scratch.to_device), (Some(a), Some(b)) if a != b);
        let is_gpu =
            matches!(category, "kernel" | "gpu_memcpy" | "gpu_memset" | "gpu_user_annotation");
        if !is_gpu && !category.is_empty() && !has_category {
            args.add(CATEGORY_KEY, BorrowedValue::Text(category));
        }
        Ok(args.end_row())
    }

    /// A number for what an arrow or asynchronous event is matched by.
    fn arrow(&mut self, event: &RawEvent<'_>, with_name: bool) -> u32 {
        let category = self.names.id(event.category.as_deref().unwrap_or_default());
        let name = if with_name { event.name.as_deref().unwrap_or_default() } else { "" };
        let name = self.names.id(name);
        let id = match event.id.as_ref().map(|id| (event::int(id), id)) {
            Some((Some(id), _)) => id,
            // Texts are numbered far from where numbers are.
            Some((None, id)) => {
                let text = event::text(id.clone()).unwrap_or_default();
                i64::MIN + i64::from(self.names.id(&text))
            }
            None => i64::MIN,
        };
        let next = self.arrows.len() as u32;
        *self.arrows.entry((category, name, id)).or_insert(next)
    }

    fn thread_row(&mut self, event: &RawEvent<'_>) -> u32 {
        let pid = self.process(event);
        let tid = self.id(event.tid.as_ref());
        self.rows.id(RowKey::Thread { pid, tid })
    }

    fn process(&mut self, event: &RawEvent<'_>) -> i64 {
        self.id(event.pid.as_ref())
    }

    fn id(&mut self, value: Option<&Value<'_>>) -> i64 {
        value.map_or(0, |value| self.rows.id_of(value))
    }
}

/// Not `null`.
fn is_some(value: &Value<'_>) -> bool {
    !matches!(value, Value::Word("null"))
}

/// Minus something, which as a stream or a device is none.
fn is_negative(value: &Value<'_>) -> bool {
    matches!(event::int(value), Some(id) if id < 0)
}
