use std::{
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
};

use super::task::{MarksEvent, MarksTask};
use crate::{
    app::event::Event,
    files::{read_marks, write_marks},
    jobs::EventSender,
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
        MarksTask::Read(id, path) => {
            MarksEvent::Read(id, read_marks(&path).map_err(|error| error.to_string()))
        }
        MarksTask::Write(id, path, marks) => {
            MarksEvent::Written(id, write_marks(&path, &marks).map_err(|error| error.to_string()))
        }
    };
    events.send(Event::Marks(event));
}
