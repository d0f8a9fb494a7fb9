//! Which op a launch belongs to, by CUPTI's external correlation.

use std::{
    cell::Cell,
    ffi::c_void,
    sync::{Mutex, PoisonError},
};

use cupti_sys::{ExternalCorrelation, Record, bindings as sys};
use weftscope_engine::plan::OpId;

use super::ActivityRecord;

/// One of the kinds that CUPTI leaves to its users.
const KIND: sys::CUpti_ExternalCorrelationKind =
    sys::CUpti_ExternalCorrelationKind::CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0;

/// Marks every launch with its iteration, rank and op. Costs two calls into CUPTI a launch, on the launching thread.
#[derive(Debug, Default)]
pub(super) struct LaunchMarks {
    /// Iterations begun since the marks were made new.
    iterations: u16,
    /// Last op and rank marked.
    last: Option<(OpId, u32)>,
    failed: u64,
}

impl LaunchMarks {
    /// The next mark is of iteration 0.
    pub(super) fn restart(&mut self) {
        (self.iterations, self.last) = (0, None);
    }

    /// What the thread asks of the driver from now on belongs to `op`. Within an iteration ops and ranks
    /// only go up.
    pub(super) fn push(&mut self, rank: u32, op: OpId) {
        if self.last.is_some_and(|last| (op, rank) <= last) {
            self.iterations = self.iterations.wrapping_add(1);
        }
        self.last = Some((op, rank));
        let id = pack(self.iterations, rank, op);
        CURRENT.set(Some(id));
        // SAFETY: takes two numbers; CUPTI is loaded, since marks are made only while activity is collected.
        let pushed = unsafe { sys::cuptiActivityPushExternalCorrelationId(KIND, id) };
        if pushed != sys::CUptiResult::CUPTI_SUCCESS {
            self.failed += 1;
        }
    }

    pub(super) fn pop(&mut self) {
        CURRENT.set(None);
        let mut last = 0;
        // SAFETY: valid for one write. With nothing pushed CUPTI says so, which `push` has counted.
        let _counted = unsafe { sys::cuptiActivityPopExternalCorrelationId(KIND, &raw mut last) };
    }

    /// Launches that could not be marked since last asked.
    pub(super) fn take_failed(&mut self) -> u64 {
        std::mem::take(&mut self.failed)
    }
}

thread_local! {
    /// The mark that this thread launches under.
    static CURRENT: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Correlation id and mark of each call that CUPTI called us back from.
static CALLS: Mutex<Vec<(u32, u64)>> = Mutex::new(Vec::new());
/// Calls kept until they are taken; beyond, kernels stay without an op, which is counted.
const ROOM: usize = 1 << 20;

/// CUPTI's callback: notes under which mark a call was made.
///
/// A second way to the same marks: CUPTI 13.0.1 made no external correlation records of calls that were enabled one by
/// one, and nothing in its documentation says when else it makes none. The correlation id that the callback gives is
/// that of the records of the call.
pub(super) unsafe extern "C" fn called(
    _user: *mut c_void,
    domain: sys::CUpti_CallbackDomain,
    _call: sys::CUpti_CallbackId,
    data: *const c_void,
) {
    if domain != sys::CUpti_CallbackDomain::CUPTI_CB_DOMAIN_DRIVER_API || data.is_null() {
        return;
    }
    // SAFETY: of this domain, so the data is of this type and lives during the callback.
    let (site, correlation) = unsafe {
        let data = data.cast::<sys::CUpti_CallbackData>();
        ((*data).callbackSite, (*data).correlationId)
    };
    if site != sys::CUpti_ApiCallbackSite::CUPTI_API_ENTER {
        return;
    }
    // A thread that is ending launches nothing of ours.
    let Some(id) = CURRENT.try_with(Cell::get).ok().flatten() else { return };
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    if calls.len() < ROOM {
        calls.push((correlation, id));
    }
}

/// The marks that callbacks brought since last asked, in the form of records.
pub(super) fn take_called() -> Vec<ActivityRecord> {
    let calls = std::mem::take(&mut *CALLS.lock().unwrap_or_else(PoisonError::into_inner));
    let event = |(correlation, id)| {
        let mark = ExternalCorrelation { kind: KIND as u32, id, correlation };
        ActivityRecord { record: Record::ExternalCorrelation(mark), name: None }
    };
    calls.into_iter().map(event).collect()
}

/// Whether a record is a mark of ours.
pub(super) fn is_mark(event: &ActivityRecord) -> bool {
    matches!(event.record, Record::ExternalCorrelation(mark) if mark.kind == KIND as u32)
}

/// Iteration in the upper quarter, rank in the next, op in the lower half.
pub(crate) fn pack(iteration: u16, rank: u32, op: OpId) -> u64 {
    u64::from(iteration) << 48 | u64::from(rank as u16) << 32 | u64::from(op.0)
}

/// Iteration, rank and op of a mark; `None` when it is another tool's.
pub(crate) fn unpack(kind: u32, id: u64) -> Option<(u16, u32, OpId)> {
    let rank = u32::from((id >> 32) as u16);
    (kind == KIND as u32).then_some(((id >> 48) as u16, rank, OpId(id as u32)))
}

/// The kind of our marks, for made-up records.
#[cfg(test)]
pub(crate) const MARK_KIND: u32 = KIND as u32;
