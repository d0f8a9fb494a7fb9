use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use web_time::Instant;
use weftscope_engine::command::Command;

/// Commands on their way to the session thread.
///
/// A slider held down sends a spec a frame; only the newest matters, so a new spec takes the place of an older one
/// that still waits, and the queue stays as short as the number of different things asked for.
pub(super) struct CommandQueue {
    waiting: Mutex<VecDeque<Command>>,
    arrived: std::sync::Condvar,
}

impl CommandQueue {
    pub(super) fn new() -> Self {
        Self { waiting: Mutex::new(VecDeque::new()), arrived: std::sync::Condvar::new() }
    }

    pub(super) fn push(&self, command: Command) {
        push(&mut self.lock(), command);
        self.arrived.notify_one();
    }

    /// Everything that waits; waits itself, at most so long, for the first command (`None`: as long as it takes).
    pub(super) fn take(&self, patience: Option<Duration>) -> VecDeque<Command> {
        let deadline = patience.map(|patience| Instant::now() + patience);
        let mut waiting = self.lock();
        while waiting.is_empty() {
            let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
            waiting = match left {
                Some(Duration::ZERO) => break,
                Some(left) => {
                    let woken = self.arrived.wait_timeout(waiting, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner),
            };
        }
        std::mem::take(&mut *waiting)
    }

    /// A queue of commands is valid after any panic, so a poisoned lock is no reason to stop.
    fn lock(&self) -> MutexGuard<'_, VecDeque<Command>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts a command behind those that wait, or in the place of the last one that asked for the same kind of thing.
pub(super) fn push(waiting: &mut VecDeque<Command>, command: Command) {
    let same_kind = |last: &Command| {
        std::mem::discriminant(last) == std::mem::discriminant(&command) && command != Command::Step
    };
    match waiting.back_mut() {
        Some(last) if same_kind(last) => *last = command,
        _ => waiting.push_back(command),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_add_up_and_repeats_do_not() {
        let queue = CommandQueue::new();
        for command in [
            Command::Run,
            Command::Run,
            Command::Step,
            Command::Step,
            Command::Pause,
            Command::Pause,
        ] {
            queue.push(command);
        }
        let taken: Vec<Command> = queue.take(Some(Duration::ZERO)).into();
        assert_eq!(taken, [Command::Run, Command::Step, Command::Step, Command::Pause]);
        assert!(queue.take(Some(Duration::ZERO)).is_empty());
    }
}
