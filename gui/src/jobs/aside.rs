//! Work that gives way: whoever looks at a run may not slow it.

#[cfg(not(target_arch = "wasm32"))]
use std::{
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread,
};

/// Works it out on a thread that the system puts behind all others (Linux; elsewhere on one like any other), and waits for it. What it
/// spreads over the cores gives way too. Where the system gives no thread it is worked out here.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    // One of both takes it.
    let work = Mutex::new(Some(work));
    let take = || {
        let work = work.lock().unwrap_or_else(PoisonError::into_inner).take();
        work.map(|work| work())
    };
    let done = thread::scope(|scope| {
        let behind = || {
            give_way();
            take()
        };
        let thread = thread::Builder::new().name("weftscope-aside".to_owned());
        let beside = thread.spawn_scoped(scope, behind).ok()?;
        beside.join().unwrap_or_else(|panic| resume_unwind(panic))
    });
    done.or_else(take).expect("one of both has taken it")
}

/// A page has one thread.
#[cfg(target_arch = "wasm32")]
pub(crate) fn aside<T>(work: impl FnOnce() -> T) -> T {
    work()
}

/// Puts this thread, and those that it makes, behind all others. Where that is refused it runs beside them.
#[cfg(not(target_arch = "wasm32"))]
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        /// The last of all nice values: a fifteenth of what others get where all cores are taken.
        const LAST: i32 = 19;
        // Of Linux's threads each has a nice value of its own.
        let this = Some(rustix::thread::gettid());
        let _it_does = rustix::process::setpriority_process(this, LAST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_worked_out_once_and_given_back() {
        let mut times = 0;
        let squares: Vec<u64> = aside(|| {
            times += 1;
            super::super::spread(8, |at| at as u64 * at as u64)
        });
        assert_eq!((times, squares[7]), (1, 49));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_gives_way_and_whoever_waits_for_it_does_not() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).unwrap();
        let before = nice();
        let spread = aside(|| super::super::spread(4, |_| nice()));
        assert_eq!(spread, [19; 4]);
        assert_eq!(nice(), before);
    }

    #[test]
    #[should_panic(expected = "in it")]
    fn its_panic_is_that_of_whoever_waits() {
        aside(|| panic!("in it"));
    }
}
