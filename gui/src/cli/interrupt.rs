//! Ctrl+C: by itself the end, with nothing left half-written; while a command awaits it, a word to that command.

use std::sync::atomic::{AtomicU32, Ordering};

/// Interrupts since somebody began to await them, and one more; 0: nobody does.
static AWAITED: AtomicU32 = AtomicU32::new(0);

/// Installs the handler of this process.
pub(super) fn handle() {
    // Without the handler an interrupt leaves a hidden .part file; that is no reason not to work.
    let _unhandled = ctrlc::set_handler(|| {
        let counted = AWAITED.try_update(Ordering::AcqRel, Ordering::Acquire, |count| {
            (count > 0).then(|| count.saturating_add(1))
        });
        if counted.is_err() {
            crate::files::remove_unfinished();
            std::process::exit(130);
        }
    });
}

/// Interrupts are counted as long as this lives.
#[cfg(feature = "gpus")]
pub(super) struct Interrupts(());

/// Awaits interrupts instead of ending by them.
#[cfg(feature = "gpus")]
pub(super) fn await_them() -> Interrupts {
    AWAITED.store(1, Ordering::Release);
    Interrupts(())
}

#[cfg(feature = "gpus")]
impl Interrupts {
    /// How many came.
    pub(super) fn count(&self) -> u32 {
        AWAITED.load(Ordering::Acquire).saturating_sub(1)
    }
}

#[cfg(feature = "gpus")]
impl Drop for Interrupts {
    fn drop(&mut self) {
        AWAITED.store(0, Ordering::Release);
    }
}
