//! The events: slices, what is derived from them for other tools, counters and arrows.

use hashbrown::HashSet;
use std::io::Write;

use super::ExportOptions;
use super::text::{Text, quoted};
use super::values::{float_text, kernel_name, key_text, trailing_number, value_text};
use crate::edit::ranks;
use crate::interchange::ExportError;
use crate::interchange::chrome::own::{DERIVED, LABEL_KEY};
use crate::interchange::own::{HOST_PID, OTHER_PID, RowId, Rows, category, facts};
use crate::model::ArgReader;
use crate::{Args, FlowKind, Kind, Label, LaneId, SliceRef, Span, Trace, TrackKind};

/// Writes all events.
pub(crate) fn events<W: Write>(
    text: &mut Text<'_, W>,
    trace: &Trace,
    rows: &Rows,
    options: &ExportOptions,
) -> Result<(), ExportError> {
    let shown_rank = ranks(trace).first().copied().unwrap_or(0);
    let has_host = trace.lanes.iter().any(|lane| {
        !lane.slices.is_empty()
            && matches!(trace.track(lane.track).kind, TrackKind::HostThread { .. })
    });
    let mut writer = Events {
        names: trace.labels.iter().map(|label| quoted(&label.name)).collect(),
        kernel_names: trace
            .labels
            .iter()
            .map(|label| quoted(&kernel_name(label, options)))
            .collect(),
        facts: trace.labels.iter().map(fact_texts).collect(),
        text,
        trace,
        args: trace.args.reader(),
        rows,
        shown_rank,
        host_rank: (!has_host).then_some(shown_rank),
        correlation: FIRST_CORRELATION,
    };
    writer.steps()?;
    for lane in 0..trace.lanes.len() {
        writer.lane(LaneId(lane as u32))?;
    }
    writer.counters()?;
    writer.flows()
}

/// Correlation ids are counted from here. Holistic Trace Analysis stores row numbers in the integer type that its
/// correlation ids need, so they must be the wider ones.
const FIRST_CORRELATION: i64 = 1_000_000_000;

struct Events<'a, 'p, W> {
    text: &'a mut Text<'p, W>,
    trace: &'a Trace,
    args: ArgReader<'a>,
    rows: &'a Rows,
    /// Per label, as JSON strings.
    names: Vec<String>,
    kernel_names: Vec<String>,
    /// Per label: derived arguments, each with its key.
    facts: Vec<Vec<(&'static str, String)>>,
    /// The rank whose kernels carry `stream`.
    shown_rank: u32,
    /// That rank, when the trace has no host rows and tools need them made.
    host_rank: Option<u32>,
    /// Running number of kernels.
    correlation: i64,
}

impl<W: Write> Events<'_, '_, W> {
    fn lane(&mut self, lane: LaneId) -> Result<(), ExportError> {
        let content = self.trace.lane(lane);
        let kind = &self.trace.track(content.track).kind;
        for row in 0..content.slices.len() {
            match kind {
                TrackKind::Sm { .. } => self.block(lane, row),
                TrackKind::Stream { rank, stream } => self.op(lane, row, *rank, *stream)?,
                _ => self.other(lane, row, kind),
            }
            self.text.slice_done()?;
        }
        Ok(())
    }

    /// `{"ph":…,"args":{` of a slice.
    fn begin(&mut self, category: &str, name: &str, lane: LaneId, span: Span) {
        let row = self.rows.places[lane.0 as usize].row;
        self.complete(category, name, row, span);
    }

    fn complete(&mut self, category: &str, name: &str, row: RowId, span: Span) {
        self.event("X\"", category, name, row, span.start_ns);
        self.text.raw(",\"dur\":");
        self.text.us(span.end_ns.saturating_sub(span.start_ns));
        self.text.raw(",\"args\":{");
    }

    /// Something that lasts no time at all.
    fn instant(&mut self, category: &str, name: &str, lane: LaneId, at_ns: i64) {
        let row = self.rows.places[lane.0 as usize].row;
        self.event("i\",\"s\":\"t\"", category, name, row, at_ns);
        self.text.raw(",\"args\":{");
    }

    /// `{"ph":…,"ts":…` with what stands after the opening quote of the phase.
    fn event(&mut self, phase: &str, category: &str, name: &str, row: RowId, at_ns: i64) {
        let text = &mut *self.text;
        text.begin_event();
        text.raw("{\"ph\":\"");
        text.raw(phase);
        text.raw(",\"cat\":\"");
        text.raw(category);
        text.raw("\",\"name\":");
        text.raw(name);
        text.raw(",\"pid\":");
        text.int(i64::from(row.pid));
        text.raw(",\"tid\":");
        text.int(i64::from(row.tid));
        text.raw(",\"ts\":");
        text.ts(at_ns);
    }

    /// The slice's own arguments, then the label: what follows is derived.
    fn own_args(&mut self, lane: LaneId, row: usize) -> Args {
        let slices = &self.trace.lane(lane).slices;
        let args = self.args.args(slices.args[row]);
        for (key, value) in &args {
            self.text.raw(&key_text(key));
            self.text.raw(":");
            self.text.raw(&value_text(value));
            self.text.raw(",");
        }
        self.label(i64::from(slices.label[row].0));
        let in_row = self.rows.places[lane.0 as usize].lane;
        if in_row > 0 {
            self.text.raw(",\"lane\":");
            self.text.int(i64::from(in_row));
        }
        args
    }

    fn label(&mut self, label: i64) {
        self.text.raw("\"");
        self.text.raw(LABEL_KEY);
        self.text.raw("\":");
        self.text.int(label);
    }

    fn block(&mut self, lane: LaneId, row: usize) {
        let slices = &self.trace.lane(lane).slices;
        let label = slices.label[row].0 as usize;
        let name = std::mem::take(&mut self.names[label]);
        self.begin("sm_block", &name, lane, slices.span(row));
        self.names[label] = name;
        self.own_args(lane, row);
        self.text.raw(",\"block\":");
        self.text.int(i64::from(slices.item[row]));
        self.text.raw("}}");
    }

    fn op(&mut self, lane: LaneId, row: usize, rank: u32, stream: u32) -> Result<(), ExportError> {
        let slices = &self.trace.lane(lane).slices;
        let span = slices.span(row);
        let id = slices.label[row].0 as usize;
        let label = &self.trace.labels[id];
        let kind = TrackKind::Stream { rank, stream };
        let none = Args::new();
        let category = category(&kind, label, &none);
        let name = std::mem::take(&mut self.kernel_names[id]);
        self.begin(&category, &name, lane, span);
        self.kernel_names[id] = name;
        let own = self.own_args(lane, row);
        let has = |key: &str| own.iter().any(|(own, _)| own == key);
        self.text.raw(",\"item\":");
        self.text.int(i64::from(slices.item[row]));
        self.correlation += 1;
        let stream_key = if rank == self.shown_rank { "stream" } else { "rank stream" };
        let derived = [
            ("device", i64::from(rank)),
            (stream_key, i64::from(stream)),
            ("correlation", self.correlation),
        ];
        for (key, value) in derived.into_iter().filter(|(key, _)| !has(key)) {
            self.text.raw(",\"");
            self.text.raw(key);
            self.text.raw("\":");
            self.text.int(value);
        }
        for (key, value) in &self.facts[id] {
            if !has(key) {
                self.text.raw(",\"");
                self.text.raw(key);
                self.text.raw("\":");
                self.text.raw(value);
            }
        }
        self.text.raw("}}");
        if self.host_rank == Some(rank) {
            self.launch(rank, span.start_ns)?;
        }
        Ok(())
    }

    /// A launch for an op that has none: tools that join kernels to steps through launches lose it otherwise.
    fn launch(&mut self, rank: u32, at_ns: i64) -> Result<(), ExportError> {
        let row = host_row(rank);
        let span = Span { start_ns: at_ns, end_ns: at_ns };
        self.complete("cuda_runtime", "\"cudaLaunchKernel\"", row, span);
        self.label(DERIVED);
        self.text.raw(",\"correlation\":");
        self.text.int(self.correlation);
        self.text.raw("}}");
        self.text.end_event()
    }

    fn other(&mut self, lane: LaneId, row: usize, kind: &TrackKind) {
        let slices = &self.trace.lane(lane).slices;
        let label = &self.trace.labels[slices.label[row].0 as usize];
        let args = self.args.args(slices.args[row]);
        let category = category(kind, label, &args);
        // One that would need escapes is left to the arguments.
        let is_plain = |b: u8| b.is_ascii_graphic() && b != b'"' && b != b'\\';
        let none = Args::new();
        let category = match category.bytes().all(is_plain) {
            true => category,
            false => self::category(kind, label, &none),
        };
        let name = std::mem::take(&mut self.names[slices.label[row].0 as usize]);
        let span = slices.span(row);
        if label.kind == Kind::Mark && span.start_ns == span.end_ns {
            self.instant(&category, &name, lane, span.start_ns);
        } else {
            self.begin(&category, &name, lane, span);
        }
        self.names[slices.label[row].0 as usize] = name;
        self.own_args(lane, row);
        if slices.item[row] != 0 {
            self.text.raw(",\"item\":");
            self.text.int(i64::from(slices.item[row]));
        }
        self.text.raw("}}");
    }

    /// Iterations once more as `ProfilerStep#N` on a host row, where tools look for them.
    fn steps(&mut self) -> Result<(), ExportError> {
        let Some(rank) = self.host_rank else { return Ok(()) };
        let marks =
            [Some(rank), None].map(|rank| self.trace.find_track(&TrackKind::Marks { rank }));
        let lane = marks
            .into_iter()
            .flatten()
            .find_map(|track| self.trace.track(track).lanes.first().copied());
        let Some(lane) = lane else { return Ok(()) };
        self.host_names(rank)?;
        let slices = &self.trace.lane(lane).slices;
        let mut numbers = HashSet::new();
        for row in 0..slices.len() {
            let name = &self.trace.label(slices.label[row]).name;
            let wanted = trailing_number(name).unwrap_or(row as u64);
            let number = (wanted..).find(|n| !numbers.contains(n)).unwrap_or(wanted);
            numbers.insert(number);
            let name = format!("\"ProfilerStep#{number}\"");
            self.complete("user_annotation", &name, host_row(rank), slices.span(row));
            self.label(DERIVED);
            self.text.raw("}}");
            self.text.end_event()?;
        }
        Ok(())
    }

    fn host_names(&mut self, rank: u32) -> Result<(), ExportError> {
        let RowId { pid, tid } = host_row(rank);
        for (what, tid, name) in [
            ("process_name", 0, format!("rank {rank} host (derived)")),
            ("thread_name", tid, "iterations and launches (derived)".to_owned()),
        ] {
            self.text.begin_event();
            self.text.raw(&format!(
                "{{\"ph\":\"M\",\"name\":\"{what}\",\"pid\":{pid},\"tid\":{tid},\"ts\":0,\"args\":{{\"name\":\"{name}\"}}}}"
            ));
            self.text.end_event()?;
        }
        Ok(())
    }

    fn counters(&mut self) -> Result<(), ExportError> {
        for counter in &self.trace.counters {
            let name = quoted(&counter.name);
            let unit = if counter.unit.is_empty() { "value" } else { &counter.unit };
            let unit = quoted(unit);
            let pid = counter.rank.unwrap_or(OTHER_PID);
            let samples = counter.at_ns.iter().zip(&counter.value);
            for (&at_ns, &value) in samples.filter(|(_, value)| value.is_finite()) {
                self.text.begin_event();
                self.text.raw(&format!("{{\"ph\":\"C\",\"name\":{name},\"pid\":{pid},\"ts\":"));
                self.text.ts(at_ns);
                self.text.raw(&format!(",\"args\":{{{unit}:{}}}}}", float_text(value)));
                self.text.end_event()?;
            }
        }
        Ok(())
    }

    fn flows(&mut self) -> Result<(), ExportError> {
        for (id, flow) in self.trace.flows.iter().enumerate() {
            let name = match flow.kind {
                FlowKind::Dependency => "dependency",
                FlowKind::Launch => "ac2g",
                FlowKind::Imported => "arrow",
            };
            self.flow_end("s", name, id, flow.from)?;
            self.flow_end("f", name, id, flow.to)?;
        }
        Ok(())
    }

    fn flow_end(
        &mut self,
        phase: &str,
        name: &str,
        id: usize,
        end: SliceRef,
    ) -> Result<(), ExportError> {
        let place = self.rows.places[end.lane.0 as usize];
        let bind = if phase == "f" { ",\"bp\":\"e\"" } else { "" };
        let text = &mut *self.text;
        text.begin_event();
        text.raw(&format!(
            "{{\"ph\":\"{phase}\",\"cat\":\"{name}\",\"name\":\"{name}\",\"id\":{},\"pid\":{},\"tid\":{}{bind},\"ts\":",
            id + 1,
            place.row.pid,
            place.row.tid
        ));
        text.ts(self.trace.span_of(end).start_ns);
        text.raw(&format!(",\"args\":{{\"lane\":{},\"index\":{}}}}}", place.lane, end.index));
        text.end_event()
    }
}

/// What a label says about its op, each as JSON.
fn fact_texts(label: &Label) -> Vec<(&'static str, String)> {
    facts(label).into_iter().map(|(key, value)| (key, value_text(&value))).collect()
}

/// The row of what is made for other tools: launches and steps.
fn host_row(rank: u32) -> RowId {
    let id = HOST_PID.wrapping_add(rank);
    RowId { pid: id, tid: id }
}
