use std::{sync::Arc, thread, time::Duration};

use thiserror::Error;
use weftscope_engine::{command::Command, spec::RunSpec};

use super::{
    commands::CommandQueue,
    events::{Event, Mail, mailbox},
    options::{ExecutorFactory, Options},
    worker::{self, Worker},
};

/// Why there is no session.
#[derive(Debug, Error)]
pub enum LiveError {
    /// The system gave no thread.
    #[error("cannot start the session thread")]
    Thread(#[from] std::io::Error),
}

/// A running session. Dropping it stops the session after the iteration under way, without waiting for it.
pub struct LiveSession {
    commands: Arc<CommandQueue>,
    mail: Mail,
    thread: Option<thread::JoinHandle<()>>,
}

impl LiveSession {
    /// Starts running `spec`.
    ///
    /// # Errors
    /// [`LiveError::Thread`]. An executor that cannot be made is an [`Event::ExecError`].
    pub fn spawn(
        factory: ExecutorFactory,
        spec: RunSpec,
        options: Options,
    ) -> Result<Self, LiveError> {
        let commands = Arc::new(CommandQueue::new());
        let (outbox, mail) = mailbox(Arc::clone(&options.wake));
        let worker = Worker { commands: Arc::clone(&commands), outbox, options };
        let thread = thread::Builder::new()
            .name("weftscope-session".to_owned())
            .spawn(move || worker::run(&worker, factory, Arc::new(spec)))?;
        Ok(Self { commands, mail, thread: Some(thread) })
    }

    /// Asks the session for something. Never waits; takes effect after the iteration under way.
    pub fn send(&self, command: Command) {
        self.commands.push(command);
    }

    /// The next event, without waiting.
    pub fn try_next(&self) -> Option<Event> {
        self.mail.try_next()
    }

    /// The next event; `None` when none came in `timeout`. For tests and for use without a window.
    pub fn next(&self, timeout: Duration) -> Option<Event> {
        self.mail.next(timeout)
    }

    /// Iterations that ran and were never fetched.
    pub fn skipped(&self) -> u64 {
        self.mail.skipped()
    }

    /// Stops the session and waits until its threads are gone.
    pub fn close(mut self) {
        self.commands.push(Command::Stop);
        if let Some(thread) = self.thread.take() {
            // A panic of the session has been printed by its own thread.
            let _panicked = thread.join();
        }
    }
}

impl Drop for LiveSession {
    fn drop(&mut self) {
        self.commands.push(Command::Stop);
    }
}
