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

use cupti_sys::{LAUNCH_CALLS, bindings as sys};
use weftscope_engine::plan::OpId;

/// Which launch a call of the driver was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LaunchMark {
    /// CUPTI's id of the call, which the records of what it caused carry too.
    pub(crate) correlation: u32,
    pub(crate) launch: Launch,
    /// The call's name.
    pub(crate) call: &'static str,
    /// From its begin to its return, CUPTI time.
    pub(crate) called: (i64, i64),
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
    /// The call that this thread is in, by its correlation id, and when it began, CUPTI time.
    static CALL: Cell<Option<(u32, i64)>> = const { Cell::new(None) };
}

/// What this thread is at; a thread that is ending launches nothing of ours.
fn current() -> Option<At> {
    CURRENT.try_with(Cell::get).ok().flatten()
}

/// The op that this thread captures.
pub(super) fn captured_for() -> Option<OpId> {
    match current()? {
        At::Capturing(op) => Some(op),
        At::Launching(_) => None,
    }
}

/// The calls that CUPTI called us back from since last asked, and how many found no room.
static CALLS: Mutex<(Vec<LaunchMark>, u64)> = Mutex::new((Vec::new(), 0));
/// Calls kept until they are taken.
const ROOM: usize = 1 << 20;

/// Notes under which mark a call of the driver was made, and when.
///
/// # Safety
/// `data` is what CUPTI hands out for this call.
pub(super) unsafe fn called(call: sys::CUpti_CallbackId, data: *const c_void) {
    // SAFETY: of this domain, so the data is of this type and lives during the callback.
    let (site, correlation) = unsafe {
        let data = data.cast::<sys::CUpti_CallbackData>();
        ((*data).callbackSite, (*data).correlationId)
    };
    let Some(At::Launching(launch)) = current() else { return };
    if site == sys::CUpti_ApiCallbackSite::CUPTI_API_ENTER {
        CALL.set(Some((correlation, now_ns())));
        return;
    }
    let Some((_, began_ns)) = CALL.take().filter(|(begun, _)| *begun == correlation) else {
        return;
    };
    let (call, called) = (name_of(call), (began_ns, now_ns()));
    let mut calls = CALLS.lock().unwrap_or_else(PoisonError::into_inner);
    if calls.0.len() < ROOM {
        calls.0.push(LaunchMark { correlation, launch, call, called });
    } else {
        calls.1 += 1;
    }
}

/// A call's name, without what tells the default stream of a thread from that of all.
fn name_of(call: sys::CUpti_CallbackId) -> &'static str {
    let known = LAUNCH_CALLS.iter().find(|(_, number)| *number == call);
    known.map_or("launch", |(name, _)| name.trim_end_matches("_ptsz"))
}

/// CUPTI's time, 0 when it will not say: then nothing is left out for being older.
pub(super) fn now_ns() -> i64 {
    let mut now = 0;
    // SAFETY: valid for one write.
    let _zero = unsafe { sys::cuptiGetTimestamp(&raw mut now) };
    now as i64
}

/// The marks since last asked, and the number of launches whose mark found no room.
pub(super) fn take_marks() -> (Vec<LaunchMark>, u64) {
    std::mem::take(&mut *CALLS.lock().unwrap_or_else(PoisonError::into_inner))
}
