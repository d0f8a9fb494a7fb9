//! What all levels put on a trace in the same way: ranks, labels and names.

use std::collections::HashMap;

use weftscope_traces::{
    Classifier, DeviceInfo, Kind, Label, LabelId, RankInfo, TraceBuilder, TrackId, TrackKind,
};
use weftscope_wire::Device;

use super::Process;

/// A trace that is being filled.
pub(super) struct Sheet<'a> {
    pub(super) builder: TraceBuilder,
    classifier: &'a Classifier,
    /// By name, and by kind where that is not told by the name.
    labels: HashMap<(String, Option<Kind>), LabelId>,
    /// The trace's zero.
    pub(super) base_host_ns: i64,
    /// Rows beside the streams, by rank.
    rows: HashMap<u32, u32>,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(
        builder: TraceBuilder,
        classifier: &'a Classifier,
        base_host_ns: i64,
    ) -> Self {
        Self { builder, classifier, labels: HashMap::new(), base_host_ns, rows: HashMap::new() }
    }

    /// A rank, below which its rows stand.
    pub(super) fn rank(&mut self, rank: u32, device: Option<&Device>, sms: u32) -> TrackId {
        self.builder.meta_mut().ranks.push(RankInfo {
            rank,
            device: device.map_or_else(DeviceInfo::default, |device| DeviceInfo {
                name: device.name.clone(),
                sms,
                memory_bytes: device.memory_bytes,
                compute_capability: device.compute_capability,
            }),
            server: None,
        });
        self.builder.track(None, format!("rank {rank}"), TrackKind::Rank { rank })
    }

    /// A row that repeats what a rank's streams hold.
    pub(super) fn beside(&mut self, rank: u32, root: TrackId, name: String) -> TrackId {
        let row = self.rows.entry(rank).or_default();
        let kind = TrackKind::Driver { rank, row: *row };
        *row += 1;
        self.builder.track(Some(root), name, kind)
    }

    /// The label of a kernel, or of several in a row.
    pub(super) fn label(&mut self, names: &[String]) -> LabelId {
        let name = joined(names);
        if let Some(&known) = self.labels.get(&(name.clone(), None)) {
            return known;
        }
        let kinds: Vec<Kind> = names.iter().map(|name| self.classifier.kind(name)).collect();
        let kind = kinds.first().copied().unwrap_or_default();
        let label = self.builder.label(Label { name: name.clone(), kind, ..Label::default() });
        self.labels.insert((name, None), label);
        label
    }

    /// The label of something whose kind is known without its name.
    pub(super) fn label_of_kind(&mut self, name: &str, kind: Kind) -> LabelId {
        let key = (name.to_owned(), Some(kind));
        if let Some(&known) = self.labels.get(&key) {
            return known;
        }
        let label = Label { name: name.to_owned(), kind, ..Label::default() };
        let label = self.builder.label(label);
        self.labels.insert(key, label);
        label
    }
}

/// The demangled name of a kernel.
pub(super) fn kernel_name(process: &Process, kernel: u32) -> String {
    demangled(process.kernels.get(&kernel).map_or("", String::as_str))
}

/// Names in a row, each once with its count.
fn joined(names: &[String]) -> String {
    let mut parts: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match parts.last_mut() {
            Some((last, count)) if last == name => *count += 1,
            _ => parts.push((name, 1)),
        }
    }
    let part = |&(name, count): &(&str, usize)| {
        if count == 1 { name.to_owned() } else { format!("{name} ×{count}") }
    };
    parts.iter().map(part).collect::<Vec<_>>().join(" + ")
}

/// The name as its author wrote it; as it is when it is not mangled.
fn demangled(name: &str) -> String {
    match cpp_demangle::Symbol::new(name).ok().and_then(|symbol| symbol.demangle().ok()) {
        Some(written) => written,
        None if name.is_empty() => "kernel without a name".to_owned(),
        None => name.to_owned(),
    }
}
