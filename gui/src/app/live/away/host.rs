//! Who runs plans at the other end.

use std::sync::Arc;
#[cfg(not(target_arch = "wasm32"))]
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::{
    super::{Backend, Executors},
    On,
};
use crate::{here::Gpus, jobs::Wake};

/// What the other end runs plans with.
#[derive(Clone, Default)]
pub(crate) struct Host {
    pub(super) executors: Executors,
    gpus: Option<Arc<Gpus>>,
    /// Where there are threads a run has one of its own, and calls this when it has something to tell.
    pub(super) beside: Option<Wake>,
    /// Between both ends is a link that may be slow: parts go over it.
    pub(super) is_afar: bool,
    /// A window among others: its run is theirs.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) visit: Option<Arc<super::Visit>>,
    /// Held while something has to be brought to its end although the window is gone.
    #[cfg(feature = "gpus")]
    pub(super) busy: Busy,
}

/// Whether something has to be brought to its end. Clones are the same.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Default)]
pub(crate) struct Busy(Arc<AtomicUsize>);

/// Something has to be, as long as this is held.
#[cfg(feature = "gpus")]
pub(super) struct Holding(Busy);

#[cfg(feature = "gpus")]
impl Drop for Holding {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl Busy {
    /// Something has to be, from now on.
    #[cfg(feature = "gpus")]
    pub(super) fn hold(&self) -> Holding {
        self.0.fetch_add(1, Ordering::AcqRel);
        Holding(self.clone())
    }

    /// Waits until nothing has, at most so long.
    pub(crate) fn wait(&self, patience: Duration) {
        let began = Instant::now();
        while self.0.load(Ordering::Acquire) > 0 && began.elapsed() < patience {
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Host {
    /// One with threads, and maybe with GPUs, at the other end of a link.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn with_threads(executors: Executors, gpus: Option<Arc<Gpus>>, wake: Wake) -> Self {
        Self { executors, gpus, beside: Some(wake), is_afar: true, ..Self::default() }
    }

    /// The same whose work is waited for by whoever holds this.
    #[cfg(feature = "gpus")]
    pub(crate) fn awaited(self, busy: Busy) -> Self {
        Self { busy, ..self }
    }

    /// The same for one window of a run that several see.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn sharing(self, visit: Option<Arc<super::Visit>>) -> Self {
        Self { visit, ..self }
    }

    /// The backend that is asked for.
    ///
    /// # Errors
    /// In words, where GPUs are asked for and there are none.
    pub(super) fn backend(&self, on: On) -> Result<Backend, String> {
        match (on, &self.gpus) {
            (On::Simulator, _) => Ok(Backend::Simulated),
            (On::Gpus(run), Some(gpus)) => Ok(Backend::Gpus(Arc::clone(gpus), run)),
            (On::Gpus(_), None) => Err("there are no GPUs there".to_owned()),
        }
    }
}
