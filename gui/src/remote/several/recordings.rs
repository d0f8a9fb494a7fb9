//! Recordings of several servers as one: each comes whole, over a connection of its own, and what is here is read beside them.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use weftscope_traces::{Classifier, Trace, edit::merge};

use super::{
    super::{Recording, Ssh, reach::whole},
    named,
};
use crate::{
    app::{Document, JobResult, short_name},
    files::open_trace,
    jobs::{EventSender, JobControl},
};

/// Opens them on one timeline; clocks of servers are put together as those of files are.
pub(crate) fn open_several(
    (ssh, paths): (&Ssh, Vec<PathBuf>),
    classifier: &Classifier,
    events: &EventSender,
    control: &JobControl,
) -> JobResult {
    let read = |path: &Path| one((ssh, path), classifier, events, control);
    let traces = thread::scope(|scope| {
        let reading: Vec<_> = paths
            .iter()
            .map(|path| {
                let thread = thread::Builder::new().name("weftscope-several".to_owned());
                thread.spawn_scoped(scope, move || read(path))
            })
            .collect();
        let told = |reading: std::io::Result<thread::ScopedJoinHandle<'_, _>>| match reading {
            Ok(reading) => reading.join().unwrap_or_else(|_| Err("reading it failed".to_owned())),
            Err(error) => Err(format!("no thread to read on: {error}")),
        };
        // All are waited for before one that failed is told.
        let all: Vec<Result<Trace, String>> = reading.into_iter().map(told).collect();
        all.into_iter()
            .zip(&paths)
            .map(|(trace, path)| trace.map_err(|cause| named(&path.display().to_string(), &cause)))
            .collect::<Result<Vec<Trace>, String>>()
    });
    if control.is_cancelled() {
        return JobResult::Cancelled;
    }
    match traces.and_then(|traces| merge(traces).map_err(|error| error.to_string())) {
        Ok(trace) => {
            let stem = paths.first().map_or_else(String::new, |path| short_name(path));
            let stem = stem.split('.').next().unwrap_or("trace").to_owned();
            let mut document = Document::prepare(Arc::new(trace), stem);
            document.batch = crate::app::live::batch_of(&document.trace.meta);
            JobResult::Opened { paths, document: Arc::new(document) }
        }
        Err(cause) => JobResult::Failed(cause),
    }
}

fn one(
    (ssh, path): (&Ssh, &Path),
    classifier: &Classifier,
    events: &EventSender,
    control: &JobControl,
) -> Result<Trace, String> {
    match Recording::among(&[path.to_owned()]).map_err(|error| error.to_string())? {
        Some(recording) => {
            let document = whole((ssh, &recording), events, control)?;
            Ok(Trace::clone(&document.trace))
        }
        None => {
            let go_on = &mut |_, _| match control.is_cancelled() {
                false => ControlFlow::Continue(()),
                true => ControlFlow::Break(()),
            };
            open_trace(path, classifier, go_on).map_err(|error| error.to_string())
        }
    }
}
