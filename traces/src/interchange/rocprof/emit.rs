//! A process's records as slices, once all is known that they refer to.

use hashbrown::{HashMap, HashSet};

use super::facts::{Call, Process};
use super::record::Record;
use super::walk::List;
use crate::ArgValue;
use crate::interchange::foreign::{CATEGORY_KEY, Class, RowKey};
use crate::interchange::recording::Recording;
use crate::interchange::recording::rocm::{Ran, Streams, copy_class, count};

/// What is added to the arguments of a slice, with keys that may be names out of the file.
type Arguments = Vec<(String, ArgValue)>;

impl Process {
    /// Keeps a record of a list, or counts why not.
    pub(super) fn take(
        &mut self,
        list: List,
        record: Record,
        recording: &mut Recording,
        at_byte: u64,
    ) {
        if list == List::Counted {
            // Its times count only where no other record tells of the dispatch.
            return self.counted.push(record);
        }
        let (Some(start), Some(end)) = (record.start_ns, record.end_ns) else {
            return recording.tally.lost("records without start or end", at_byte);
        };
        if end < start {
            return recording.tally.lost("records that end before they start", at_byte);
        }
        match list {
            List::Kernels => self.kernels.push(record),
            List::Copies => self.copies.push(record),
            _ => self.calls.push(Call {
                kind: record.kind,
                operation: record.operation,
                thread: record.thread,
                correlation: record.correlation,
                span: (start, end),
                is_marker: list == List::Markers,
                bytes: record.bytes,
            }),
        }
    }

    /// Draws everything.
    pub(super) fn emit(mut self, recording: &mut Recording) {
        let lists = [&self.kernels, &self.copies, &self.counted];
        if self.pid.is_none() && self.calls.is_empty() && lists.iter().all(|list| list.is_empty()) {
            return;
        }
        let pid = recording.process(self.pid.unwrap_or(0), self.host.as_deref());
        if let Some(program) = self.program.take() {
            recording.collect.process_names.insert(pid, program);
        }
        let counts = self.counts(recording);
        let mut streams = Streams::default();
        for kernel in &self.kernels {
            streams.add(self.ran(kernel, kernel.agent));
        }
        if let Some(note) = streams.note() {
            recording.tally.diagnostics.note(note);
        }
        self.by_queue = streams.by_queue();
        for kernel in std::mem::take(&mut self.kernels) {
            self.kernel(pid, &kernel, &counts, recording);
        }
        for copy in std::mem::take(&mut self.copies) {
            self.copy(pid, &copy, recording);
        }
        for call in std::mem::take(&mut self.calls) {
            self.call(pid, &call, recording);
        }
    }

    /// What was counted in each dispatch. Dispatches that are told only there become kernels.
    fn counts(&mut self, recording: &mut Recording) -> HashMap<i64, Vec<(i64, f64)>> {
        let told: HashSet<Option<i64>> =
            self.kernels.iter().map(|kernel| kernel.dispatch).collect();
        let mut counts: HashMap<i64, Vec<(i64, f64)>> = HashMap::new();
        for mut record in std::mem::take(&mut self.counted) {
            let in_dispatch = std::mem::take(&mut record.counts);
            let Some(dispatch) = record.dispatch else {
                recording.tally.lost_where("counts of no dispatch", String::new);
                continue;
            };
            let is_new = !told.contains(&Some(dispatch));
            let known = counts.entry(dispatch).or_default();
            // Events of one dispatch may be counted in several records.
            if is_new && known.is_empty() {
                let records = "counts without a kernel's record";
                if recording.span(records, record.start_ns, record.end_ns).is_some() {
                    self.kernels.push(record);
                }
            }
            known.extend(in_dispatch);
        }
        counts
    }

    fn gpu_of(&self, agent: Option<i64>) -> Option<i64> {
        self.gpus.get(&agent?).copied()
    }

    fn ran(&self, record: &Record, agent: Option<i64>) -> Ran {
        let device = self.gpu_of(agent).or(agent);
        Ran { device, stream: record.stream, queue: record.queue }
    }

    fn kernel(
        &self,
        pid: i64,
        record: &Record,
        counts: &HashMap<i64, Vec<(i64, f64)>>,
        recording: &mut Recording,
    ) {
        let names = &mut recording.collect.names;
        let symbol = record.kernel.and_then(|id| self.symbols.get(&id)).copied();
        let mut launch = record.launch;
        let name = match symbol {
            Some(symbol) => {
                launch.vector_registers = symbol.vector_registers;
                symbol.name
            }
            None => names
                .number(&record.kernel.map_or("(no name)".to_owned(), |id| format!("kernel {id}"))),
        };
        let told = launch.arguments();
        let mut args: Arguments =
            told.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let region = record.external.and_then(|id| self.regions.get(&id));
        args.extend(
            region
                .map(|&region| ("region".to_owned(), ArgValue::Text(names.get(region).to_owned()))),
        );
        for (counter, value) in record.dispatch.and_then(|id| counts.get(&id)).into_iter().flatten()
        {
            let name = self.counters.get(counter).cloned();
            args.push((name.unwrap_or_else(|| format!("counter {counter}")), count(*value)));
        }
        self.work((pid, record.agent), record, (name, Class::Kernel), args, recording);
    }

    fn copy(&self, pid: i64, record: &Record, recording: &mut Recording) {
        let (from, to) = (self.gpu_of(record.from), self.gpu_of(record.to));
        let mut args = Arguments::new();
        for (key, value) in [("bytes", record.bytes), ("fromDevice", from), ("toDevice", to)] {
            args.extend(value.map(|value| (key.to_owned(), ArgValue::Int(value))));
        }
        let name = self.name(record.kind, record.operation, recording);
        let class = copy_class(from, to);
        let agent = if to.is_some() { record.to } else { record.from };
        self.work((pid, agent), record, (name, class), args, recording);
    }

    fn work(
        &self,
        (pid, agent): (i64, Option<i64>),
        record: &Record,
        (name, class): (u32, Class),
        mut args: Arguments,
        recording: &mut Recording,
    ) {
        let (Some(start), Some(end)) = (record.start_ns, record.end_ns) else { return };
        let row = if class == Class::Host {
            thread(pid, record.thread, recording)
        } else {
            let rows = &mut recording.collect.rows;
            let (row, beside) = self.ran(record, agent).row(rows, pid, self.by_queue);
            args.extend(beside.map(|(key, id)| (key.to_owned(), ArgValue::Int(id))));
            row
        };
        let args: Vec<_> = args.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        recording.push((start, end), (row, name), class, &args, record.correlation);
        recording.launches.work((pid, record.correlation), (start, end), row);
    }

    fn call(&self, pid: i64, call: &Call, recording: &mut Recording) {
        let row = thread(pid, call.thread, recording);
        let said = call.correlation.and_then(|id| self.messages.get(&id)).copied();
        let said = said.filter(|_| call.is_marker);
        let name = said.unwrap_or_else(|| self.name(call.kind, call.operation, recording));
        let mut args = Vec::with_capacity(2);
        if let Some(kind) = self.kind(call.kind) {
            let category = recording.collect.names.get(kind.name).to_owned();
            args.push((CATEGORY_KEY, ArgValue::Text(category)));
        }
        args.extend(call.bytes.map(|bytes| ("bytes", ArgValue::Int(bytes))));
        let class = if call.is_marker { Class::HostMark } else { Class::Host };
        recording.push(call.span, (row, name), class, &args, call.correlation);
        if call.is_marker {
            let name = recording.collect.names.get(name).to_owned();
            recording.range(pid, &name, call.span);
        } else {
            recording.launches.call((pid, call.correlation), call.span.0, row);
        }
    }

    fn kind(&self, kind: Option<i64>) -> Option<&super::facts::Kind> {
        self.kinds.get(usize::try_from(kind?).ok()?)
    }

    /// What an operation is called.
    fn name(&self, kind: Option<i64>, operation: Option<i64>, recording: &mut Recording) -> u32 {
        let found = self.kind(kind).zip(operation).and_then(|(kind, operation)| {
            kind.operations.get(usize::try_from(operation).ok()?).copied()
        });
        found.unwrap_or_else(|| {
            let number = |id: Option<i64>| id.map_or("?".to_owned(), |id| id.to_string());
            let name = format!("operation {} of service {}", number(operation), number(kind));
            recording.collect.names.number(&name)
        })
    }
}

fn thread(pid: i64, tid: Option<i64>, recording: &mut Recording) -> u32 {
    let rows = &mut recording.collect.rows;
    let tid = rows.id_of_int(tid.unwrap_or(0));
    rows.id(RowKey::Thread { pid, tid })
}
