//! One context of the program's, seen from the thread that fetches: its ring, its clock.

use weftscope_wire::Event;

use super::{Tools, Watch, lock, marks::MarksOf};
use crate::{
    blocks::{
        budget::Budget,
        copies::CopyStream,
        gpu::{Fetched, Gpu},
        graphs,
        waiting::Told,
    },
    clock::ClockReader,
    driver::DriverError,
    host,
};

/// How long a launch is waited for that was overtaken by a later one of its stream.
const OVERDUE_NS: i64 = 300_000_000;
/// Between two readings of a clock.
const CLOCK_INTERVAL_NS: i64 = 500_000_000;

/// A context that is recorded.
pub(super) struct Opened {
    pub(super) gpu: Gpu,
    /// `None`: its code does not load.
    clock: Option<ClockReader>,
    clock_due_ns: i64,
    marks: MarksOf,
    budget: Budget,
}

impl Opened {
    /// A context that has memory for its stamps; `None`: it has none.
    pub(super) fn new(
        watch: &Watch,
        tools: &Tools,
        context: usize,
        device: i32,
    ) -> Result<Option<Self>, DriverError> {
        let Some(layout) = lock(&watch.program).ring(context) else { return Ok(None) };
        let copies = CopyStream::open(tools.driver, tools.sanitizer, context)?;
        let budget = Budget::new(watch.settings.patch.within, tools.driver.device(device).sms);
        let device = device.unsigned_abs();
        // First of all: what kernels say of themselves before they are led to the ring is not heard.
        let mut marks = MarksOf::default();
        marks.turn(watch, context, (&copies, device))?;
        let clock = ClockReader::new(&copies, &watch.clocks);
        if let Err(error) = &clock {
            let note = format!("a device's clock is not read against the host's: {error}");
            watch.outbox.put([Event::Note(note)]);
        }
        let gpu = Gpu::new(device, copies, layout);
        Ok(Some(Self { gpu, clock: clock.ok(), clock_due_ns: 0, marks, budget }))
    }

    /// Fetches what is there; gives how many bytes were read for it.
    pub(super) fn turn(&mut self, watch: &Watch, context: usize) -> Result<usize, DriverError> {
        let now_ns = host::monotonic_ns();
        self.read_clock(watch, now_ns)?;
        let count = self.gpu.overdue(now_ns - OVERDUE_NS);
        if count > 0 {
            let cause = "launches whose blocks did not all tell".to_owned();
            watch.outbox.put([Event::Lost { cause, count }]);
        }
        let mut bytes = 0;
        loop {
            let fetched = self.gpu.fetch()?;
            lock(&watch.program).give_back(context, &fetched.freed);
            for Told { part, stamps } in &fetched.told {
                self.budget.add(part, stamps);
            }
            watch.outbox.put(fetched.told.into_iter().map(Told::event));
            bytes += fetched.bytes;
            if !fetched.again {
                break;
            }
        }
        if let Some(verdict) = self.budget.verdict(now_ns) {
            lock(&watch.program).too_dear(verdict.kernel);
            watch.outbox.put([Event::TooDear(verdict)]);
        }
        self.write_places(watch, context)?;
        bytes += self.marks.turn(watch, context, (self.gpu.copies(), self.gpu.device()))?;
        Ok(bytes)
    }

    /// Writes where nodes of graphs leave their stamps.
    fn write_places(&self, watch: &Watch, context: usize) -> Result<(), DriverError> {
        let Some(unwritten) = lock(&watch.program).unwritten(context) else { return Ok(()) };
        let address = graphs::address(self.gpu.layout(), unwritten.first);
        self.gpu.copies().write(address, &unwritten.bytes)?;
        lock(&watch.program).written(context);
        Ok(())
    }

    /// Reads the clock when it is due. Two clocks drift apart evenly over a second or so, not over a minute.
    fn read_clock(&mut self, watch: &Watch, now_ns: i64) -> Result<(), DriverError> {
        if let Some(clock) = &mut self.clock
            && self.clock_due_ns <= now_ns
        {
            self.clock_due_ns = now_ns + CLOCK_INTERVAL_NS;
            let read = clock.read(self.gpu.copies(), self.gpu.device())?;
            watch.outbox.put(read.map(Event::Clock));
        }
        Ok(())
    }

    /// Nothing is waited for.
    pub(super) fn is_done(&self) -> bool {
        self.gpu.launches.is_empty()
    }

    /// Waits no longer; gives what is left.
    pub(super) fn give_up(
        &mut self,
        watch: &Watch,
        context: usize,
    ) -> Result<Vec<Event>, DriverError> {
        let mut events = Vec::new();
        let Fetched { told, freed, .. } = self.gpu.give_up()?;
        lock(&watch.program).give_back(context, &freed);
        if !told.is_empty() {
            let cause = "launches that had not ended when the recording did".to_owned();
            events.push(Event::Lost { cause, count: told.len() as u64 });
        }
        events.extend(told.into_iter().map(Told::event));
        Ok(events)
    }
}
