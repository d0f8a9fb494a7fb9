//! CUPTI's records of every kind in one shape: what the driver did, on which rank.

use std::{collections::HashMap, sync::Arc};

use cupti_sys::Record;
use weftscope_engine::{observer::LaunchKind, plan::OpId};

use super::words;
use crate::cupti::ActivityRecord;

/// A record of one shape, whatever it was.
#[derive(Clone, Debug)]
pub(super) struct DriverActivity {
    pub(super) kind: LaunchKind,
    pub(super) rank: Option<u32>,
    pub(super) correlation: u32,
    pub(super) op: Option<OpId>,
    /// Node of a graph, by CUPTI's id.
    pub(super) node: Option<u64>,
    pub(super) stream: u32,
    pub(super) name: Arc<str>,
    pub(super) bytes: u64,
    /// CUPTI time.
    pub(super) span: (i64, i64),
}

/// Turns records into activities; keeps what it learns of contexts and names.
#[derive(Debug)]
pub(super) struct Activities {
    /// GPU of each rank, as the driver numbers them.
    gpus: Vec<u32>,
    /// Rank of each context seen to run something.
    contexts: HashMap<u32, u32>,
    names: HashMap<String, Arc<str>>,
}

impl Activities {
    pub(super) fn new(gpus: Vec<u32>) -> Self {
        Self { gpus, contexts: HashMap::new(), names: HashMap::new() }
    }

    /// Learns which rank a context belongs to, from records that name both.
    pub(super) fn learn(&mut self, record: &Record) {
        match record {
            Record::Kernel(kernel) => self.learn_context(kernel.context, kernel.device),
            Record::Memcpy(copy) => self.learn_context(copy.context, copy.device),
            _ => {}
        }
    }

    fn rank_of(&self, gpu: u32) -> Option<u32> {
        self.gpus.iter().position(|&known| known == gpu).map(|rank| rank as u32)
    }

    fn learn_context(&mut self, context: u32, gpu: u32) {
        if let Some(rank) = self.rank_of(gpu) {
            self.contexts.insert(context, rank);
        }
    }

    /// `None` for what is no activity, has no times or runs on a GPU that is not ours.
    pub(super) fn activity(&mut self, event: &ActivityRecord) -> Option<DriverActivity> {
        let on = |gpu: u32| self.rank_of(gpu);
        let (kind, gpu_rank, stream, bytes, correlation) = match &event.record {
            Record::Kernel(it) => (LaunchKind::Kernel, on(it.device), it.stream, 0, it.correlation),
            Record::Memcpy(it) => {
                (LaunchKind::Memcpy, on(it.device), it.stream, it.bytes, it.correlation)
            }
            Record::MemcpyPeer(it) => {
                (LaunchKind::Memcpy, on(it.device), it.stream, it.bytes, it.correlation)
            }
            Record::Memset(it) => {
                (LaunchKind::Memset, on(it.device), it.stream, it.bytes, it.correlation)
            }
            Record::Synchronization(it) => {
                let rank = self.contexts.get(&it.context).copied();
                (LaunchKind::Synchronization, rank, it.stream, 0, 0)
            }
            Record::Overhead(_) => (LaunchKind::Overhead, None, 0, 0, 0),
            _ => return None,
        };
        let span = span_of(&event.record)?;
        let is_on_gpu =
            matches!(kind, LaunchKind::Kernel | LaunchKind::Memcpy | LaunchKind::Memset);
        if is_on_gpu && gpu_rank.is_none() {
            return None;
        }
        let name = self.name(event);
        Some(DriverActivity {
            kind,
            rank: gpu_rank,
            correlation,
            op: None,
            node: event.record.graph_node(),
            stream,
            name,
            bytes,
            span,
        })
    }

    fn name(&mut self, event: &ActivityRecord) -> Arc<str> {
        let words = words::of(event);
        if let Some(known) = self.names.get(words.as_ref()) {
            return Arc::clone(known);
        }
        let name: Arc<str> = Arc::from(words.as_ref());
        self.names.insert(words.into_owned(), Arc::clone(&name));
        name
    }
}

/// Start and end, CUPTI time; `None` when CUPTI did not time it.
fn span_of(record: &Record) -> Option<(i64, i64)> {
    let (start, end) = match record {
        Record::Kernel(it) => (it.start_ns, it.end_ns),
        Record::Memcpy(it) => (it.start_ns, it.end_ns),
        Record::MemcpyPeer(it) => (it.start_ns, it.end_ns),
        Record::Memset(it) => (it.start_ns, it.end_ns),
        Record::Synchronization(it) => (it.start_ns, it.end_ns),
        Record::Overhead(it) => (it.start_ns, it.end_ns),
        _ => return None,
    };
    (start != 0 || end != 0).then_some((start as i64, end as i64))
}
