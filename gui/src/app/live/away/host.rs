//! Who runs plans at the other end.

use std::sync::Arc;

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
}

impl Host {
    /// One with threads, and maybe with GPUs, at the other end of a link.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn with_threads(executors: Executors, gpus: Option<Arc<Gpus>>, wake: Wake) -> Self {
        Self { executors, gpus, beside: Some(wake), is_afar: true, visit: None }
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
