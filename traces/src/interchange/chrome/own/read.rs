//! Reading a file of ours: every event knows its lane and label, so slices go straight into their columns.

use std::collections::HashMap;

use super::format::{DERIVED, LABEL_KEY, OWN_VERSION, Own, OwnCounter, RowId};
use crate::interchange::chrome::event::{self, RawEvent};
use crate::interchange::json::{Fault, Value};
use crate::interchange::tally::Tally;
use crate::model::{FirstFree, is_time};
use crate::{
    CounterSeries, Flow, FlowKind, LabelId, LaneId, SliceRef, Span, Trace, TraceBuilder, TrackId,
};

/// A trace of ours, as far as it is read.
#[derive(Debug)]
pub(crate) struct OwnRead {
    out: TraceBuilder,
    num_labels: u32,
    /// Trace time of the file's ts 0.
    origin_ns: i64,
    rows: HashMap<RowId, RowLanes>,
    /// The row that the last event was on, because events come in runs.
    last_row: Option<(RowId, RowLanes)>,
    /// The declared lanes.
    lanes: Vec<Filled>,
    counters: Vec<CounterSeries>,
    /// First series of each process, name and unit.
    counter_index: HashMap<(u32, String, String), usize>,
    starts: HashMap<String, Option<SliceRef>>,
    flows: Vec<Flow>,
    /// Lanes added for slices that overlap others on their row.
    overflow: HashMap<TrackId, Overflow>,
    num_slices: u64,
}

/// The lanes that share a row.
#[derive(Clone, Copy, Debug)]
struct RowLanes {
    first: LaneId,
    num: u32,
}

/// How far a lane is filled.
#[derive(Clone, Copy, Debug)]
struct Filled {
    track: TrackId,
    end_ns: i64,
    num_slices: u32,
}

/// Lanes of a track that the file does not declare, and which of them are free.
#[derive(Debug, Default)]
struct Overflow {
    lanes: Vec<LaneId>,
    free: FirstFree,
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
    pub(crate) fn new(mut own: Own) -> Result<Self, String> {
        if !(1..=OWN_VERSION).contains(&own.version) {
            return Err(format!("it has version {}, this reads 1 to {OWN_VERSION}", own.version));
        }
        if own.version == 1 {
            own.meta.upgrade_from_v1();
        }
        let mut out = TraceBuilder::new(own.meta);
        *out.diagnostics_mut() = own.diagnostics;
        let mut rows: HashMap<RowId, RowLanes> = HashMap::new();
        let mut lanes = Vec::new();
        for (index, track) in own.tracks.into_iter().enumerate() {
            if track.parent.is_some_and(|parent| parent as usize >= index) {
                return Err(format!("track {index} comes before its parent"));
            }
            let id = out.track(track.parent.map(TrackId), track.name, track.kind);
            for row in track.rows {
                let lane = out.lane(id);
                rows.entry(row).or_insert(RowLanes { first: lane, num: 0 }).num += 1;
                lanes.push(Filled { track: id, end_ns: i64::MIN, num_slices: 0 });
            }
        }
        let num_labels = own.labels.len() as u32;
        for label in own.labels {
            out.label(label);
        }
        let mut counter_index = HashMap::new();
        for (index, OwnCounter { pid, name, unit, .. }) in own.counters.iter().enumerate() {
            counter_index.entry((*pid, name.clone(), unit.clone())).or_insert(index);
        }
        let counters = own.counters.into_iter().map(|counter| CounterSeries {
            name: counter.name,
            unit: counter.unit,
            rank: counter.rank,
            ..CounterSeries::default()
        });
        Ok(Self {
            out,
            num_labels,
            origin_ns: own.origin_ns,
            rows,
            last_row: None,
            lanes,
            counters: counters.collect(),
            counter_index,
            starts: HashMap::new(),
            flows: Vec::new(),
            overflow: HashMap::new(),
            num_slices: 0,
        })
    }

    /// Takes in one event or counts why not.
    pub(crate) fn take(
        &mut self,
        event: &RawEvent<'_>,
        at: u64,
        tally: &mut Tally,
    ) -> Result<(), Fault> {
        match event.phase {
            b'X' | b'i' => self.slice(event, at, tally),
            b'C' => self.sample(event, at, tally),
            b's' | b'f' => {
                self.flow(event, at, tally);
                Ok(())
            }
            b'M' => Ok(()),
            _ => {
                tally.lost("events that Weftscope did not write", at);
                Ok(())
            }
        }
    }

    fn slice(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) -> Result<(), Fault> {
        let mut derived = Derived::default();
        let args = self.out.args_mut();
        let whole = event.for_each_arg(|key, value| {
            if derived.label.is_none() && key != LABEL_KEY {
                event::store(args, own_key(&key), &value);
                return;
            }
            let int = || event::int(&value);
            match key.as_ref() {
                LABEL_KEY => derived.label = int(),
                "lane" => derived.lane = int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
                "item" | "block" => {
                    derived.item = int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                }
                _ => {}
            }
        });
        if whole.is_err() || derived.label == Some(DERIVED) {
            self.out.args_mut().abandon_row();
            return whole;
        }
        let label = derived
            .label
            .and_then(|label| u32::try_from(label).ok())
            .filter(|&label| label < self.num_labels);
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
            self.out.args_mut().abandon_row();
            tally.lost("events whose time, row or label is not the recording's", at);
            return Ok(());
        };
        let args = self.out.args_mut().end_row();
        let span = Span { start_ns, end_ns };
        let Filled { track, end_ns: last_end_ns, num_slices } = self.lanes[lane.0 as usize];
        self.num_slices += 1;
        if start_ns < last_end_ns {
            tally.lost("slices that overlap on their row, moved to a lane of their own", at);
            let lane = self.overflow_lane(track, span);
            self.out.push(lane, span, LabelId(label), args, derived.item);
            return Ok(());
        }
        self.lanes[lane.0 as usize] = Filled { track, end_ns, num_slices: num_slices + 1 };
        self.out.push(lane, span, LabelId(label), args, derived.item);
        Ok(())
    }

    /// A lane for a slice that has no room on its own; the declared lanes are not touched.
    fn overflow_lane(&mut self, track: TrackId, span: Span) -> LaneId {
        let extra = self.overflow.entry(track).or_default();
        if let Some(at) = extra.free.at(span.start_ns) {
            extra.free.set(at, span.end_ns);
            return extra.lanes[at];
        }
        let lane = self.out.lane(track);
        extra.free.push(span.end_ns);
        extra.lanes.push(lane);
        lane
    }

    fn time(&self, event: &RawEvent<'_>) -> Option<i64> {
        let ts = event.ts.as_ref().and_then(event::ns)?;
        ts.checked_add(self.origin_ns).filter(|&at_ns| is_time(at_ns))
    }

    fn row_id(event: &RawEvent<'_>) -> Option<RowId> {
        let id = |value: &Option<Value<'_>>| {
            value.as_ref().and_then(event::int).and_then(|id| u32::try_from(id).ok())
        };
        Some(RowId { pid: id(&event.pid)?, tid: id(&event.tid)? })
    }

    fn lane(&mut self, event: &RawEvent<'_>, lane: u32) -> Option<LaneId> {
        let row = Self::row_id(event)?;
        let RowLanes { first, num } = match self.last_row {
            Some((last, lanes)) if last == row => lanes,
            _ => {
                let &lanes = self.rows.get(&row)?;
                self.last_row = Some((row, lanes));
                lanes
            }
        };
        (lane < num).then_some(LaneId(first.0 + lane))
    }

    fn sample(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) -> Result<(), Fault> {
        let pid = event.pid.as_ref().and_then(event::int).and_then(|pid| u32::try_from(pid).ok());
        let name = event.name.as_deref().unwrap_or_default();
        let at_ns = self.time(event);
        event.for_each_arg(|unit, value| {
            let unit = if unit == "value" { String::new() } else { unit.into_owned() };
            let number = match value {
                Value::Number(text) => text.parse::<f64>().ok(),
                _ => None,
            };
            let key = pid.map(|pid| (pid, name.to_owned(), unit));
            let series = key.and_then(|key| self.counter_index.get(&key).copied());
            match (series, at_ns, number) {
                (Some(series), Some(at_ns), Some(number)) => {
                    self.counters[series].at_ns.push(at_ns);
                    self.counters[series].value.push(number);
                }
                _ => tally.lost("counter values that are not the recording's", at),
            }
        })
    }

    fn flow(&mut self, event: &RawEvent<'_>, at: u64, tally: &mut Tally) {
        let int = |key| {
            event.arg(key).as_ref().and_then(event::int).and_then(|n: i64| u32::try_from(n).ok())
        };
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
            (Some(from), Some(to)) => self.flows.push(Flow { from, to, kind }),
            _ => tally.lost("arrows whose ends are not the recording's", at),
        }
    }

    /// The trace; `None` when nothing could be used of what the file holds.
    pub(crate) fn finish(mut self, tally: &mut Tally) -> Option<Trace> {
        for Flow { from, to, kind } in std::mem::take(&mut self.flows) {
            let exists = |end: SliceRef| end.index < self.lanes[end.lane.0 as usize].num_slices;
            if exists(from) && exists(to) {
                self.out.flow(from, to, kind);
            } else {
                tally.lost_where("arrows whose ends are not the recording's", || {
                    format!("to row {} of lane {}", to.index, to.lane.0)
                });
            }
        }
        for (id, _) in self.starts.drain() {
            tally.lost_where("arrows whose ends are not the recording's", || format!("is {id}"));
        }
        let nothing = self.num_slices == 0 && self.counters.iter().all(|c| c.at_ns.is_empty());
        for series in std::mem::take(&mut self.counters) {
            self.out.counter(series);
        }
        if nothing && !tally.diagnostics.is_clean() {
            return None;
        }
        self.out.diagnostics_mut().merge(std::mem::take(&mut tally.diagnostics));
        self.out.finish().ok()
    }
}
