//! Files are read, wherever they lie.

#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
use std::path::PathBuf;

#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
use weftscope_traces::Classifier;

use super::Runner;
#[cfg(not(target_arch = "wasm32"))]
use crate::app::event::JobResult;
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
use crate::jobs::{EventSender, JobControl};
use crate::{
    app::event::Event,
    jobs::{self, JobStatus},
};

impl Runner {
    /// Reads files, wherever they lie.
    pub(super) fn open(&self, job: &JobStatus, asked: jobs::Asked) {
        let classifier = self.classifier.clone();
        let (id, sender) = (job.id, self.events.clone());
        let show = move |paths, document| {
            sender.send(Event::Opening { id, paths, document });
        };
        let events = self.events.clone();
        let control = job.control();
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(folder) = crate::app::cluster::is_digests(&asked) {
            return events.spawn(id, "digests", control, move |control| match folder {
                Ok(folder) => crate::app::cluster::read_cluster(&folder, control),
                Err(cause) => JobResult::Failed(cause),
            });
        }
        #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
        if let Some((recording, paths)) = recording_of(&asked) {
            let from = (recording, paths, self.ssh.clone());
            return open_there(from, classifier, show, (id, control), &events);
        }
        let asked_for = asked.clone();
        let open = move || {
            events.spawn(id, "open", control, move |control| {
                jobs::open(&asked, &classifier, show, control)
            });
        };
        with_samples(&asked_for, open);
    }
}

/// Opens a recording on a server, on a thread of its own.
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
fn open_there(
    (recording, paths, ssh): (Meant, Vec<PathBuf>, crate::remote::Ssh),
    classifier: Classifier,
    show: impl Fn(Vec<PathBuf>, std::sync::Arc<crate::app::Document>) + Send + 'static,
    (id, control): (jobs::JobId, JobControl),
    events: &EventSender,
) {
    let told = events.clone();
    events.spawn(id, "open there", control, move |control| match recording {
        Ok(_) if paths.len() > 1 => {
            crate::remote::open_several((&ssh, paths), &classifier, &told, control)
        }
        Ok(recording) => crate::remote::open_there((&ssh, &recording, paths), &show, told, control),
        Err(error) => JobResult::Failed(error.to_string()),
    });
}

/// A recording on a server, or why an address is none.
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
type Meant = Result<crate::remote::Recording, crate::remote::TargetError>;

/// The recording on a server that is asked for, if one is.
#[cfg(all(feature = "live", not(target_arch = "wasm32")))]
fn recording_of(asked: &jobs::Asked) -> Option<(Meant, Vec<PathBuf>)> {
    let paths = match asked {
        jobs::Asked::Paths(paths) => paths.clone(),
        // One address, with whatever spaces are in it.
        jobs::Asked::Typed(text) => vec![PathBuf::from(text.trim())],
    };
    Some((crate::remote::Recording::among(&paths).transpose()?, paths))
}

/// Opens at once: samples are part of the program.
#[cfg(not(target_arch = "wasm32"))]
fn with_samples(_asked: &jobs::Asked, open: impl FnOnce() + 'static) {
    open();
}

/// Opens once the samples that are asked for are there: they lie beside the page.
#[cfg(target_arch = "wasm32")]
use crate::web::with_samples;
