//! Arrows as flows: an id that both ends share.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::edit::ranks;
use crate::interchange::perfetto::messages::flow_id;
use crate::{Flow, SliceRef, Trace};

/// Ids of a trace's arrows by their ends.
pub(super) struct Arrows<'a> {
    flows: &'a [Flow],
    /// Arrows by where they end.
    by_end: Vec<(SliceRef, u32)>,
    /// Tells the ids of one file from those of another file of the job, should somebody put them together.
    file: u32,
}

impl<'a> Arrows<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        let mut hasher = DefaultHasher::new();
        (&trace.meta.title, trace.meta.base_time_unix_ns, ranks(trace)).hash(&mut hasher);
        let mut by_end: Vec<(SliceRef, u32)> =
            trace.flows.iter().zip(0..).map(|(flow, index)| (flow.to, index)).collect();
        by_end.sort_unstable();
        Self { flows: &trace.flows, by_end, file: hasher.finish() as u32 }
    }

    /// Of those that begin at a slice.
    pub(super) fn from(&self, slice: SliceRef) -> Vec<u64> {
        let first = self.flows.partition_point(|flow| flow.from < slice);
        let those = self.flows[first..].iter().take_while(|flow| flow.from == slice);
        those.zip(first..).map(|(_, index)| self.id(index)).collect()
    }

    /// Of those that end at a slice.
    pub(super) fn to(&self, slice: SliceRef) -> Vec<u64> {
        let first = self.by_end.partition_point(|(to, _)| *to < slice);
        let those = self.by_end[first..].iter().take_while(|(to, _)| *to == slice);
        those.map(|&(_, index)| self.id(index as usize)).collect()
    }

    fn id(&self, index: usize) -> u64 {
        flow_id(self.file, index, self.flows[index].kind)
    }
}
