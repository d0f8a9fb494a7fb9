use std::{sync::Arc, thread};

use crossbeam::channel::{Receiver, Sender, bounded};

use super::{JobControl, JobId};
use crate::app::{Event, JobResult};

/// Asks the window for a frame; called from any thread.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Where everything that happens outside the UI thread arrives.
pub struct Events {
    sender: EventSender,
    receiver: Receiver<Event>,
}

/// The sending half, for jobs and the session.
#[derive(Clone)]
pub struct EventSender {
    sender: Sender<Event>,
    wake: Wake,
}

impl Events {
    /// Events waiting between two frames; a sender that finds the channel full waits for a frame.
    const CAPACITY: usize = 256;

    /// A channel that asks for a frame with `wake` at each event.
    pub fn new(wake: Wake) -> Self {
        let (sender, receiver) = bounded(Self::CAPACITY);
        Self { sender: EventSender { sender, wake }, receiver }
    }

    /// A sending half.
    pub fn sender(&self) -> EventSender {
        self.sender.clone()
    }

    /// What has arrived, in order, without waiting.
    pub fn drain(&self) -> impl Iterator<Item = Event> + '_ {
        self.receiver.try_iter()
    }

    /// The next event; `None` when none came in `timeout`. For tests and headless use.
    pub fn next(&self, timeout: std::time::Duration) -> Option<Event> {
        self.receiver.recv_timeout(timeout).ok()
    }
}

impl EventSender {
    /// Sends an event and asks for a frame; false when the window is gone.
    pub fn send(&self, event: Event) -> bool {
        let sent = self.sender.send(event).is_ok();
        if sent {
            (self.wake)();
        }
        sent
    }

    /// Runs `work` on a thread of its own and sends what it gives as the result of job `id`.
    ///
    /// A thread that cannot be started is a result too: the job fails with the cause.
    pub fn spawn(
        &self,
        id: JobId,
        name: &str,
        control: JobControl,
        work: impl FnOnce(&JobControl) -> JobResult + Send + 'static,
    ) {
        let sender = self.clone();
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let result = work(&control);
            sender.send(Event::JobDone { id, result });
        });
        if let Err(error) = started {
            let result = JobResult::Failed(format!("no thread for this job: {error}"));
            self.send(Event::JobDone { id, result });
        }
    }
}
