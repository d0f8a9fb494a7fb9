//! What waits to be told, and to whom.

use std::{
    io::Write,
    sync::{Mutex, MutexGuard, PoisonError},
};

use weftscope_wire::{Event, Reply, frame};

/// What waits for a viewer at most, in stamps or events: 128 MB. More is counted and dropped.
const MOST_WAITING: usize = 4 << 20;
/// Stamps or events a message.
const A_MESSAGE: usize = 1 << 15;

/// One viewer, and what waits for it.
pub struct Outbox {
    inside: Mutex<Inside>,
}

struct Inside {
    viewer: Option<Box<dyn Write + Send>>,
    /// There is a viewer, also while it is written to.
    is_attached: bool,
    waiting: Vec<Event>,
    weight: usize,
    dropped: u64,
}

/// What an event counts for.
fn weight(event: &Event) -> usize {
    match event {
        Event::Blocks { stamps, .. } => 1 + stamps.len(),
        // In stamps' sizes.
        Event::Kernels(runs) => 1 + 4 * runs.len(),
        Event::Copies(copies) => 1 + 3 * copies.len(),
        Event::Ranges(ranges) => 1 + 4 * ranges.len(),
        Event::Channels(channels) => 1 + 2 * channels.len(),
        Event::Marks(marks) => 1 + 2 * marks.len(),
        _ => 1,
    }
}

impl Default for Outbox {
    fn default() -> Self {
        let inside =
            Inside { viewer: None, is_attached: false, waiting: Vec::new(), weight: 0, dropped: 0 };
        Self { inside: Mutex::new(inside) }
    }
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on `viewer` is told, first of all what waits.
    pub fn attach(&self, viewer: Box<dyn Write + Send>) {
        let mut inside = self.lock();
        (inside.viewer, inside.is_attached) = (Some(viewer), true);
    }

    /// Somebody is told.
    pub fn is_attached(&self) -> bool {
        self.lock().is_attached
    }

    /// Nobody is told any more, and what waits is forgotten.
    pub fn detach(&self) {
        let mut inside = self.lock();
        (inside.viewer, inside.is_attached) = (None, false);
        (inside.waiting, inside.weight, inside.dropped) = (Vec::new(), 0, 0);
    }

    /// Puts events behind those that wait. Writes nothing.
    pub fn put(&self, events: impl IntoIterator<Item = Event>) {
        let mut inside = self.lock();
        for event in events {
            let weight = weight(&event);
            if inside.weight + weight > MOST_WAITING {
                inside.dropped += 1;
            } else {
                inside.weight += weight;
                inside.waiting.push(event);
            }
        }
    }

    /// Tells what waits. False when the viewer is gone.
    pub fn send(&self) -> bool {
        let (mut viewer, mut waiting) = {
            let mut inside = self.lock();
            let Some(viewer) = inside.viewer.take() else { return true };
            inside.weight = 0;
            let mut waiting = std::mem::take(&mut inside.waiting);
            let count = std::mem::take(&mut inside.dropped);
            if count > 0 {
                let cause = "events dropped inside the program, because nobody took them in time"
                    .to_owned();
                waiting.push(Event::Lost { cause, count });
            }
            (viewer, waiting)
        };
        // Written without the lock: the program's threads put events meanwhile.
        while !waiting.is_empty() {
            let rest = waiting.split_off(message_length(&waiting));
            let message = Reply::Events(std::mem::replace(&mut waiting, rest));
            if frame::write(&mut viewer, &message).is_err() {
                return false;
            }
        }
        self.lock().viewer.get_or_insert(viewer);
        true
    }

    /// Tells that nothing more follows.
    pub fn say_stopped(&self) {
        if let Some(viewer) = &mut self.lock().viewer {
            // A viewer that is gone is noticed by the thread that reads from it.
            let _gone = frame::write(viewer, &Reply::Stopped);
        }
    }
}

/// How many of the events go into one message: at least one.
fn message_length(events: &[Event]) -> usize {
    let mut total = 0;
    let fits = events.iter().take_while(|event| {
        total += weight(event);
        total <= A_MESSAGE
    });
    fits.count().max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weftscope_wire::BlockStamp;

    use super::*;

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<u8>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Sink {
        fn events(&self) -> Vec<Event> {
            let bytes = self.0.lock().unwrap().clone();
            let mut from = bytes.as_slice();
            let mut events = Vec::new();
            while let Ok(reply) = frame::read::<Reply>(&mut from) {
                if let Reply::Events(some) = reply {
                    events.extend(some);
                }
            }
            events
        }
    }

    fn blocks(launch: u64, count: usize) -> Event {
        Event::Blocks { launch, stamps: vec![BlockStamp::default(); count] }
    }

    #[test]
    fn what_happened_before_anybody_came_is_told_first() {
        let outbox = Outbox::default();
        outbox.put([Event::Note("early".to_owned())]);
        assert!(outbox.send());
        let sink = Sink::default();
        outbox.attach(Box::new(sink.clone()));
        outbox.put((0..5).map(|launch| blocks(launch, A_MESSAGE / 2)));
        assert!(outbox.send());
        let events = sink.events();
        assert_eq!(events.len(), 6);
        assert_eq!(events[0], Event::Note("early".to_owned()));
        assert_eq!(events[5], blocks(4, A_MESSAGE / 2));
    }

    #[test]
    fn what_nobody_takes_is_dropped_and_counted() {
        let outbox = Outbox::default();
        outbox.put((0..3).map(|launch| blocks(launch, MOST_WAITING / 2)));
        let sink = Sink::default();
        outbox.attach(Box::new(sink.clone()));
        assert!(outbox.send());
        let events = sink.events();
        assert_eq!(events.iter().filter(|event| matches!(event, Event::Blocks { .. })).count(), 1);
        assert!(matches!(events.last(), Some(Event::Lost { count: 2, .. })));
    }

    #[test]
    fn a_viewer_that_is_gone_is_noticed() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
                Err(std::io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let outbox = Outbox::default();
        outbox.attach(Box::new(Gone));
        assert!(outbox.send());
        outbox.put([Event::Note("lost".to_owned())]);
        assert!(!outbox.send());
    }
}
