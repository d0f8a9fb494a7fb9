//! Where what happens outside the window arrives, and how jobs are run: on threads, or between two frames where there are none.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use crossbeam::channel::{Receiver, Sender, bounded};

use super::{JobControl, JobId, Wake};
use crate::app::{Event, JobResult};

/// Where everything that happens outside the UI thread arrives.
pub struct Events {
    sender: EventSender,
    receiver: Receiver<Event>,
}

/// Jobs that wait for a frame, where there are no threads to run them on.
type Later = Arc<Mutex<VecDeque<Box<dyn FnOnce() + Send>>>>;

/// The sending half, for jobs and the session.
#[derive(Clone)]
pub struct EventSender {
    to: To,
    wake: Wake,
    later: Option<Later>,
}

/// Where events go.
#[derive(Clone)]
enum To {
    /// The window's channel.
    Window(Sender<Event>),
    /// Whoever passes them on.
    #[cfg(feature = "live")]
    Through(Arc<dyn Fn(Event) + Send + Sync>),
}

impl Events {
    /// Events waiting between two frames; a sender that finds the channel full waits for a frame.
    const CAPACITY: usize = 256;

    /// A channel that asks for a frame with `wake` at each event.
    pub fn new(wake: Wake) -> Self {
        let (sender, receiver) = bounded(Self::CAPACITY);
        Self { sender: EventSender { to: To::Window(sender), wake, later: None }, receiver }
    }

    /// Events of one job between two frames, where nobody makes room meanwhile: more than any job sends.
    const MOST_AT_ONCE: usize = 1 << 14;

    /// The same where there are no threads, as in a browser: jobs wait for [`work`](Self::work), and nobody waits for room,
    /// since there is nobody else to make it.
    pub fn without_threads(wake: Wake) -> Self {
        let (sender, receiver) = bounded(Self::MOST_AT_ONCE);
        let later = Some(Later::default());
        Self { sender: EventSender { to: To::Window(sender), wake, later }, receiver }
    }

    /// Does the work of one job that waits, and says whether more wait. Between two frames: a job takes as long as it takes.
    pub fn work(&self) -> bool {
        let Some(later) = &self.sender.later else { return false };
        let lock = || later.lock().unwrap_or_else(PoisonError::into_inner);
        let next = lock().pop_front();
        if let Some(work) = next {
            work();
        }
        !lock().is_empty()
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
    /// One whose events somebody passes on.
    #[cfg(feature = "live")]
    pub(crate) fn through(pass_on: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self { to: To::Through(Arc::new(pass_on)), wake: Arc::new(|| {}), later: None }
    }

    /// Asks the window for a frame.
    #[cfg(feature = "live")]
    pub(crate) fn wake(&self) -> Wake {
        Arc::clone(&self.wake)
    }

    /// Sends an event and asks for a frame; false when the window is gone, or without threads has not looked for long.
    pub fn send(&self, event: Event) -> bool {
        let sent = match (&self.to, &self.later) {
            (To::Window(sender), None) => sender.send(event).is_ok(),
            (To::Window(sender), Some(_)) => sender.try_send(event).is_ok(),
            #[cfg(feature = "live")]
            (To::Through(pass_on), _) => {
                pass_on(event);
                true
            }
        };
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
        if let Some(later) = &self.later {
            let work = move || {
                // A job that nobody wants any more is not begun.
                let stopped = control.is_cancelled();
                let result = if stopped { JobResult::Cancelled } else { work(&control) };
                sender.send(Event::JobDone { id, result });
            };
            later.lock().unwrap_or_else(PoisonError::into_inner).push_back(Box::new(work));
            (self.wake)();
            return;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Job by job, in order, each when it is asked for; one that was cancelled meanwhile is not begun.
    #[test]
    fn without_threads_jobs_wait_for_their_frame() {
        let events = Events::without_threads(Arc::new(|| {}));
        let control = JobControl::default();
        for id in 0..3 {
            let control = if id == 1 { control.clone() } else { JobControl::default() };
            events.sender().spawn(JobId(id), "job", control, |_| JobResult::Done);
        }
        control.cancel();
        assert_eq!(events.drain().count(), 0, "nothing runs by itself");
        assert_eq!(
            [events.work(), events.work(), events.work(), events.work()],
            [true, true, false, false]
        );
        let results: Vec<(u64, bool)> = events
            .drain()
            .map(|event| match event {
                Event::JobDone { id, result } => (id.0, matches!(result, JobResult::Cancelled)),
                _ => panic!("only jobs end here"),
            })
            .collect();
        assert_eq!(results, [(0, false), (1, true), (2, false)]);
    }
}
