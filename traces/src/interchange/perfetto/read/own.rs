//! A file of ours: the description first, then events that say their label and lane.

use hashbrown::HashMap;

use super::annotations::arguments;
use super::interned::Sequence;
use crate::edit::merge;
use crate::interchange::own::{NO_ENDS, Own, OwnBuild, RowId};
use crate::interchange::perfetto::messages::{
    BEGIN, COUNTER, END, INSTANT, Ours, TracePacket, TrackDescriptor, TrackEvent, flow_kind,
};
use crate::interchange::tally::Tally;
use crate::{ArgsId, LabelId, LaneId, SliceRef, Span, Trace};

/// The description while its pieces come; one for each of the files of ours that somebody has put one behind the other.
#[derive(Debug, Default)]
pub(super) struct Description {
    text: Vec<u8>,
    /// The trace that the last one describes.
    pub(super) own: Option<OwnRead>,
    /// Those before it.
    done: Vec<OwnRead>,
}

impl Description {
    /// Takes in a packet that is a piece of the description; one that cannot be used is noted, and the file is read as
    /// any foreign one.
    pub(super) fn takes(&mut self, packet: &mut TracePacket, tally: &mut Tally) -> bool {
        let Some(ours) = &mut packet.ours else { return false };
        let Some(piece) = ours.description.take() else { return false };
        self.done.extend(self.own.take());
        self.text.extend(piece);
        if ours.is_last == Some(true) {
            let text = std::mem::take(&mut self.text);
            let own = serde_json::from_slice::<Own>(&text).map_err(|error| error.to_string());
            match own.and_then(OwnBuild::new) {
                Ok(build) => self.own = Some(OwnRead::new(build)),
                Err(why) => {
                    tally.diagnostics.note(format!("Weftscope's description was not used: {why}"));
                }
            }
        }
        true
    }

    /// Every trace that was described; `None` when none could be used.
    pub(super) fn finish(self, tally: &mut Tally) -> Option<Trace> {
        let all = self.done.into_iter().chain(self.own);
        merge(all.filter_map(|own| own.finish(tally)).collect()).ok()
    }

    /// True for a file of ours.
    pub(super) fn is_used(&self) -> bool {
        self.own.is_some() || !self.done.is_empty()
    }
}

/// What a track is.
#[derive(Clone, Copy, Debug)]
enum Seat {
    Row(RowId),
    Counter(usize),
}

/// A slice whose end has not come.
#[derive(Debug)]
struct Open {
    lane: LaneId,
    start_ns: i64,
    label: LabelId,
    args: ArgsId,
    item: u32,
    from: Vec<u64>,
    to: Vec<u64>,
}

/// The ends of an arrow.
#[derive(Clone, Copy, Debug, Default)]
struct Ends {
    from: Option<SliceRef>,
    to: Option<SliceRef>,
}

/// A trace of ours, as far as it is read.
#[derive(Debug)]
pub(super) struct OwnRead {
    build: OwnBuild,
    sequence: Sequence,
    seats: HashMap<u64, Seat>,
    /// Slices of each row that are open, the innermost last.
    open: HashMap<RowId, Vec<Option<Open>>>,
    arrows: HashMap<u64, Ends>,
}

const NOT_OURS: &str = "events whose time, row or label is not the recording's";

impl OwnRead {
    fn new(build: OwnBuild) -> Self {
        Self {
            build,
            sequence: Sequence::default(),
            seats: HashMap::new(),
            open: HashMap::new(),
            arrows: HashMap::new(),
        }
    }

    /// Takes in one packet or counts why not.
    pub(super) fn packet(&mut self, mut packet: TracePacket, at_byte: u64, tally: &mut Tally) {
        if let Some(data) = packet.interned_data.take() {
            self.sequence.learn(data);
        }
        if let Some(descriptor) = packet.track_descriptor.take() {
            self.learn(&descriptor, packet.ours.as_ref());
        }
        let Some(event) = packet.track_event else { return };
        let at_ns = packet.timestamp.and_then(|at| i64::try_from(at).ok());
        let at_ns = at_ns.and_then(|at_ns| self.build.time(at_ns));
        let seat = event.track_uuid.and_then(|uuid| self.seats.get(&uuid)).copied();
        let (Some(at_ns), Some(seat)) = (at_ns, seat) else { return tally.lost(NOT_OURS, at_byte) };
        match (seat, event.r#type) {
            (Seat::Row(row), Some(END)) => match self.open.get_mut(&row).and_then(Vec::pop) {
                Some(Some(open)) => self.close(open, at_ns, (at_byte, tally)),
                // Its beginning was no good, and is counted.
                Some(None) => {}
                None => tally.lost("ends of slices without a beginning", at_byte),
            },
            (Seat::Row(row), Some(kind @ (BEGIN | INSTANT))) => {
                let ours = packet.ours.unwrap_or_default();
                let open = self.begin(row, at_ns, event, &ours);
                if open.is_none() {
                    tally.lost(NOT_OURS, at_byte);
                }
                match open {
                    Some(open) if kind == INSTANT => self.close(open, at_ns, (at_byte, tally)),
                    None if kind == INSTANT => {}
                    open => self.open.entry(row).or_default().push(open),
                }
            }
            (Seat::Counter(counter), Some(COUNTER)) => {
                let value = event.double_counter_value;
                let is_known = value.is_some_and(|it| self.build.sample(counter, at_ns, it));
                if !is_known {
                    tally.lost("counter values that are not the recording's", at_byte);
                }
            }
            _ => tally.lost("events that Weftscope did not write", at_byte),
        }
    }

    fn learn(&mut self, descriptor: &TrackDescriptor, ours: Option<&Ours>) {
        let counter = ours.and_then(|ours| ours.counter).map(|index| Seat::Counter(index as usize));
        let row = || {
            let thread = descriptor.thread.as_ref()?;
            let (pid, tid) = thread.pid.zip(thread.tid)?;
            Some(Seat::Row(RowId { pid: pid as u32, tid: tid as u32 }))
        };
        if let (Some(uuid), Some(seat)) = (descriptor.uuid, counter.or_else(row)) {
            self.seats.insert(uuid, seat);
        }
    }

    fn begin(&mut self, row: RowId, start_ns: i64, event: TrackEvent, ours: &Ours) -> Option<Open> {
        let label = self.build.label(i64::from(ours.label?))?;
        let lane = self.build.lane(row, ours.lane.unwrap_or(0))?;
        let num_own = (ours.args.unwrap_or(0) as usize).min(event.debug_annotations.len());
        let own = arguments(&event.debug_annotations[..num_own], &self.sequence);
        let pairs = own.iter().map(|(key, value)| (key.as_str(), value.clone()));
        let args = self.build.args_mut().push(pairs);
        let item = ours.item.unwrap_or(0);
        let (from, to) = (event.flow_ids, event.terminating_flow_ids);
        Some(Open { lane, start_ns, label, args, item, from, to })
    }

    fn close(&mut self, open: Open, end_ns: i64, (at_byte, tally): (u64, &mut Tally)) {
        let Open { lane, start_ns, label, args, item, from, to } = open;
        if end_ns < start_ns {
            return tally.lost("slices that end before they start", at_byte);
        }
        let span = Span { start_ns, end_ns };
        let slice = self.build.slice(lane, span, label, (args, item), (at_byte, tally));
        for id in from {
            self.arrows.entry(id).or_default().from = Some(slice);
        }
        for id in to {
            self.arrows.entry(id).or_default().to = Some(slice);
        }
    }

    /// The trace; `None` when nothing could be used of what the file holds.
    pub(super) fn finish(mut self, tally: &mut Tally) -> Option<Trace> {
        for open in self.open.into_values().flatten().flatten() {
            let cause = "slices whose end is not in the file";
            tally.lost_where(cause, || format!("begins at {} ns", open.start_ns));
        }
        let mut arrows: Vec<(u64, Ends)> = self.arrows.into_iter().collect();
        arrows.sort_unstable_by_key(|(id, _)| *id);
        for (id, ends) in arrows {
            match (ends.from, ends.to) {
                (Some(from), Some(to)) => self.build.flow(from, to, flow_kind(id)),
                _ => tally.lost_where(NO_ENDS, || format!("is {id}")),
            }
        }
        self.build.finish(tally)
    }
}
