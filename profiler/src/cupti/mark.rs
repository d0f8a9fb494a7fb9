//! Which op a launch belongs to: CUPTI calls back from every launch, under the mark that its thread has set.
//!
//! CUPTI's own way, external correlation, is not used: CUPTI 13.0.1 made no such records of calls that were enabled one
//! by one, and they stand before records of every call of the driver, which nothing else here wants.

use std::{
    cell::Cell,
    ffi::c_void,
    sync::{Mutex, PoisonError},
};

use cupti_sys::bindings as sys;
use weftscope_engine::plan::OpId;

/// Which launch a call of the driver was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchMark {
    /// CUPTI's id of the call, which the records of what it caused carry too.
    pub(crate) correlation: u32,
    pub(crate) launch: Launch,
}

/// A launch of the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Launch {
    /// Its iteration's place among those launched together, from 0.
    pub(crate) iteration: u16,
    pub(crate) op: OpId,
}

/// Numbers the iterations of the launches that follow one another.
#[derive(Debug, Default)]
pub(super) struct LaunchMarks {
    /// Iterations begun since the marks were made new.
    iterations: u16,
    /// Last op and rank marked.
    last: Option<(OpId, u32)>,
}

impl LaunchMarks {
    /// The next mark is of iteration 0.
    pub(super) fn restart(&mut self) {
        *self = Self::default();
    }

    /// What the thread asks of the driver from now on belongs to `op`. Within an iteration ops and ranks
    /// only go up.
    pub(super) fn set(&mut self, rank: u32, op: OpId) {
        if self.last.is_some_and(|last| (op, rank) <= last) {
            self.iterations = self.iterations.wrapping_add(1);
        }
        self.last = Some((op, rank));
        CURRENT.set(Some(Launch { iteration: self.iterations, op }));
    }

    /// What the thread asks of the driver from now on belongs to no op.
    pub(super) fn clear() {
        CURRENT.set(None);
    }
}

thread_local! {
    /// The mark that this thread launches under.
    static CURRENT: Cell<Option<Launch>> = const { Cell::new(None) };
}

/// The calls that CUPTI called us back from since last asked, and how many found no room.
static CALLS: Mutex<(Vec<LaunchMark>, u64)> = Mutex::new((Vec::new(), 0));
/// Calls kept until they are taken.
const ROOM: usize = 1 << 20;

/// CUPTI's callback: notes under which mark a call was made.
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
    let Some(launch) = CURRENT.try_with(Cell::get).ok().flatten() else { return };
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    if calls.0.len() < ROOM {
        calls.0.push(LaunchMark { correlation, launch });
    } else {
        calls.1 += 1;
    }
}

/// The marks since last asked, and the number of launches whose mark found no room.
pub(super) fn take_marks() -> (Vec<LaunchMark>, u64) {
    std::mem::take(&mut *CALLS.lock().unwrap_or_else(PoisonError::into_inner))
}
