//! What is being read off packets.

use hashbrown::HashMap;

use super::annotations::arguments;
use super::clocks::Clocks;
use super::counters::Counters;
use super::flows::Flows;
use super::interned::Sequence;
use super::stages::Stages;
use super::tracks::Tracks;

use crate::interchange::foreign::{
    CATEGORY_KEY, Class, Collect, Event, HalfEvent, Header, RowKey, Told, class_of,
};
use crate::interchange::perfetto::messages::{
    BEGIN, CLEARED, COUNTER, END, INSTANT, LegacyEvent, NEEDS_STATE, TracePacket, TrackEvent,
};
use crate::interchange::tally::Tally;
use crate::{ArgValue, ArgsId};

#[derive(Default)]
pub(super) struct Sheet {
    pub(super) tally: Tally,
    collect: Collect,
    header: Header,
    clocks: Clocks,
    tracks: Tracks,
    counters: Counters,
    flows: Flows,
    stages: Stages,
    sequences: HashMap<u32, Sequence>,
    /// Row of each track that had an event: a GPU's, if the first one ran on a GPU.
    rows: HashMap<u64, u32>,
}

impl Sheet {
    /// Takes in one packet that ends at this byte of the file.
    pub(super) fn packet(&mut self, mut packet: TracePacket, at_byte: u64) {
        let id = packet.trusted_packet_sequence_id.unwrap_or(0);
        let flags = packet.sequence_flags.unwrap_or(0);
        let is_new = !self.sequences.contains_key(&id);
        let cleared = packet.incremental_state_cleared == Some(true) || flags & CLEARED != 0;
        if cleared || is_new {
            self.sequences.insert(id, Sequence::default());
        }
        // The first packet of a sequence always says so.
        if packet.previous_packet_dropped == Some(true) && !is_new {
            self.tally.lost("gaps where the recorder dropped packets", at_byte);
        }
        let tells = packet.interned_data.is_some()
            || packet.trace_packet_defaults.is_some()
            || packet.track_descriptor.is_some()
            || packet.thread_descriptor.is_some()
            || packet.process_descriptor.is_some()
            || packet.process_tree.is_some()
            || packet.clock_snapshot.is_some()
            || packet.system_info.is_some();
        self.learn(id, &mut packet);
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        let clock = packet.timestamp_clock_id.or(sequence.clock_id);
        let at_ns = packet.timestamp.map(|at| self.clocks.trace_ns(id, clock, at));
        if at_ns == Some(None) {
            return self.tally.lost("packets whose time does not fit", at_byte);
        }
        let at_ns = at_ns.flatten();
        if let Some(event) = packet.track_event {
            let at_ns = at_ns.or_else(|| sequence.step(&event));
            match at_ns {
                Some(at_ns) => self.event(id, &event, at_ns, at_byte),
                None => self.tally.lost("track events without a time", at_byte),
            }
        } else if let Some(event) = packet.gpu_render_stage_event {
            let at_ns = at_ns.unwrap_or(0);
            self.stages.event(event, at_ns, sequence, &mut self.collect);
        } else if let Some(event) = packet.gpu_counter_event {
            self.counters.of_gpu(&mut self.collect, &event, at_ns.unwrap_or(0));
        } else if at_ns.is_some() && !tells {
            self.tally.diagnostics.remark("packets of other data sources, not read", 1);
        }
        let needs_state = flags & NEEDS_STATE != 0 && is_new && !cleared;
        if needs_state {
            self.tally.lost("packets whose names were said before the file begins", at_byte);
        }
    }

    /// What a packet says for itself and others.
    fn learn(&mut self, id: u32, packet: &mut TracePacket) {
        let Some(sequence) = self.sequences.get_mut(&id) else { return };
        if let Some(data) = packet.interned_data.take() {
            sequence.learn(data);
        }
        if let Some(defaults) = packet.trace_packet_defaults.take() {
            sequence.clock_id = defaults.timestamp_clock_id.or(sequence.clock_id);
            let event = defaults.track_event_defaults.and_then(|it| it.track_uuid);
            sequence.track_uuid = event.or(sequence.track_uuid);
        }
        if let Some(thread) = packet.thread_descriptor.take() {
            sequence.thread = thread.pid.zip(thread.tid);
            sequence.time_us = thread.reference_timestamp_us.unwrap_or(0);
            if let (Some((pid, tid)), Some(name)) = (sequence.thread, thread.thread_name) {
                self.collect.thread_names.insert((i64::from(pid), i64::from(tid)), name);
            }
        }
        if let Some(process) = packet.process_descriptor.take()
            && let (Some(pid), Some(name)) = (process.pid, process.process_name)
        {
            self.collect.process_names.insert(i64::from(pid), name);
        }
        if let Some(descriptor) = packet.track_descriptor.clone() {
            self.tracks.learn(descriptor, &mut self.collect);
        }
        if let Some(snapshot) = &packet.clock_snapshot {
            self.clocks.snapshot(id, snapshot);
        }
        if let Some(tree) = packet.process_tree.take() {
            for process in tree.processes {
                if let (Some(pid), Some(name)) = (process.pid, process.cmdline.into_iter().next()) {
                    self.collect.process_names.entry(i64::from(pid)).or_insert(name);
                }
            }
            for thread in tree.threads {
                if let (Some(pid), Some(tid), Some(name)) = (thread.tgid, thread.tid, thread.name) {
                    let key = (i64::from(pid), i64::from(tid));
                    self.collect.thread_names.entry(key).or_insert(name);
                }
            }
        }
        if let Some(version) = packet.system_info.take().and_then(|it| it.tracing_service_version) {
            // What follows in brackets is the hash of its sources.
            self.header.recorder = version.split(" (").next().map(str::to_owned);
        }
    }

    fn event(&mut self, id: u32, event: &TrackEvent, at_ns: i64, at_byte: u64) {
        let Some(sequence) = self.sequences.get(&id) else { return };
        let uuid = event.track_uuid.or(sequence.track_uuid);
        if event.r#type == Some(COUNTER) {
            let value = event.double_counter_value.or(event.counter_value.map(|it| it as f64));
            match value {
                Some(value) => {
                    let track = (id, uuid.unwrap_or(0));
                    self.counters.of_track(&mut self.collect, &self.tracks, track, at_ns, value);
                }
                None => self.tally.lost("counter events without a value", at_byte),
            }
            return;
        }
        let extra = event.extra_counter_values.len() + event.extra_double_counter_values.len();
        self.tally.diagnostics.remark("counter values beside events, not read", extra as u64);
        let Some((kind, duration_ns)) = kind(event) else {
            let cause = "track events of a type that is not read";
            return self.tally.lost(cause, at_byte);
        };
        let told = event.category_iids.first().and_then(|iid| sequence.categories.get(iid));
        let category = event.categories.first().or(told).cloned().unwrap_or_default();
        let class = class_of(&category, Told::default());
        let row = match (uuid, sequence.thread) {
            (None, Some((pid, tid))) => {
                let (pid, tid) = (i64::from(pid), i64::from(tid));
                self.collect.rows.id(RowKey::Thread { pid, tid })
            }
            _ => self.row(uuid.unwrap_or(0), class, kind),
        };
        let Some(sequence) = self.sequences.get(&id) else { return };
        if kind == END {
            if !event.debug_annotations.is_empty() {
                self.tally.lost("end events whose arguments are not kept", at_byte);
            }
            let event = Event::at(at_ns, row, class);
            return self.collect.halves.push(HalfEvent { event, told_on: row, begins: false });
        }
        let named = event.name_iid.and_then(|iid| sequence.names.get(&iid)).or(event.name.as_ref());
        if named.is_none() && event.name_iid.is_some() {
            self.tally.lost("events whose name is not in the file", at_byte);
        }
        let name = self.collect.names.number(named.map_or("(no name)", String::as_str));
        let mut args = arguments(&event.debug_annotations, sequence);
        let item = correlation(&args);
        let has_category = args.iter().any(|(key, _)| key == CATEGORY_KEY);
        if !class.is_gpu_op() && !category.is_empty() && !has_category {
            args.push((CATEGORY_KEY.to_owned(), ArgValue::Text(category)));
        }
        let args = match args.is_empty() {
            true => ArgsId::NONE,
            false => {
                let pairs = args.iter().map(|(key, value)| (key.as_str(), value.clone()));
                self.collect.args.push(pairs)
            }
        };
        for (ids, ends) in [
            (&event.flow_ids, false),
            (&event.flow_ids_old, false),
            (&event.terminating_flow_ids, true),
            (&event.terminating_flow_ids_old, true),
        ] {
            ids.iter().for_each(|&flow| self.flows.add(flow, at_ns, row, ends));
        }
        let slice = Event { name, args, item, ..Event::at(at_ns, row, class) };
        match (kind, duration_ns) {
            (BEGIN, Some(duration_ns)) => {
                let end_ns = at_ns.saturating_add(duration_ns.max(0));
                self.collect.events.push(Event { end_ns, ..slice });
            }
            (BEGIN, None) => {
                self.collect.halves.push(HalfEvent { event: slice, told_on: row, begins: true });
            }
            _ => {
                let is_host = matches!(class, Class::Host | Class::Call | Class::Untold);
                let class = if is_host { Class::HostMark } else { class };
                self.collect.events.push(Event { class, ..slice });
            }
        }
    }

    /// The row of a track; ends come to where their beginnings stand.
    fn row(&mut self, uuid: u64, class: Class, kind: i32) -> u32 {
        if let Some(&row) = self.rows.get(&uuid) {
            return row;
        }
        let row = if class.is_gpu_op() {
            let place = self.tracks.place(uuid, &mut self.collect);
            let key = RowKey::Stream { pid: place.pid, device: None, stream: place.tid };
            self.collect.rows.stream(key, place.tid)
        } else {
            self.tracks.row(uuid, &mut self.collect)
        };
        if kind == BEGIN {
            self.rows.insert(uuid, row);
        }
        row
    }

    /// Everything, with what comes of the whole.
    pub(super) fn finish(mut self) -> (Collect, Header, Tally) {
        self.stages.finish(&mut self.collect);
        self.counters.finish(&mut self.collect);
        self.flows.finish(&mut self.collect);
        self.header.base_time_ns = self.clocks.unix_ns;
        self.header.recorder.get_or_insert_with(|| "Perfetto".to_owned());
        (self.collect, self.header, self.tally)
    }
}

/// The id that work on a GPU and the call that it came from share; 0 without one.
fn correlation(args: &[(String, ArgValue)]) -> u32 {
    let told = args.iter().find(|(key, _)| key == "correlation");
    match told {
        Some((_, ArgValue::Int(id))) => u32::try_from(*id).unwrap_or(0),
        _ => 0,
    }
}

/// Begin, end or instant, and the duration of a begin that tells it; older events say a phase instead.
fn kind(event: &TrackEvent) -> Option<(i32, Option<i64>)> {
    let phase = |legacy: &LegacyEvent| u8::try_from(legacy.phase?).ok();
    match (event.r#type, event.legacy_event.as_ref()) {
        (Some(kind @ (BEGIN | END | INSTANT)), _) => Some((kind, None)),
        (_, Some(legacy)) => match phase(legacy)? {
            b'B' => Some((BEGIN, None)),
            b'E' => Some((END, None)),
            b'X' => Some((BEGIN, Some(legacy.duration_us.unwrap_or(0).checked_mul(1000)?))),
            b'I' | b'i' | b'n' | b'R' => Some((INSTANT, None)),
            _ => None,
        },
        _ => None,
    }
}
