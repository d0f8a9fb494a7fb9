//! Ranges that are open: a stack a thread and domain, and those that are begun and ended by number.

use std::{cell::RefCell, collections::HashMap};

use weftscope_wire::HostRange;

use crate::host;

/// A range that has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    domain: usize,
    /// `None`: nobody asked for it when it began.
    name: Option<String>,
    tid: u32,
    start_host_ns: i64,
    /// The recording ends with it.
    pub ends_recording: bool,
}

impl Open {
    /// Begins now, on this thread.
    pub fn now(domain: usize, name: Option<String>, ends_recording: bool) -> Self {
        let (tid, start_host_ns) = (host::tid(), host::monotonic_ns());
        Self { domain, name, tid, start_host_ns, ends_recording }
    }

    /// Ends now; `None`: its name is not known.
    pub fn ended(self, domain: String) -> Option<HostRange> {
        let Self { name, tid, start_host_ns, .. } = self;
        let end_host_ns = host::monotonic_ns();
        Some(HostRange { name: name?, domain, tid, start_host_ns, end_host_ns })
    }
}

thread_local! {
    static PUSHED: RefCell<Vec<Open>> = const { RefCell::new(Vec::new()) };
}

/// Begins a range inside of those of its thread and domain; gives how many there were. A thread that is ending has none: CUDA's
/// libraries push and pop from the last words of a process too.
pub fn push(open: Open) -> i32 {
    let depth = PUSHED.try_with(|pushed| {
        let mut pushed = pushed.borrow_mut();
        let depth = pushed.iter().filter(|known| known.domain == open.domain).count();
        pushed.push(open);
        depth as i32
    });
    depth.unwrap_or(0)
}

/// Ends the innermost of a domain; with how many that leaves.
pub fn pop(domain: usize) -> Option<(Open, i32)> {
    let popped = PUSHED.try_with(|pushed| {
        let mut pushed = pushed.borrow_mut();
        let at = pushed.iter().rposition(|open| open.domain == domain)?;
        let open = pushed.remove(at);
        Some((open, pushed.iter().filter(|known| known.domain == domain).count() as i32))
    });
    popped.ok().flatten()
}

/// Ranges that any thread may end.
#[derive(Debug, Default)]
pub struct Started {
    next: u64,
    open: HashMap<u64, Open>,
}

impl Started {
    /// Begins one; gives its number, never 0.
    pub fn start(&mut self, open: Open) -> u64 {
        self.next += 1;
        self.open.insert(self.next, open);
        self.next
    }

    /// Ends it.
    pub fn end(&mut self, number: u64) -> Option<Open> {
        self.open.remove(&number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(domain: usize, name: &str) -> Open {
        Open::now(domain, Some(name.to_owned()), false)
    }

    #[test]
    fn the_innermost_of_a_domain_ends_first() {
        assert_eq!([push(open(0, "a")), push(open(7, "b")), push(open(0, "c"))], [0, 0, 1]);
        let names = [0, 0, 7, 7].map(|domain| {
            pop(domain).and_then(|(open, _)| open.ended(String::new())).map(|range| range.name)
        });
        assert_eq!(names, [Some("c".to_owned()), Some("a".to_owned()), Some("b".to_owned()), None]);
    }

    #[test]
    fn what_is_begun_by_number_ends_in_any_order() {
        let mut started = Started::default();
        let numbers = ["a", "b"].map(|name| started.start(open(0, name)));
        let range = started.end(numbers[0]).unwrap().ended("d".to_owned()).unwrap();
        assert_eq!((range.name.as_str(), range.domain.as_str()), ("a", "d"));
        assert!(range.start_host_ns <= range.end_host_ns && range.tid > 0);
        assert_eq!(started.end(numbers[0]), None);
        assert!(started.end(numbers[1]).is_some() && started.end(0).is_none());
    }

    #[test]
    fn a_thread_that_is_ending_may_still_push_and_pop() {
        struct LastWords(std::sync::mpsc::Sender<i32>);
        impl Drop for LastWords {
            fn drop(&mut self) {
                let depth = push(open(0, "late"));
                let _ended = pop(0);
                let _heard = self.0.send(depth);
            }
        }
        thread_local! {
            static BEFORE: RefCell<Option<LastWords>> = const { RefCell::new(None) };
            static AFTER: RefCell<Option<LastWords>> = const { RefCell::new(None) };
        }
        let (said, heard) = std::sync::mpsc::channel();
        // In whichever order a thread's own values are dropped, one of the two is dropped behind the ranges.
        let thread = std::thread::Builder::new().spawn(move || {
            BEFORE.set(Some(LastWords(said.clone())));
            let _first = push(open(0, "early"));
            AFTER.set(Some(LastWords(said)));
        });
        thread.unwrap().join().unwrap();
        let mut depths: Vec<_> = heard.iter().collect();
        depths.sort_unstable();
        assert_eq!(
            depths,
            [0, 1],
            "one finds the range that is open, one finds that there are none any more"
        );
    }

    #[test]
    fn a_range_that_nobody_asked_for_has_no_name_to_tell() {
        assert_eq!(Open::now(0, None, false).ended(String::new()), None);
    }
}
