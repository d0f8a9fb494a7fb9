//! How long an iteration takes by the device's own events: what can be compared with recording on and off.

use cudarc::driver::{CudaEvent, sys};

use crate::cuda::{CudaError, Device, error::Context as _};

/// Two events on the compute stream, round an iteration.
#[derive(Debug)]
pub(super) struct Timer {
    device: Device,
    before: CudaEvent,
    after: CudaEvent,
}

impl Timer {
    pub(super) fn new(device: &Device) -> Result<Self, CudaError> {
        let gpu = device.info().index;
        let event = || {
            let flags = sys::CUevent_flags::CU_EVENT_DEFAULT;
            device.compute().context().new_event(Some(flags)).on(gpu, "making an event")
        };
        Ok(Self { before: event()?, after: event()?, device: device.clone() })
    }

    /// The iteration begins here.
    pub(super) fn begin(&self) -> Result<(), CudaError> {
        self.device.make_current()?;
        self.before.record(self.device.compute()).on(self.device.info().index, "recording an event")
    }

    /// The iteration ends here: once both streams have come so far.
    pub(super) fn end(&self) -> Result<(), CudaError> {
        let gpu = self.device.info().index;
        self.device.make_current()?;
        let (compute, comm) = (self.device.compute(), self.device.comm());
        compute.join(comm).on(gpu, "ordering streams")?;
        self.after.record(compute).on(gpu, "recording an event")
    }

    /// From begin to end; waits for the end.
    pub(super) fn elapsed_ns(&self) -> Result<i64, CudaError> {
        let ms = self.before.elapsed_ms(&self.after).on(self.device.info().index, "timing")?;
        Ok((f64::from(ms) * 1e6) as i64)
    }
}
