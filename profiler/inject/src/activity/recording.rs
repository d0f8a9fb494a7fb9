//! A recording of what CUPTI tells.

use std::sync::{Arc, Mutex, PoisonError};

use cupti_sys::ActivityKind;

use super::{
    buffers::{completed, requested, with_inbox},
    claim::Claim,
    inbox::Inbox,
    library::{Cupti, CuptiError},
};

/// What is recorded. Graphs come node by node: recording them whole is switched on for all tools in the process at once and
/// cannot be switched off again.
const KINDS: [ActivityKind; 4] = [
    ActivityKind::ConcurrentKernel,
    ActivityKind::Memcpy,
    ActivityKind::MemcpyPeer,
    ActivityKind::Memset,
];
/// `CUPTI_ACTIVITY_THREAD_ID_TYPE_SYSTEM`.
pub const SYSTEM_THREAD_IDS: u32 = 1;

/// The claim of the recording under way, for NCCL's threads.
static CLAIM: Mutex<Option<Arc<Claim>>> = Mutex::new(None);

/// The claim of the recording under way.
pub fn claim() -> Option<Arc<Claim>> {
    CLAIM.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// A recording; ends when dropped.
#[derive(Debug)]
pub struct Recording {
    cupti: &'static Cupti,
    kinds: Vec<ActivityKind>,
    claim: Arc<Claim>,
    has_ended: bool,
}

impl Recording {
    /// Begins to record. Kernels launched before do not appear.
    ///
    /// # Errors
    /// [`CuptiError`]: there is no CUPTI, somebody else holds it, or it refuses.
    pub fn begin() -> Result<Self, CuptiError> {
        Self::of(Cupti::of_process()?)
    }

    fn of(cupti: &'static Cupti) -> Result<Self, CuptiError> {
        let claim = Arc::new(Claim::new(cupti)?);
        with_inbox(Inbox::begin);
        if let Some(thread_ids) = cupti.thread_ids {
            // SAFETY: takes a number. A refusal leaves the threads' numbers as pthread has them.
            unsafe { thread_ids(SYSTEM_THREAD_IDS) };
        }
        // SAFETY: both have the prototypes that CUPTI asks for and live as long as the process.
        let registered = unsafe { (cupti.register)(requested, completed) };
        cupti.check("cuptiActivityRegisterCallbacks", registered)?;
        let mut recording =
            Self { cupti, kinds: Vec::new(), claim: Arc::clone(&claim), has_ended: false };
        for kind in KINDS {
            cupti.set_kind(kind, true)?;
            recording.kinds.push(kind);
        }
        // Asked for before the program's first call of NVTX, which may come at any time.
        if cupti.takes_nvtx() && cupti.set_kind(ActivityKind::Marker, true).is_ok() {
            recording.kinds.push(ActivityKind::Marker);
        }
        *CLAIM.lock().unwrap_or_else(PoisonError::into_inner) = Some(claim);
        Ok(recording)
    }

    /// CUPTI.
    pub fn cupti(&self) -> &'static Cupti {
        self.cupti
    }

    /// Being its client.
    pub fn claim(&self) -> &Claim {
        &self.claim
    }

    /// What this version or this process cannot tell, a sentence each.
    pub fn notes(&self) -> Vec<String> {
        if self.kinds.contains(&ActivityKind::Marker) {
            return Vec::new();
        }
        let version =
            self.cupti.version().map_or_else(String::new, |version| format!(" {version}"));
        vec![format!(
            "no NVTX ranges: libcupti{version} does not take them (13.0.0 breaks NVTX; any other version works)"
        )]
    }

    /// Has what is complete handed over. From one thread, never inside a callback.
    pub fn flush(&self) {
        // Whatever it refuses now it may give later; what it dropped it counts.
        let _later = self.cupti.flush(false);
    }

    /// Records nothing new; what was launched until now is still told.
    pub fn stop(&mut self) {
        for kind in self.kinds.drain(..) {
            // A refusal changes nothing for anybody.
            let _refused = self.cupti.set_kind(kind, false);
        }
    }

    /// Has everything handed over, complete or not, and gives CUPTI back.
    pub fn end(&mut self) {
        if !std::mem::replace(&mut self.has_ended, true) {
            self.stop();
            let _lost = self.cupti.flush(true);
            with_inbox(Inbox::end);
            CLAIM.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::library::made::{self, Asked};

    /// Kinds by CUPTI's numbers: kernels, copies, peers' copies, sets, NVTX.
    #[test]
    fn nothing_is_forced_before_the_end_and_everything_is_given_back() {
        let _turn = made::turn();
        let mut recording = Recording::of(made::cupti(130_001, false)).unwrap();
        assert!(claim().is_some() && recording.notes().is_empty());
        let kinds = |on| [10, 1, 22, 2, 12].map(|kind| Asked::Kind(kind, on));
        let begun: Vec<Asked> = [Asked::Subscribe].into_iter().chain(kinds(true)).collect();
        assert_eq!(made::asked(), begun);
        recording.flush();
        recording.stop();
        recording.flush();
        let stopped: Vec<Asked> =
            [Asked::Flush(0)].into_iter().chain(kinds(false)).chain([Asked::Flush(0)]).collect();
        assert_eq!(made::asked(), stopped);
        recording.end();
        drop(recording);
        assert!(claim().is_none());
        assert_eq!(made::asked(), [Asked::Flush(1), Asked::Unsubscribe]);
    }

    #[test]
    fn the_version_that_breaks_nvtx_is_not_asked_for_it() {
        let _turn = made::turn();
        let recording = Recording::of(made::cupti(130_000, false)).unwrap();
        assert!(!made::asked().contains(&Asked::Kind(12, true)));
        assert!(recording.notes()[0].contains("13.0.0"), "{:?}", recording.notes());
    }

    #[test]
    fn where_cupti_is_held_nothing_is_asked_of_it() {
        let _turn = made::turn();
        assert!(matches!(
            Recording::of(made::cupti(130_001, true)),
            Err(CuptiError::Held(Some(_)))
        ));
        assert_eq!(made::asked(), []);
    }
}
