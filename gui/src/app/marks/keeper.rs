use std::{
    path::Path,
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use super::task::{MarksEvent, MarksTask};
use crate::{
    app::event::Event,
    files::{FileError, read_marks, write_marks},
    jobs::EventSender,
    timeline::{Mark, merged},
};

/// Tasks that wait: each document has one under way and one at its end.
const WAITING: usize = 64;

/// Reads and writes files of marks, one after another, on a thread that begins with the first.
pub(in crate::app) struct MarkKeeper {
    events: EventSender,
    thread: Option<(SyncSender<MarksTask>, JoinHandle<()>)>,
}

impl MarkKeeper {
    pub(in crate::app) fn new(events: EventSender) -> Self {
        Self { events, thread: None }
    }

    /// Has something done; without a thread here and now.
    pub(in crate::app) fn send(&mut self, task: MarksTask) {
        if self.thread.is_none() {
            let (sender, tasks) = sync_channel(WAITING);
            let events = self.events.clone();
            let work = move || tasks.into_iter().for_each(|task| run(task, &events));
            let thread = thread::Builder::new().name("weftscope-marks".to_owned()).spawn(work);
            self.thread = thread.ok().map(|thread| (sender, thread));
        }
        match &self.thread {
            Some((sender, _)) => {
                // The thread lives as long as its sender, unless it panicked.
                let _sent = sender.send(task);
            }
            None => run(task, &self.events),
        }
    }

    /// Waits until everything is written.
    pub(in crate::app) fn close(&mut self) {
        if let Some((sender, thread)) = self.thread.take() {
            drop(sender);
            // A panic has been told already.
            let _ended = thread.join();
        }
    }
}

fn run(task: MarksTask, events: &EventSender) {
    let event = match task {
        // A page has no files beside which marks could be kept: they are there until it is left.
        MarksTask::Read(id, _) if cfg!(target_arch = "wasm32") => {
            MarksEvent::Read(id, Ok(Vec::new()))
        }
        MarksTask::Write { id, marks, .. } if cfg!(target_arch = "wasm32") => {
            MarksEvent::Written(id, Ok(marks))
        }
        MarksTask::Read(id, path) => {
            MarksEvent::Read(id, read_marks(&path).map_err(|error| error.to_string()))
        }
        MarksTask::Write { id, path, before, marks } => {
            let written = write(&path, &before, &marks);
            MarksEvent::Written(id, written.map_err(|error| error.to_string()))
        }
    };
    events.send(Event::Marks(event));
}

/// Writes what became of the marks that were `before`, and keeps what another window has written meanwhile; gives all that
/// the file holds then.
fn write(path: &Path, before: &[Mark], marks: &[Mark]) -> Result<Vec<Mark>, FileError> {
    // A file that somebody has removed says nothing of single marks.
    let theirs = if path.exists() { read_marks(path)? } else { before.to_vec() };
    let now = merged(before, marks, &theirs);
    write_marks(path, &now)?;
    Ok(now)
}
