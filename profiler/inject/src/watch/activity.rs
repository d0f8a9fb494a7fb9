//! The thread that has CUPTI's records and NCCL's channels told, while recording them.

use std::{
    collections::{BTreeSet, HashMap},
    thread,
    time::Duration,
};

use weftscope_wire::{Event, Level};

use super::{Phase, Watch, callbacks::leave_this_thread_out, lock};
use crate::{
    activity::{buffers::with_inbox, clock, inbox::Inbox, recording::Recording},
    clock::ClockReader,
    driver::{Driver, DriverError, OwnStream},
    entry, host,
    nccl::collectives::{Place, Wanted},
};

/// Between two turns: what has ended is told after one of them.
const INTERVAL: Duration = Duration::from_millis(25);
/// Between two readings of a clock.
const CLOCK_INTERVAL_NS: i64 = 500_000_000;
/// How long what was launched before the end may take to its own.
const PATIENCE_NS: i64 = 700_000_000;
/// Turns without anything new after which nothing is waited for.
const QUIET_TURNS: u32 = 3;

impl Watch {
    /// Begins to record what CUPTI and NCCL tell. What cannot be had is said, and the rest goes on.
    pub(super) fn start_activity(&'static self, level: Level) {
        let recording = Recording::begin();
        entry::finish_at_exit();
        let notes = match &recording {
            Ok(recording) => recording.notes(),
            Err(error) => vec![format!("no kernels, copies and NVTX ranges: {error}")],
        };
        lock(&self.missing).extend(notes.iter().cloned());
        self.outbox.put(notes.into_iter().map(Event::Note));
        let wanted = match level {
            Level::Kernels => Wanted::Launches,
            Level::Channels | Level::Blocks => Wanted::Channels,
        };
        self.channels.begin();
        lock(&self.program).begin();
        self.outbox.put(self.collectives.record(wanted));
        let tell = move || Telling::new(self, level, recording.ok()).run();
        if let Err(error) = thread::Builder::new().name("weftscope".to_owned()).spawn(tell) {
            self.outbox.put([Event::Note(format!("nothing is told: {error}"))]);
        }
    }
}

struct Telling {
    watch: &'static Watch,
    level: Level,
    /// `None`: CUPTI is not to be had.
    recording: Option<Recording>,
    driver: Option<&'static Driver>,
    /// Told already.
    devices: BTreeSet<u32>,
    /// By place; `None`: it cannot be read.
    clocks: HashMap<Place, Option<(OwnStream, ClockReader)>>,
    clocks_due_ns: i64,
    listens_always: bool,
}

impl Telling {
    fn new(watch: &'static Watch, level: Level, recording: Option<Recording>) -> Self {
        Self {
            watch,
            level,
            recording,
            driver: Driver::of_process(),
            devices: BTreeSet::new(),
            clocks: HashMap::new(),
            clocks_due_ns: 0,
            listens_always: false,
        }
    }

    /// Works until the recording has ended and everything was told.
    fn run(mut self) {
        leave_this_thread_out();
        if let Some(driver) = self.driver {
            driver.relax_this_thread();
        }
        let mut ending = None;
        loop {
            thread::sleep(INTERVAL);
            let is_ending = *lock(&self.watch.phase) == Phase::Ending;
            if is_ending && ending.is_none() {
                ending = Some(Ending::new());
                // A last reading, so that nothing lies outside of them.
                self.clocks_due_ns = 0;
                if let Some(recording) = &mut self.recording {
                    recording.stop();
                }
            }
            self.turn();
            if !self.watch.outbox.send() {
                self.watch.outbox.detach();
                self.watch.end();
            }
            let is_quiet = self.watch.channels.is_idle();
            if ending.as_mut().is_some_and(|ending| ending.is_over(is_quiet)) {
                break;
            }
        }
        self.give_up();
        self.watch.outbox.send();
        self.watch.outbox.say_stopped();
        *lock(&self.watch.phase) = Phase::Idle;
        self.watch.phase_changed.notify_all();
    }

    fn turn(&mut self) {
        if let Some(recording) = &self.recording {
            recording.flush();
            if self.watch.collectives.is_old() && !self.listens_always {
                self.listens_always = true;
                recording.claim().listen_always();
            }
        }
        self.tell();
        let now_ns = host::monotonic_ns();
        if self.clocks_due_ns <= now_ns {
            self.read_clocks(now_ns);
        }
    }

    /// Tells what has come since the last turn.
    fn tell(&mut self) {
        let mut events = std::mem::take(&mut lock(&self.watch.program).events);
        events.extend(with_inbox(Inbox::drain));
        events.extend(self.watch.channels.drain());
        for device in events.iter().flat_map(devices).collect::<BTreeSet<_>>() {
            self.tell_device(device);
        }
        self.watch.outbox.put(events);
    }

    fn tell_device(&mut self, ordinal: u32) {
        if let Some(driver) = self.driver
            && self.devices.insert(ordinal)
        {
            self.watch.outbox.put([Event::Device(driver.device(ordinal.cast_signed()))]);
        }
    }

    /// Reads the clocks that there is something to read for.
    fn read_clocks(&mut self, now_ns: i64) {
        if let Some(recording) = &self.recording
            && with_inbox(|inbox| inbox.count()) > 0
        {
            let readings = clock::readings(recording.cupti());
            self.watch.outbox.put([Event::CuptiClock(readings)]);
            self.clocks_due_ns = now_ns + CLOCK_INTERVAL_NS;
        }
        if self.level == Level::Kernels {
            return;
        }
        for place in self.watch.collectives.places() {
            self.clocks_due_ns = now_ns + CLOCK_INTERVAL_NS;
            if let Err(error) = self.read_device_clock(place) {
                self.clocks.insert(place, None);
                let device = place.device;
                let note = format!("the clock of device {device} is not read any more: {error}");
                self.watch.outbox.put([Event::Note(note)]);
            }
        }
    }

    fn read_device_clock(&mut self, place: Place) -> Result<(), DriverError> {
        let Some(driver) = self.driver else { return Ok(()) };
        if !self.clocks.contains_key(&place) {
            let stream = OwnStream::open(driver, place.context)?;
            let reader = ClockReader::new(&stream, &self.watch.clocks)?;
            self.clocks.insert(place, Some((stream, reader)));
            self.tell_device(place.device);
        }
        if let Some(Some((stream, reader))) = self.clocks.get_mut(&place) {
            self.watch.outbox.put(reader.read(stream, place.device)?.map(Event::Clock));
        }
        Ok(())
    }

    /// Waits no longer.
    fn give_up(&mut self) {
        if let Some(recording) = &mut self.recording {
            recording.end();
        }
        self.recording = None;
        self.tell();
        let count = self.watch.channels.give_up();
        if count > 0 {
            let cause = "channels of NCCL's kernels that had not ended when the recording did";
            self.watch.outbox.put([Event::Lost { cause: cause.to_owned(), count }]);
        }
    }
}

/// The devices that an event names.
fn devices(event: &Event) -> Vec<u32> {
    match event {
        Event::Kernels(runs) => runs.iter().map(|run| run.device).collect(),
        Event::Copies(copies) => copies.iter().map(|copy| copy.device).collect(),
        _ => Vec::new(),
    }
}

/// How far ending is.
struct Ending {
    since_ns: i64,
    count: u64,
    quiet_turns: u32,
}

impl Ending {
    fn new() -> Self {
        Self { since_ns: host::monotonic_ns(), count: u64::MAX, quiet_turns: 0 }
    }

    /// Nothing has come for a while, or it has taken too long.
    fn is_over(&mut self, is_quiet: bool) -> bool {
        let count = with_inbox(|inbox| inbox.count());
        let is_quiet = is_quiet && count == self.count;
        self.quiet_turns = if is_quiet { self.quiet_turns + 1 } else { 0 };
        self.count = count;
        self.quiet_turns >= QUIET_TURNS || host::monotonic_ns() - self.since_ns > PATIENCE_NS
    }
}
