//! Iterations, from NVTX ranges that number them.
//!
//! A range is a matter of the host; what it launched runs later. An iteration lasts from the first GPU work that was
//! launched inside its range (on any thread, as the backward pass runs on its own) to the last, cut where the next begins.

use std::collections::BTreeMap;

use super::launches::Joined;
use crate::model::numbers_an_iteration;

/// Ranges that number iterations, by process.
#[derive(Debug, Default)]
pub(super) struct Steps(BTreeMap<i64, Vec<Step>>);

#[derive(Clone, Debug)]
struct Step {
    name: String,
    /// On the host.
    range: (i64, i64),
    /// On GPUs, as far as is known, by the process that has their rows.
    work: BTreeMap<i64, (i64, i64)>,
}

impl Steps {
    pub(super) fn range(&mut self, pid: i64, name: &str, range: (i64, i64)) {
        if numbers_an_iteration(name) {
            let step = Step { name: name.to_owned(), range, work: BTreeMap::new() };
            self.0.entry(pid).or_default().push(step);
        }
    }

    /// Every iteration that launched anything, by the process that has the rows of what ran, and in order.
    pub(super) fn on_gpu(
        self,
        launches: &Joined,
        process_of_row: impl Fn(u32) -> i64,
    ) -> Vec<OnGpu> {
        let mut all = self.0;
        for steps in all.values_mut() {
            keep_outer(steps);
        }
        for (call, works) in launches.iter() {
            let Some(call) = call else { continue };
            let Some(steps) = all.get_mut(&call.pid()) else { continue };
            let after = steps.partition_point(|step| step.range.0 <= call.start_ns);
            let Some(step) = after.checked_sub(1).map(|at| &mut steps[at]) else { continue };
            for work in works.iter().filter(|_| call.start_ns <= step.range.1) {
                let (start, end) = step.work.entry(process_of_row(work.row)).or_insert(work.span);
                (*start, *end) = ((*start).min(work.span.0), (*end).max(work.span.1));
            }
        }
        let mut by_process: BTreeMap<i64, Vec<OnGpu>> = BTreeMap::new();
        for Step { name, work, .. } in all.into_values().flatten() {
            for (pid, span) in work {
                by_process.entry(pid).or_default().push(OnGpu { pid, name: name.clone(), span });
            }
        }
        by_process.into_values().flat_map(one_after_another).collect()
    }
}

/// A range inside another numbers something smaller.
fn keep_outer(steps: &mut Vec<Step>) {
    steps.sort_by_key(|step| step.range);
    let mut end_ns = i64::MIN;
    steps.retain(|step| {
        let is_outer = step.range.0 >= end_ns;
        end_ns = end_ns.max(step.range.1);
        is_outer
    });
}

/// An iteration by what it launched.
pub(super) struct OnGpu {
    pub(super) pid: i64,
    pub(super) name: String,
    pub(super) span: (i64, i64),
}

/// Each ends where the next begins, at the latest.
fn one_after_another(mut worked: Vec<OnGpu>) -> Vec<OnGpu> {
    worked.sort_by_key(|step| step.span);
    for at in 1..worked.len() {
        let next_start_ns = worked[at].span.0;
        let end_ns = &mut worked[at - 1].span.1;
        *end_ns = next_start_ns.min(*end_ns);
    }
    worked
}
