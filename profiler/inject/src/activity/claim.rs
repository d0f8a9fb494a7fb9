//! Being CUPTI's one client in this process, or learning who is. And which of the program's launches are NCCL's.
//!
//! NCCL tells that it is about to launch a kernel, then that it has, then what the kernel runs. Between the first two CUPTI
//! calls back from launches, which tells the number that the kernel's record will carry; at all other times no call of the
//! program's is listened to. NCCL 2.27 does not tell of its launches: there CUPTI calls back from all of them.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_void},
    ptr,
    sync::{
        Mutex, TryLockError,
        atomic::{AtomicU32, Ordering},
    },
};

use cupti_sys::LAUNCH_CALLS;

use super::library::{Cupti, CuptiError, HELD, Handle, SubscriberParams};

/// Under which others find us, as `CUPTI for weftscope`.
const NAME: &CStr = c"weftscope";
/// `CUPTI_CB_DOMAIN_DRIVER_API`.
pub const DRIVER: u32 = 1;
/// `CUPTI_API_ENTER`.
pub const ENTER: u32 = 0;

/// `CUpti_CallbackData`, as far as it is read.
#[repr(C)]
#[derive(Debug)]
pub struct CallbackData {
    /// Before or behind the call.
    pub site: u32,
    before: [u64; 3],
    /// Mangled name of the kernel of a launch.
    pub symbol: *const c_char,
    between: [u64; 3],
    /// The number of the call.
    pub correlation: u32,
}

const _: () = assert!(std::mem::offset_of!(CallbackData, symbol) == 32);
const _: () = assert!(std::mem::offset_of!(CallbackData, correlation) == 64);

thread_local! {
    /// NCCL launches a kernel on this thread at the moment.
    static IS_LAUNCHING: Cell<bool> = const { Cell::new(false) };
    /// NCCL has launched kernels on this thread.
    static LAUNCHES: Cell<bool> = const { Cell::new(false) };
    /// The number of the last launch of a kernel of NCCL's on this thread.
    static CORRELATION: Cell<Option<u32>> = const { Cell::new(None) };
}

/// CUPTI is ours until dropped.
#[derive(Debug)]
pub struct Claim {
    cupti: &'static Cupti,
    subscriber: usize,
    /// Threads on which NCCL is launching.
    listeners: Mutex<u32>,
    /// Of which so many have launched since.
    done: AtomicU32,
}

impl Claim {
    /// Claims CUPTI.
    ///
    /// # Errors
    /// [`CuptiError::Held`], with the holder's name where this version tells it (from CUDA 13.0 on).
    pub fn new(cupti: &'static Cupti) -> Result<Self, CuptiError> {
        let mut handle: Handle = ptr::null_mut();
        let mut other = [0_u8; 256];
        let code = match cupti.subscribe_named {
            Some(subscribe) => {
                let mut params = SubscriberParams {
                    size: size_of::<SubscriberParams>(),
                    name: NAME.as_ptr(),
                    other: other.as_mut_ptr().cast(),
                    other_bytes: other.len(),
                };
                // SAFETY: the callback lives for ever; the names live during the call, and there is as much room as stated.
                unsafe { subscribe(&raw mut handle, called, ptr::null_mut(), &raw mut params) }
            }
            // SAFETY: the callback lives for ever; valid for one write.
            None => unsafe { (cupti.subscribe)(&raw mut handle, called, ptr::null_mut()) },
        };
        if code == HELD {
            return Err(CuptiError::Held(name(&other)));
        }
        cupti.check("cuptiSubscribe", code)?;
        let (listeners, done) = (Mutex::new(0), AtomicU32::new(0));
        Ok(Self { cupti, subscriber: handle as usize, listeners, done })
    }

    /// NCCL is about to launch a kernel on this thread. A thread that would have to wait is left out: then it is not known which
    /// collective its kernel runs.
    pub fn launch_begins(&self) {
        CORRELATION.set(None);
        if let Some(mut listeners) = self.listeners() {
            if *listeners == 0 {
                self.listen(true);
            }
            *listeners += 1;
            IS_LAUNCHING.set(true);
        }
    }

    /// It has.
    pub fn launch_ends(&self) {
        if IS_LAUNCHING.replace(false) {
            self.done.fetch_add(1, Ordering::AcqRel);
            // Else whoever has it puts it right, or who comes next.
            drop(self.listeners());
        }
    }

    /// Those that have not launched yet, unless another thread is about to listen.
    fn listeners(&self) -> Option<std::sync::MutexGuard<'_, u32>> {
        let mut listeners = match self.listeners.try_lock() {
            Ok(listeners) => listeners,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let done = self.done.swap(0, Ordering::AcqRel);
        if done > 0 {
            *listeners = listeners.saturating_sub(done);
            if *listeners == 0 {
                self.listen(false);
            }
        }
        Some(listeners)
    }

    /// Listens to all launches, for an NCCL that does not tell of its own.
    pub fn listen_always(&self) {
        if let Some(mut listeners) = self.listeners() {
            self.listen(true);
            *listeners += 1;
        }
    }

    fn listen(&self, on: bool) {
        for (_, call) in LAUNCH_CALLS.iter().filter(|(name, _)| name.starts_with("cuLaunchKernel"))
        {
            // SAFETY: numbers and a handle of ours; one thread at a time comes here. A refusal leaves numbers unknown.
            unsafe {
                (self.cupti.enable_callback)(on.into(), self.subscriber as Handle, DRIVER, *call)
            };
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // SAFETY: subscribed by us, once; a refusal changes nothing for anybody.
        unsafe { (self.cupti.unsubscribe)(self.subscriber as Handle) };
    }
}

/// NCCL launches kernels on this thread.
pub fn this_thread_launches() {
    LAUNCHES.set(true);
}

/// Whether NCCL has launched kernels on this thread, as far as it tells.
pub fn has_launched() -> bool {
    LAUNCHES.get()
}

/// The number of this thread's last launch of a kernel of NCCL's.
pub fn correlation() -> Option<u32> {
    CORRELATION.get()
}

unsafe extern "C" fn called(_user: Handle, domain: u32, _call: u32, data: *const c_void) {
    if domain == DRIVER && !data.is_null() {
        // SAFETY: of this domain, so the data is of this type and lives during the callback.
        note(unsafe { &*data.cast::<CallbackData>() });
    }
}

fn note(data: &CallbackData) {
    // A thread that is ending has no cells any more.
    let is_launching = IS_LAUNCHING.try_with(Cell::get).unwrap_or(false);
    if data.site == ENTER && (is_launching || is_nccl(data.symbol)) {
        let _ending = CORRELATION.try_with(|last| last.set(Some(data.correlation)));
    }
}

fn is_nccl(symbol: *const c_char) -> bool {
    // SAFETY: null or text with a NUL at its end, alive for the callback that runs.
    !symbol.is_null()
        && unsafe { CStr::from_ptr(symbol) }.to_bytes().windows(4).any(|at| at == b"nccl")
}

/// Up to the first NUL; `None` when there is nothing.
fn name(bytes: &[u8]) -> Option<String> {
    let name = CStr::from_bytes_until_nul(bytes).ok()?.to_string_lossy();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::activity::library::made::{self, Asked};

    fn data(site: u32, symbol: &CStr, correlation: u32) -> CallbackData {
        let symbol = symbol.as_ptr();
        CallbackData { site, before: [0; 3], symbol, between: [0; 3], correlation }
    }

    #[test]
    fn the_last_launch_of_nccls_is_remembered_and_no_other() {
        CORRELATION.set(None);
        note(&data(ENTER, c"gemm", 3));
        assert_eq!(correlation(), None);
        note(&data(ENTER, c"ncclDevKernel_AllReduce_Sum_bf16_RING_LL", 4));
        note(&data(1, c"ncclDevKernel_AllReduce_Sum_bf16_RING_LL", 5));
        note(&data(ENTER, c"gemm", 6));
        assert_eq!(correlation(), Some(4));
        // While NCCL says that it launches, whatever it launches is its own.
        IS_LAUNCHING.set(true);
        note(&data(ENTER, c"", 7));
        IS_LAUNCHING.set(false);
        assert_eq!(correlation(), Some(7));
        let elsewhere = std::thread::scope(|scope| scope.spawn(correlation).join().unwrap());
        assert_eq!(elsewhere, None);
    }

    #[test]
    fn launches_are_listened_to_while_some_thread_of_nccls_launches() {
        let _turn = made::turn();
        let claim = Claim::new(made::cupti(130_001, false)).unwrap();
        assert_eq!(made::asked(), [Asked::Subscribe]);
        claim.launch_begins();
        assert_eq!(made::asked(), [Asked::Listen(true)]);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                claim.launch_begins();
                claim.launch_ends();
            });
            other.join().unwrap();
        });
        // This thread still launches.
        assert_eq!(made::asked(), []);
        claim.launch_ends();
        assert_eq!(made::asked(), [Asked::Listen(false)]);
        // One that never began ends nothing.
        claim.launch_ends();
        drop(claim);
        assert_eq!(made::asked(), [Asked::Unsubscribe]);
    }

    #[test]
    fn an_old_nccl_is_listened_to_all_the_time() {
        let _turn = made::turn();
        let claim = Claim::new(made::cupti(130_001, false)).unwrap();
        claim.listen_always();
        claim.launch_begins();
        claim.launch_ends();
        assert_eq!(made::asked(), [Asked::Subscribe, Asked::Listen(true)]);
    }

    #[test]
    fn whoever_holds_cupti_is_named() {
        let held = Claim::new(made::cupti(130_001, true)).unwrap_err();
        assert_eq!(held, CuptiError::Held(Some("CUPTI for x".to_owned())));
    }

    #[test]
    fn the_holder_is_named_when_it_gave_a_name() {
        let mut bytes = [0_u8; 256];
        assert_eq!(name(&bytes), None);
        bytes[..12].copy_from_slice(b"CUPTI for x ");
        assert_eq!(name(&bytes).as_deref(), Some("CUPTI for x"));
    }
}
