//! The thread that fetches stamps and tells them, while recording.

use std::{
    collections::{HashMap, HashSet},
    thread,
    time::{Duration, Instant},
};

use weftscope_wire::Event;

use super::{Phase, Tools, Watch, callbacks::leave_this_thread_out, lock, opened::Opened};
use crate::{driver::DriverError, host};

/// Between two looks at the rings.
const INTERVAL: Duration = Duration::from_millis(5);
/// What is read of a device's memory a millisecond at most, over a while: half a gigabyte a second is a hundredth of what
/// its link carries.
const BYTES_PER_MS: usize = 500_000;
/// How long launches may take to their end after the last was stamped.
const PATIENCE_NS: i64 = 700_000_000;

/// Works until the recording has ended and everything was told.
pub(super) fn run(watch: &'static Watch) {
    let Some(tools) = watch.tools.get() else { return };
    leave_this_thread_out();
    tools.driver.relax_this_thread();
    let mut fetch = Fetch { watch, tools, opened: HashMap::new(), gone: HashSet::new() };
    let mut ending_since_ns = None;
    let mut pause = INTERVAL;
    loop {
        thread::sleep(pause);
        let is_ending = *lock(&watch.phase) == Phase::Ending;
        let began = Instant::now();
        let bytes = fetch.turn();
        pause = pause_behind(bytes, began.elapsed());
        if !watch.outbox.send() {
            watch.outbox.detach();
            watch.end();
        }
        if is_ending {
            let since_ns = *ending_since_ns.get_or_insert_with(host::monotonic_ns);
            if fetch.is_done() || host::monotonic_ns() - since_ns > PATIENCE_NS {
                break;
            }
        }
    }
    fetch.give_up();
    watch.outbox.send();
    watch.outbox.say_stopped();
    *lock(&watch.phase) = Phase::Idle;
    watch.phase_changed.notify_all();
}

/// How long to wait after a turn that read so many bytes in this time.
fn pause_behind(bytes: usize, turn: Duration) -> Duration {
    let paced = Duration::from_millis((bytes / BYTES_PER_MS) as u64);
    INTERVAL.max(paced.saturating_sub(turn))
}

struct Fetch {
    watch: &'static Watch,
    tools: &'static Tools,
    /// By context.
    opened: HashMap<usize, Opened>,
    /// Contexts that failed.
    gone: HashSet<usize>,
}

impl Fetch {
    /// Gives the most that was read of one device.
    fn turn(&mut self) -> usize {
        self.open_contexts();
        let events = self.take_fresh();
        self.watch.outbox.put(events);
        let contexts: Vec<usize> = self.opened.keys().copied().collect();
        let mut most = 0;
        for context in contexts {
            let Some(opened) = self.opened.get_mut(&context) else { continue };
            match opened.turn(self.watch, context) {
                Ok(bytes) => most = most.max(bytes),
                Err(error) => self.lose(context, &error),
            }
        }
        most
    }

    /// Opens every context that is there, once.
    fn open_contexts(&mut self) {
        let contexts: Vec<(usize, i32)> = {
            let program = lock(&self.watch.program);
            self.opened.retain(|context, _| program.contexts.contains_key(context));
            self.gone.retain(|context| program.contexts.contains_key(context));
            let settled = program.contexts.iter().filter(|(_, context)| context.is_settled());
            settled.map(|(&handle, context)| (handle, context.device)).collect()
        };
        for (context, device) in contexts {
            if self.opened.contains_key(&context) || self.gone.contains(&context) {
                continue;
            }
            self.watch.outbox.put([Event::Device(self.tools.driver.device(device))]);
            match Opened::new(self.watch, self.tools, context, device) {
                Ok(Some(opened)) => {
                    self.opened.insert(context, opened);
                }
                // What is missing was said when it was not to be had.
                Ok(None) => {
                    self.gone.insert(context);
                }
                Err(error) => self.lose(context, &error),
            }
        }
    }

    fn lose(&mut self, context: usize, error: &DriverError) {
        self.opened.remove(&context);
        self.gone.insert(context);
        self.watch.outbox.put([Event::Note(format!("a device is not recorded: {error}"))]);
    }

    /// What callbacks have told since the last turn; launches go to the context in which they wait.
    fn take_fresh(&mut self) -> Vec<Event> {
        let mut program = lock(&self.watch.program);
        for (handle, context) in &mut program.contexts {
            if let Some(opened) = self.opened.get_mut(handle) {
                context.fresh.drain(..).for_each(|pending| opened.gpu.launches.push(pending));
            }
        }
        std::mem::take(&mut program.events)
    }

    fn is_done(&self) -> bool {
        self.opened.values().all(Opened::is_done)
    }

    fn give_up(&mut self) {
        for (&context, opened) in &mut self.opened {
            // Of a context that is gone nothing more can be had.
            self.watch.outbox.put(opened.give_up(self.watch, context).unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_turn_took_counts_towards_the_pause_behind_it() {
        let ms = Duration::from_millis;
        assert_eq!(pause_behind(0, ms(0)), INTERVAL);
        assert_eq!(pause_behind(32 * BYTES_PER_MS, ms(0)), ms(32));
        assert_eq!(pause_behind(32 * BYTES_PER_MS, ms(20)), ms(12));
        assert_eq!(pause_behind(32 * BYTES_PER_MS, ms(400)), INTERVAL);
    }
}
