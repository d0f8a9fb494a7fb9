//! Starting and stopping CUPTI's activity collection, and taking what has come in.

use crossbeam::channel::{Receiver, bounded};
use cupti_sys::{ActivityKind, ApiVersion, Library, bindings as sys};

use super::{
    ActivityRecord, CuptiError, Loss,
    buffers::{attach, completed, detach, loss, requested},
    error::check,
    subscriber::Subscriber,
};

/// Records that wait to be taken; 10⁶ of them are about 200 MB, two seconds of a busy machine.
const CHANNEL_ROOM: usize = 1 << 20;

/// Activity being collected, until dropped. One a process.
#[derive(Debug)]
pub struct Activity {
    library: Library,
    kinds: Vec<ActivityKind>,
    /// Given back last, when nothing is enabled any more.
    subscriber: Subscriber,
    events: Receiver<ActivityRecord>,
}

/// What came in, and what did not.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// In the order in which CUPTI handed them over, which is not the order of time.
    pub events: Vec<ActivityRecord>,
    /// Lost since the start.
    pub loss: Loss,
}

impl Activity {
    /// Starts collecting. Kernels launched before do not appear.
    ///
    /// # Errors
    /// [`CuptiError`]: no library, another tool collects, or a kind cannot be enabled here.
    pub fn start(kinds: &[ActivityKind]) -> Result<Self, CuptiError> {
        let library = Library::open()?;
        let (sender, events) = bounded(CHANNEL_ROOM);
        if !attach(sender) {
            return Err(CuptiError::Busy);
        }
        let subscriber = Subscriber::claim(&library).inspect_err(|_| detach())?;
        let mut activity = Self { library, kinds: Vec::new(), subscriber, events };
        // SAFETY: both callbacks have the prototypes that CUPTI asks for and live as long as the process.
        let registered =
            unsafe { sys::cuptiActivityRegisterCallbacks(Some(requested), Some(completed)) };
        check(registered, "cuptiActivityRegisterCallbacks")?;
        for &kind in kinds {
            // SAFETY: an enumerator of CUPTI's own; enabling has no other precondition.
            check(unsafe { sys::cuptiActivityEnable(raw(kind)) }, "cuptiActivityEnable")?;
            activity.kinds.push(kind);
        }
        Ok(activity)
    }

    /// Stops or resumes collecting. Off, kernels run at the speed they have without CUPTI, but for what its mere
    /// presence costs.
    ///
    /// # Errors
    /// The first call that CUPTI refused.
    pub fn set_on(&self, on: bool) -> Result<(), CuptiError> {
        for &kind in &self.kinds {
            if on {
                // SAFETY: an enumerator of CUPTI's own; enabling has no other precondition.
                check(unsafe { sys::cuptiActivityEnable(raw(kind)) }, "cuptiActivityEnable")?;
            } else {
                // SAFETY: enabled by us.
                check(unsafe { sys::cuptiActivityDisable(raw(kind)) }, "cuptiActivityDisable")?;
            }
        }
        Ok(())
    }

    /// Whether CUPTI calls back from launches, which marks can be read off.
    ///
    /// # Errors
    /// When CUPTI will not.
    pub(super) fn hear_launches(&self, on: bool) -> Result<(), CuptiError> {
        self.subscriber.hear_launches(on)
    }

    /// CUPTI calls back from what happens to nodes of graphs, which ops can be read off.
    ///
    /// # Errors
    /// When CUPTI will not.
    pub(super) fn hear_nodes(&self) -> Result<(), CuptiError> {
        self.subscriber.hear_nodes()
    }

    /// CUPTI's version, when it says.
    pub fn version(&self) -> Option<ApiVersion> {
        self.library.version()
    }

    /// Everything that has completed up to now. Forces partly filled buffers out, which costs a little each time.
    ///
    /// # Errors
    /// When CUPTI cannot flush.
    pub fn take(&self) -> Result<Collected, CuptiError> {
        const FORCED: u32 = sys::CUpti_ActivityFlag::CUPTI_ACTIVITY_FLAG_FLUSH_FORCED as u32;
        // SAFETY: may be called at any time from any thread but CUPTI's own.
        check(unsafe { sys::cuptiActivityFlushAll(FORCED) }, "cuptiActivityFlushAll")?;
        Ok(Collected { events: self.events.try_iter().collect(), loss: loss() })
    }

    /// CUPTI's clock now, in ns: the domain of every record's times.
    ///
    /// # Errors
    /// When CUPTI will not say.
    pub fn now_ns(&self) -> Result<i64, CuptiError> {
        let mut now = 0;
        // SAFETY: valid for one write.
        check(unsafe { sys::cuptiGetTimestamp(&raw mut now) }, "cuptiGetTimestamp")?;
        Ok(now as i64)
    }
}

impl Drop for Activity {
    fn drop(&mut self) {
        for &kind in &self.kinds {
            // SAFETY: enabled by us; a refusal changes nothing for anybody.
            let _disabled = unsafe { sys::cuptiActivityDisable(raw(kind)) };
        }
        detach();
    }
}

fn raw(kind: ActivityKind) -> sys::CUpti_ActivityKind {
    use sys::CUpti_ActivityKind as Raw;
    match kind {
        ActivityKind::Memcpy => Raw::CUPTI_ACTIVITY_KIND_MEMCPY,
        ActivityKind::Memset => Raw::CUPTI_ACTIVITY_KIND_MEMSET,
        ActivityKind::Kernel => Raw::CUPTI_ACTIVITY_KIND_KERNEL,
        ActivityKind::Driver => Raw::CUPTI_ACTIVITY_KIND_DRIVER,
        ActivityKind::Runtime => Raw::CUPTI_ACTIVITY_KIND_RUNTIME,
        ActivityKind::ConcurrentKernel => Raw::CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
        ActivityKind::Marker => Raw::CUPTI_ACTIVITY_KIND_MARKER,
        ActivityKind::Overhead => Raw::CUPTI_ACTIVITY_KIND_OVERHEAD,
        ActivityKind::MemcpyPeer => Raw::CUPTI_ACTIVITY_KIND_MEMCPY2,
        ActivityKind::Synchronization => Raw::CUPTI_ACTIVITY_KIND_SYNCHRONIZATION,
        ActivityKind::ExternalCorrelation => Raw::CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION,
    }
}
