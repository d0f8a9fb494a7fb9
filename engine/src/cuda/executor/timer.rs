//! How long iterations take by the device's events: what can be compared with recording on and off.

use std::cell::RefCell;

use cudarc::driver::{CudaEvent, sys};

use crate::cuda::driver::{Context as _, CudaError, Device};

/// Events on the compute stream, before the first iteration and after each.
#[derive(Debug)]
pub(super) struct Timer {
    device: Device,
    events: RefCell<Vec<CudaEvent>>,
    iterations: std::cell::Cell<u32>,
}

impl Timer {
    pub(super) fn new(device: &Device) -> Self {
        let (events, iterations) = (RefCell::default(), std::cell::Cell::default());
        Self { device: device.clone(), events, iterations }
    }

    /// So many iterations have been launched; the moment counts once both streams have come so far.
    pub(super) fn mark(&self, iterations: u32) -> Result<(), CudaError> {
        let gpu = self.device.info().index;
        self.device.make_current()?;
        let (compute, comm) = (self.device.compute(), self.device.comm());
        compute.join(comm).on(gpu, "ordering streams")?;
        let mut events = self.events.borrow_mut();
        while events.len() <= iterations as usize {
            let flags = sys::CUevent_flags::CU_EVENT_DEFAULT;
            events.push(compute.context().new_event(Some(flags)).on(gpu, "making an event")?);
        }
        self.iterations.set(iterations);
        events[iterations as usize].record(compute).on(gpu, "recording an event")
    }

    /// How long each of the last iterations took; waits for the last.
    pub(super) fn elapsed_ns(&self) -> Result<Vec<i64>, CudaError> {
        let events = self.events.borrow();
        let launched = self.iterations.get() as usize;
        let pairs = events.windows(2).take(launched);
        pairs
            .map(|pair| {
                let ms = pair[0].elapsed_ms(&pair[1]).on(self.device.info().index, "timing")?;
                Ok((f64::from(ms) * 1e6) as i64)
            })
            .collect()
    }
}
