//! Calls of the program that wait for the GPU, or say when to record.

use std::{
    cell::{Cell, RefCell},
    ffi::CStr,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use weftscope_wire::{Begin, Event, Trigger, Wait};

use super::{Watch, lock};
use crate::{
    host,
    sanitizer::abi::{self, ApiData},
};

thread_local! {
    /// This thread has launched since it last waited.
    static HAS_LAUNCHED: Cell<bool> = const { Cell::new(false) };
    /// Captures of graphs that this thread has begun and not ended.
    static CAPTURES: Cell<u32> = const { Cell::new(0) };
    /// When the calls began that this thread is in.
    static BEGAN_NS: RefCell<Vec<i64>> = const { RefCell::new(Vec::new()) };
}

/// What a call that is told means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Wait,
    BeginsCapture,
    EndsCapture,
    Start,
    Stop,
}

/// The calls that are told, by domain and number.
fn meanings() -> impl Iterator<Item = (u32, u32, Meaning)> {
    let (driver, runtime) = (abi::DOMAIN_DRIVER_API, abi::DOMAIN_RUNTIME_API);
    let all = |domain, calls: &'static [(&str, u32)], meaning| {
        calls.iter().map(move |&(_, number)| (domain, number, meaning))
    };
    let of = |domain, waits, [begins, ends]: [_; 2]| {
        let captures = all(domain, begins, Meaning::BeginsCapture);
        let captures = captures.chain(all(domain, ends, Meaning::EndsCapture));
        all(domain, waits, Meaning::Wait).chain(captures)
    };
    let profiler = [
        (driver, abi::PROFILER_START, Meaning::Start),
        (driver, abi::PROFILER_STOP, Meaning::Stop),
        (runtime, abi::RUNTIME_PROFILER_START, Meaning::Start),
        (runtime, abi::RUNTIME_PROFILER_STOP, Meaning::Stop),
    ];
    of(driver, abi::DRIVER_WAITS, abi::DRIVER_CAPTURES)
        .chain(of(runtime, abi::RUNTIME_WAITS, abi::RUNTIME_CAPTURES))
        .chain(profiler)
}

/// The calls that are told, by domain and number.
pub(super) fn told() -> impl Iterator<Item = (u32, u32)> {
    meanings().map(|(domain, id, _)| (domain, id))
}

/// This thread is capturing a graph: what it launches does not run.
pub(crate) fn is_capturing() -> bool {
    CAPTURES.get() > 0
}

/// What recording by itself has come to.
#[derive(Debug)]
pub(super) struct Triggered {
    trigger: Trigger,
    /// It happens once a process: whoever listened to the first may be gone.
    has_begun: AtomicBool,
    /// Steps that have ended.
    steps: AtomicU32,
    /// As `steps` when recording began.
    first_step: AtomicU32,
}

/// What the end of a step means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Begin,
    End,
    Nothing,
}

impl Triggered {
    pub(super) fn new(trigger: Trigger) -> Self {
        let (has_begun, steps, first_step) = Default::default();
        Self { trigger, has_begun, steps, first_step }
    }

    /// What recording begins with.
    pub(super) fn begin(&self) -> &Begin {
        &self.trigger.begin
    }

    /// Recording is to begin by itself; false: it has before.
    fn begins(&self) -> bool {
        !self.has_begun.swap(true, Ordering::Relaxed)
    }

    /// Recording begins, by itself or because somebody asks: steps are counted from here.
    pub(super) fn recording_begins(&self) {
        self.first_step.store(self.steps.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// A step has ended.
    fn step(&self, is_recording: bool) -> Turn {
        let steps = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        if is_recording {
            let recorded = steps - self.first_step.load(Ordering::Relaxed);
            let is_enough = self.trigger.steps.is_some_and(|most| recorded >= most);
            return if is_enough { Turn::End } else { Turn::Nothing };
        }
        if self.trigger.begin == Begin::AfterSteps(steps) { Turn::Begin } else { Turn::Nothing }
    }
}

/// A kernel or a graph was launched by this thread.
pub(super) fn has_launched() {
    HAS_LAUNCHED.set(true);
}

impl Watch {
    /// Recording begins by itself; false: it has before.
    pub(super) fn begin_by_itself(&'static self) -> bool {
        let begins = self.triggered.begins();
        if begins {
            self.start();
        }
        begins
    }

    /// One of the few calls of the driver's or the runtime's that are told.
    pub(super) fn api(&'static self, domain: u32, id: u32, data: &ApiData) {
        let mut known = meanings().filter(|&(its, number, _)| (its, number) == (domain, id));
        let Some((_, _, meaning)) = known.next() else { return };
        let is_profiled = *self.triggered.begin() == Begin::Profiler;
        match (meaning, data.site == abi::API_EXIT) {
            (Meaning::Start, true) if is_profiled => {
                self.begin_by_itself();
            }
            (Meaning::Stop, false) if is_profiled => self.end(),
            (Meaning::Start | Meaning::Stop, _) => {}
            // The runtime's call has the driver's inside: both are counted, beginnings and ends.
            (Meaning::BeginsCapture, true) => CAPTURES.set(CAPTURES.get() + 1),
            (Meaning::EndsCapture, false) => CAPTURES.set(CAPTURES.get().saturating_sub(1)),
            (Meaning::BeginsCapture | Meaning::EndsCapture, _) => {}
            (Meaning::Wait, true) => self.waited(data),
            (Meaning::Wait, false) => {
                // A thread that is ending has no calls to time.
                let _ending =
                    BEGAN_NS.try_with(|began_ns| began_ns.borrow_mut().push(host::monotonic_ns()));
            }
        }
    }

    fn waited(&'static self, data: &ApiData) {
        let Ok(Some(at_host_ns)) = BEGAN_NS.try_with(|began_ns| began_ns.borrow_mut().pop()) else {
            return;
        };
        let is_recording = self.recording.load(Ordering::Acquire);
        if is_recording && !data.name.is_null() {
            // SAFETY: text with a NUL at its end, which the Sanitizer never frees.
            let call = unsafe { CStr::from_ptr(data.name) }.to_string_lossy().into_owned();
            let returned_host_ns = host::monotonic_ns();
            let wait = Wait { call, tid: host::tid(), at_host_ns, returned_host_ns };
            lock(&self.program).events.push(Event::Wait(wait));
        }
        // The runtime's call has the driver's inside: the first to return ends the step.
        if HAS_LAUNCHED.take() {
            match self.triggered.step(is_recording) {
                Turn::Begin => {
                    self.begin_by_itself();
                }
                Turn::End => self.end(),
                Turn::Nothing => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_begin_and_end_a_recording_once() {
        let trigger = Trigger { begin: Begin::AfterSteps(2), steps: Some(3) };
        let triggered = Triggered::new(trigger);
        assert_eq!(triggered.step(false), Turn::Nothing);
        assert_eq!(triggered.step(false), Turn::Begin);
        assert!(triggered.begins());
        triggered.recording_begins();
        let turns = [(); 3].map(|()| triggered.step(true));
        assert_eq!(turns, [Turn::Nothing, Turn::Nothing, Turn::End]);
        assert_eq!(triggered.step(false), Turn::Nothing);
        assert!(!triggered.begins());
    }

    #[test]
    fn steps_of_a_recording_that_was_asked_for_are_its_own() {
        let triggered = Triggered::new(Trigger { begin: Begin::Asked, steps: Some(2) });
        assert!((0..9).all(|_| triggered.step(false) == Turn::Nothing));
        for _ in 0..2 {
            triggered.recording_begins();
            assert_eq!([(); 2].map(|()| triggered.step(true)), [Turn::Nothing, Turn::End]);
        }
    }

    #[test]
    fn what_is_asked_for_ends_when_it_is_told() {
        let triggered = Triggered::new(Trigger::default());
        assert!((0..9).all(|_| triggered.step(true) == Turn::Nothing));
    }
}
