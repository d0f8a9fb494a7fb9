//! Launches that no arrow tells: work on a GPU has the correlation id of the call that it came from.
//!
//! Kineto writes the id on both sides, and arrows besides that other tools leave out. An id is unique within a process alone,
//! and a GPU's rows name a device where a process stood, so where several processes call the rank has to tell whose it was.

use hashbrown::HashSet;

use super::identity::{Context, Identity};
use crate::interchange::tally::Tally;
use crate::{Flow, FlowKind, SliceRef};

/// Calls of the runtime and the driver, and work on GPUs, by correlation id.
#[derive(Debug, Default)]
pub(super) struct Correlated {
    calls: Vec<Call>,
    works: Vec<Work>,
}

#[derive(Clone, Copy, Debug)]
struct Call {
    id: u32,
    pid: i64,
    slice: SliceRef,
}

#[derive(Clone, Copy, Debug)]
struct Work {
    id: u32,
    context: Context,
    slice: SliceRef,
}

const NOT_IN_FILE: &str = "GPU work whose launch is not in the file";
const SEVERAL: &str = "GPU work whose launch may be one of several processes'";

impl Correlated {
    /// A call of a process, in order of start; 0 is no id.
    pub(super) fn call(&mut self, id: u32, pid: i64, slice: SliceRef) {
        if id != 0 {
            self.calls.push(Call { id, pid, slice });
        }
    }

    /// Something on a GPU.
    pub(super) fn work(&mut self, id: u32, context: Context, slice: SliceRef) {
        if id != 0 {
            self.works.push(Work { id, context, slice });
        }
    }

    /// The launches of all work that none of these arrows ends at.
    pub(super) fn join(
        mut self,
        arrows: &[Flow],
        identity: &Identity,
        tally: &mut Tally,
    ) -> Vec<Flow> {
        if self.calls.is_empty() {
            return Vec::new();
        }
        let launches = arrows.iter().filter(|flow| flow.kind == FlowKind::Launch);
        let told: HashSet<SliceRef> = launches.map(|flow| flow.to).collect();
        let is_one_process = self.calls.iter().all(|call| call.pid == self.calls[0].pid);
        // Stable, so that of one id the first call stays the first: the runtime's contains the driver's.
        self.calls.sort_by_key(|call| call.id);
        let mut joined = Vec::new();
        for work in self.works.iter().filter(|work| !told.contains(&work.slice)) {
            let first = self.calls.partition_point(|call| call.id < work.id);
            let of_id = self.calls[first..].iter().take_while(|call| call.id == work.id);
            let rank = identity.seat(work.context).map(|seat| seat.rank);
            let is_its = |call: &&Call| is_one_process || identity.of_process(call.pid) == rank;
            let mut calls = of_id.clone().filter(is_its);
            match calls.next() {
                Some(call) if calls.all(|other| other.pid == call.pid) => {
                    joined.push(Flow { from: call.slice, to: work.slice, kind: FlowKind::Launch });
                }
                None if of_id.count() == 0 => tally.diagnostics.remark(NOT_IN_FILE, 1),
                _ => tally.diagnostics.remark(SEVERAL, 1),
            }
        }
        joined
    }
}
