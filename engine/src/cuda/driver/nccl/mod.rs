//! NCCL, found and loaded at run time: the all-reduce that others are compared with, and what joins ranks of several processes.
//!
//! cudarc binds NCCL but looks for the library under names that its packages do not have (`libnccl.so.2`), so the few
//! calls needed are looked up in `calls.rs`, with cudarc's types.

mod calls;
mod join;

use std::{
    cell::Cell,
    ffi::{c_int, c_void},
    ptr,
    time::Duration,
};

use cudarc::{
    driver::CudaStream,
    nccl::sys::{ncclComm_t, ncclDataType_t, ncclRedOp_t},
};

use self::calls::Calls;
use super::{CudaError, Device, DevicePtr, exit::renew_exit_hooks};

/// What NCCL joins by: made in one process, handed to all.
pub type NcclId = [u8; 128];

/// Which ranks of a run the devices of this process are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joining {
    /// The first of them; they are in a row.
    pub first: u32,
    /// Ranks of the run.
    pub world: u32,
    /// What was handed to all.
    pub id: NcclId,
    /// How long the others are waited for.
    pub limit: Duration,
}

/// One communicator a device of this process. Making them takes hundreds of milliseconds.
#[derive(Debug)]
pub struct Nccl {
    calls: Calls,
    comms: Vec<ncclComm_t>,
    version: i32,
    /// They were taken down: ranks elsewhere are gone.
    is_aborted: Cell<bool>,
    /// Alive for as long as the communicators are.
    _devices: Vec<Device>,
}

/// One device's part of an all-reduce.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Summed in place.
    pub data: DevicePtr<'a>,
    /// Where it is put.
    pub stream: &'a CudaStream,
}

impl Nccl {
    /// Loads the library and joins the devices, in rank order.
    ///
    /// # Errors
    /// [`CudaError::Library`] when NCCL is not on this machine, [`CudaError::Nccl`] when it refuses.
    pub fn open(devices: &[Device]) -> Result<Self, CudaError> {
        let calls = Calls::load()?;
        let version = calls.version_here()?;
        let gpus: Vec<c_int> = devices.iter().map(|device| device.info().index as c_int).collect();
        let mut comms = vec![ptr::null_mut(); gpus.len()];
        // SAFETY: both lists have as many entries as stated.
        let joined =
            unsafe { (calls.init_all)(comms.as_mut_ptr(), gpus.len() as c_int, gpus.as_ptr()) };
        calls.check(joined, "ncclCommInitAll")?;
        renew_exit_hooks();
        Ok(Self::of(calls, (comms, version), devices))
    }

    /// Loads the library and joins devices that are some of a run's ranks; the others' processes do the same at the same time.
    ///
    /// # Errors
    /// As [`open`](Self::open), and [`CudaError::Late`] when the others do not come in time.
    pub fn join(devices: &[Device], joining: &Joining) -> Result<Self, CudaError> {
        let calls = Calls::load()?;
        let version = calls.version_here()?;
        let comms = join::join(&calls, devices, joining)?;
        renew_exit_hooks();
        Ok(Self::of(calls, (comms, version), devices))
    }

    fn of(calls: Calls, (comms, version): (Vec<ncclComm_t>, i32), devices: &[Device]) -> Self {
        let _devices = devices.to_vec();
        Self { calls, comms, version, is_aborted: Cell::new(false), _devices }
    }

    /// What processes join by: to be made in one of them, and handed to all.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn new_id() -> Result<NcclId, CudaError> {
        Calls::load()?.new_id()
    }

    /// Takes the communicators down, whatever they are waiting for: kernels of theirs that wait for a rank that is gone end.
    pub fn abort(&self) {
        if self.is_aborted.replace(true) {
            return;
        }
        for &comm in &self.comms {
            // SAFETY: a live communicator, which nothing uses any more: `all_reduce` refuses and `drop` leaves it alone.
            let _aborted = unsafe { (self.calls.abort)(comm) };
        }
    }

    /// The version of the library on this computer, without joining any device.
    ///
    /// # Errors
    /// [`CudaError::Library`] when NCCL is not on this machine, [`CudaError::Nccl`] when it will not say.
    pub fn version_here() -> Result<i32, CudaError> {
        Calls::load()?.version_here()
    }

    /// e.g. 22703 for 2.27.3.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// Sums `len` bf16 numbers over all ranks, in place; `parts` by rank of this process.
    ///
    /// # Safety
    /// Every address has `len` numbers on its stream's device until the streams have run this, and nothing else
    /// touches them meanwhile.
    ///
    /// # Errors
    /// [`CudaError::Nccl`].
    pub unsafe fn all_reduce(&self, parts: &[Part<'_>], len: usize) -> Result<(), CudaError> {
        assert_eq!(parts.len(), self.comms.len(), "one part a rank of this process");
        if self.is_aborted.get() {
            let cause = "the communicators were taken down".to_owned();
            return Err(CudaError::Nccl { call: "ncclAllReduce", cause });
        }
        // SAFETY: brackets calls of this thread; always closed below.
        self.calls.check(unsafe { (self.calls.group_start)() }, "ncclGroupStart")?;
        let mut outcome = Ok(());
        for (part, &comm) in parts.iter().zip(&self.comms) {
            // SAFETY: the communicator is live; addresses and stream are the caller's promise.
            let put = unsafe {
                (self.calls.all_reduce)(
                    part.data.address() as *const c_void,
                    part.data.address() as *mut c_void,
                    len,
                    ncclDataType_t::ncclBfloat16,
                    ncclRedOp_t::ncclSum,
                    comm,
                    part.stream.cu_stream().cast(),
                )
            };
            outcome = outcome.and(self.calls.check(put, "ncclAllReduce"));
        }
        // SAFETY: closes the bracket opened above.
        outcome.and(self.calls.check(unsafe { (self.calls.group_end)() }, "ncclGroupEnd"))
    }
}

impl Drop for Nccl {
    fn drop(&mut self) {
        for &comm in self.comms.iter().filter(|_| !self.is_aborted.get()) {
            // SAFETY: live, since nobody took it down, and destroyed only here; an error here has no use any more.
            let _destroyed = unsafe { (self.calls.destroy)(comm) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_a_value() {
        match Calls::load() {
            Ok(calls) => {
                let version = calls.version_here().expect("every NCCL says its version");
                // 2.0 was the first whose calls these are.
                assert!(version >= 2000, "{version}");
            }
            Err(error) => assert!(error.to_string().contains("libnccl"), "{error}"),
        }
    }
}
