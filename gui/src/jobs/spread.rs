//! Independent parts of one job on all cores.

use std::{
    num::NonZero,
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

/// `part(0)` … `part(count - 1)`, worked out on as many threads as there are cores, this one among them.
pub(crate) fn spread<T: Send>(count: usize, part: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || -> Vec<(usize, T)> {
        let take = || {
            let at = next.fetch_add(1, Ordering::Relaxed);
            (at < count).then(|| (at, part(at)))
        };
        std::iter::from_fn(take).collect()
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done = thread::scope(|scope| {
        // Where the system gives no thread, the others do its share.
        let start = |_| {
            thread::Builder::new().name("weftscope-part".to_owned()).spawn_scoped(scope, work).ok()
        };
        let others: Vec<_> = (1..cores.min(count)).filter_map(start).collect();
        let mut done = work();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, part)| part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_worked_out_once_and_stands_at_its_place() {
        for count in [0, 1, 2, 100] {
            let squares = spread(count, |at| at * at);
            assert_eq!(squares, (0..count).map(|at| at * at).collect::<Vec<_>>());
        }
    }

    #[test]
    #[should_panic(expected = "part 3")]
    fn a_panic_of_a_part_is_one_of_the_job() {
        spread(8, |at| assert!(at != 3, "part {at}"));
    }
}
