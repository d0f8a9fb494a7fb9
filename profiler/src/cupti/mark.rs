//! Which op a launch belongs to: CUPTI calls back from every launch, under the mark that its thread has set. A graph is
//! one launch of many ops; its [nodes](super::nodes) tell them apart.
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

use super::nodes;

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
    /// `None`: a graph of many.
    pub(crate) op: Option<OpId>,
}

/// What a thread is at.
#[derive(Clone, Copy, Debug)]
enum At {
    Launching(Launch),
    Capturing(OpId),
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
        let iteration = self.iteration_of(rank, op);
        CURRENT.set(Some(At::Launching(Launch { iteration, op: Some(op) })));
    }

    /// The thread launches a graph of all ops of a rank. Within an iteration ranks only go up.
    pub(super) fn set_graph(&mut self, rank: u32) {
        let iteration = self.iteration_of(rank, OpId(0));
        CURRENT.set(Some(At::Launching(Launch { iteration, op: None })));
    }

    fn iteration_of(&mut self, rank: u32, op: OpId) -> u16 {
        if self.last.is_some_and(|last| (op, rank) <= last) {
            self.iterations = self.iterations.wrapping_add(1);
        }
        self.last = Some((op, rank));
        self.iterations
    }

    /// Nodes that the thread adds to a graph from now on belong to `op`.
    pub(super) fn capture(op: OpId) {
        CURRENT.set(Some(At::Capturing(op)));
    }

    /// What the thread asks of the driver from now on belongs to no op.
    pub(super) fn clear() {
        CURRENT.set(None);
    }
}

thread_local! {
    /// The mark that this thread launches or captures under.
    static CURRENT: Cell<Option<At>> = const { Cell::new(None) };
}

/// The op that this thread captures.
pub(super) fn captured_for() -> Option<OpId> {
    match CURRENT.try_with(Cell::get).ok().flatten()? {
        At::Capturing(op) => Some(op),
        At::Launching(_) => None,
    }
}

/// The calls that CUPTI called us back from since last asked, and how many found no room.
static CALLS: Mutex<(Vec<LaunchMark>, u64)> = Mutex::new((Vec::new(), 0));
/// Calls kept until they are taken.
const ROOM: usize = 1 << 20;

/// CUPTI's callback: notes under which mark a call was made, or a node of a graph.
pub(super) unsafe extern "C" fn called(
    _user: *mut c_void,
    domain: sys::CUpti_CallbackDomain,
    call: sys::CUpti_CallbackId,
    data: *const c_void,
) {
    if data.is_null() {
        return;
    }
    if domain == sys::CUpti_CallbackDomain::CUPTI_CB_DOMAIN_RESOURCE {
        // SAFETY: the data is what CUPTI hands out for this call of this domain.
        return unsafe { nodes::called(call, data) };
    }
    if domain != sys::CUpti_CallbackDomain::CUPTI_CB_DOMAIN_DRIVER_API {
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
    let Some(At::Launching(launch)) = CURRENT.try_with(Cell::get).ok().flatten() else { return };
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
