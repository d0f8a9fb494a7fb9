//! Ranks of several processes join. NCCL waits for the others without end, so a thread of its own waits, and is left behind where
//! they do not come.

use std::{
    ffi::c_int,
    ptr,
    sync::mpsc::{RecvTimeoutError, sync_channel},
    thread,
};

use cudarc::nccl::sys::{ncclComm_t, ncclResult_t, ncclUniqueId};

use super::{
    super::{CudaError, Device},
    Joining,
    calls::{Bracket, Calls, InitRank},
};

/// A communicator on its way from thread to thread.
struct Made(Vec<ncclComm_t>);

// SAFETY: NCCL's communicators may be used by any thread, one at a time; this hands them over.
unsafe impl Send for Made {}

/// What a thread made, or which call gave what.
type Outcome = Result<Made, Refused>;

enum Refused {
    Device(CudaError),
    Nccl(ncclResult_t, &'static str),
}

/// The communicators of these devices, in their order.
pub(super) fn join(
    calls: &Calls,
    devices: &[Device],
    joining: &Joining,
) -> Result<Vec<ncclComm_t>, CudaError> {
    let (told, heard) = sync_channel::<Outcome>(1);
    let functions =
        Functions { start: *calls.group_start, end: *calls.group_end, init_rank: *calls.init_rank };
    let (devices, joining) = (devices.to_vec(), *joining);
    let thread = thread::Builder::new().name("NCCL joins".to_owned());
    let started = thread.spawn(move || {
        // Nobody listens any more where it took too long.
        let _late = told.send(functions.join(&devices, &joining));
    });
    let refused = |cause: String| CudaError::Nccl { call: "ncclCommInitRank", cause };
    started.map_err(|error| refused(error.to_string()))?;
    match heard.recv_timeout(joining.limit) {
        Ok(Ok(Made(comms))) => Ok(comms),
        Ok(Err(Refused::Device(error))) => Err(error),
        Ok(Err(Refused::Nccl(result, call))) => Err(calls
            .check(result, call)
            .err()
            .unwrap_or_else(|| refused("it gave nothing".into()))),
        Err(RecvTimeoutError::Timeout) => Err(CudaError::Late {
            what: "joining the other processes over NCCL",
            seconds: joining.limit.as_secs(),
        }),
        Err(RecvTimeoutError::Disconnected) => Err(refused("its thread ended".to_owned())),
    }
}

/// The calls that join.
#[derive(Clone, Copy)]
struct Functions {
    start: Bracket,
    end: Bracket,
    init_rank: InitRank,
}

impl Functions {
    fn join(self, devices: &[Device], joining: &Joining) -> Outcome {
        let id = ncclUniqueId { internal: joining.id.map(u8::cast_signed) };
        let mut comms = vec![ptr::null_mut(); devices.len()];
        // SAFETY: brackets calls of this thread; always closed below.
        checked(unsafe { (self.start)() }, "ncclGroupStart")?;
        let mut outcome = Ok(());
        for ((rank, device), comm) in (joining.first..).zip(devices).zip(&mut comms) {
            let (world, rank) = (joining.world as c_int, rank as c_int);
            outcome = outcome.and_then(|()| {
                device.make_current().map_err(Refused::Device)?;
                // SAFETY: valid for one write until the bracket is closed, on the device that was just made current.
                let joined = unsafe { (self.init_rank)(&raw mut *comm, world, id, rank) };
                checked(joined, "ncclCommInitRank")
            });
        }
        // SAFETY: closes the bracket opened above.
        let ended = checked(unsafe { (self.end)() }, "ncclGroupEnd");
        outcome.and(ended)?;
        Ok(Made(comms))
    }
}

fn checked(result: ncclResult_t, call: &'static str) -> Result<(), Refused> {
    if result == ncclResult_t::ncclSuccess { Ok(()) } else { Err(Refused::Nccl(result, call)) }
}
