//! Reading a file of ours: every event says its label and its lane in its arguments.
//!
//! The description stands in the object `weftscope` before `traceEvents`. Each event carries, as the first argument after
//! the slice's own, `"weft": label` (an argument of the slice's own of that name is written `weft~`); what follows it is
//! derived from the label and the track and is there for other tools. Events with `"weft": -1` are wholly derived
//! (iteration marks repeated for other tools) and are skipped.

use hashbrown::HashMap;

use super::event::{self, RawEvent};
use crate::interchange::json::Value;
use crate::interchange::own::{NO_ENDS, Own, OwnBuild, RowId};
use crate::interchange::tally::Tally;
use crate::model::is_time;
use crate::{FlowKind, LaneId, SliceRef, Span, Trace};

/// The argument that says which label an event has.
pub(super) const LABEL_KEY: &str = "weft";
/// Value of [`LABEL_KEY`] in events that repeat what others say.
pub(super) const DERIVED: i64 = -1;

/// A trace of ours, as far as it is read.
#[derive(Debug)]
pub(super) struct OwnRead {
    build: OwnBuild,
    /// First series of each process, name and unit.
    counter_index: HashMap<(u32, String, String), usize>,
    starts: HashMap<String, Option<SliceRef>>,
}

/// The key of an argument as it was before it was told from ours.
fn own_key(key: &str) -> &str {
    match key.strip_prefix(LABEL_KEY).and_then(|rest| rest.strip_suffix('~')) {
        Some(rest) if rest.bytes().all(|byte| byte == b'~') => &key[..key.len() - 1],
        _ => key,
    }
}

/// What the arguments after the slice's own say.
#[derive(Debug, Default)]
struct Derived {
    label: Option<i64>,
    lane: u32,
    item: u32,
}

impl OwnRead {
    /// Declares everything the description lists.
    ///
    /// # Errors
    /// In words, when the description is of another version or points nowhere.
    pub(super) fn new(own: Own) -> Result<Self, String> {
        let mut counter_index = HashMap::new();
        for (index, counter) in own.counters.iter().enumerate() {
            let key = (counter.pid, counter.name.clone(), counter.unit.clone());
            counter_index.entry(key).or_insert(index);
        }
        let build = OwnBuild::new(own)?;
        Ok(Self { build, counter_index, starts: HashMap::new() })
    }

    /// Takes in one event or counts why not.
    pub(super) fn take(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) {
        match event.phase {
            b'X' | b'i' => self.slice(event, at, tally),
            b'C' => self.sample(event, at, tally),
            b's' | b'f' => self.flow(event, at, tally),
            b'M' => {}
            _ => tally.lost("events that Weftscope did not write", at),
        }
    }

    fn slice(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) {
        let mut derived = Derived::default();
        let args = self.build.args_mut();
        for (key, value) in &event.args {
            if derived.label.is_none() && key != LABEL_KEY {
                event::store(args, own_key(key), value);
                continue;
            }
            let int = || event::int(value);
            match key.as_ref() {
                LABEL_KEY => derived.label = int(),
                "lane" => derived.lane = int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                "item" | "block" => {
                    derived.item = int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                }
                _ => {}
            }
        }
        if derived.label == Some(DERIVED) {
            self.build.args_mut().abandon_row();
            return;
        }
        let label = derived.label.and_then(|label| self.build.label(label));
        let start = self.time(event);
        let dur = match &event.dur {
            Some(dur) => event::ns(dur).filter(|&dur| dur >= 0),
            None if event.phase == b'i' => Some(0),
            None => None,
        };
        let end = start.zip(dur).and_then(|(start, dur)| start.checked_add(dur));
        let end = end.filter(|&end_ns| is_time(end_ns));
        let lane = self.lane(event, derived.lane);
        let (Some(label), Some(start_ns), Some(end_ns), Some(lane)) = (label, start, end, lane)
        else {
            self.build.args_mut().abandon_row();
            tally.lost("events whose time, row or label is not the recording's", at);
            return;
        };
        let args = self.build.args_mut().end_row();
        let span = Span { start_ns, end_ns };
        self.build.slice(lane, span, label, (args, derived.item), (at, tally));
    }

    fn time(&self, event: &RawEvent<'_>) -> Option<i64> {
        self.build.time(event.ts.as_ref().and_then(event::ns)?)
    }

    fn row_id(event: &RawEvent<'_>) -> Option<RowId> {
        let id = |value: &Option<Value<'_>>| {
            value.as_ref().and_then(event::int).and_then(|id| u32::try_from(id).ok())
        };
        Some(RowId { pid: id(&event.pid)?, tid: id(&event.tid)? })
    }

    fn lane(&mut self, event: &RawEvent<'_>, lane: u32) -> Option<LaneId> {
        self.build.lane(Self::row_id(event)?, lane)
    }

    fn sample(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) {
        let pid = event.pid.as_ref().and_then(event::int).and_then(|pid| u32::try_from(pid).ok());
        let name = event.name.as_deref().unwrap_or_default();
        let at_ns = self.time(event);
        for (unit, value) in &event.args {
            let unit = if unit == "value" { String::new() } else { unit.clone().into_owned() };
            let number = match value {
                Value::Number(text) => text.parse::<f64>().ok(),
                _ => None,
            };
            let key = pid.map(|pid| (pid, name.to_owned(), unit));
            let series = key.and_then(|key| self.counter_index.get(&key).copied());
            let is_known = match (series, at_ns, number) {
                (Some(series), Some(at_ns), Some(number)) => {
                    self.build.sample(series, at_ns, number)
                }
                _ => false,
            };
            if !is_known {
                tally.lost("counter values that are not the recording's", at);
            }
        }
    }

    fn flow(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) {
        let int =
            |key| event.arg(key).and_then(event::int).and_then(|n: i64| u32::try_from(n).ok());
        let lane = self.lane(event, int("lane").unwrap_or(0));
        let here = lane.zip(int("index")).map(|(lane, index)| SliceRef { lane, index });
        let id = event.id.clone().and_then(event::text).unwrap_or_default().into_owned();
        if event.phase == b's' {
            self.starts.insert(id, here);
            return;
        }
        let kind = match event.category.as_deref() {
            Some("dependency") => FlowKind::Dependency,
            Some("ac2g") => FlowKind::Launch,
            _ => FlowKind::Imported,
        };
        match (self.starts.remove(&id).flatten(), here) {
            (Some(from), Some(to)) => self.build.flow(from, to, kind),
            _ => tally.lost(NO_ENDS, at),
        }
    }

    /// The trace; `None` when nothing could be used of what the file holds.
    pub(super) fn finish(mut self, tally: &mut Tally) -> Option<Trace> {
        for (id, _) in self.starts.drain() {
            tally.lost_where(NO_ENDS, || format!("is {id}"));
        }
        self.build.finish(tally)
    }
}
