//! Who is told how far reading or writing has got.

use std::ops::ControlFlow;

use weftscope_traces::stream::Progress;

/// A progress callback: how much of how much is done (bytes read, slices written); answers whether to go on.
pub type Hook<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// A hook that shows nothing and never cancels: `&mut no_hook`.
pub fn no_hook(_done: u64, _total: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Does work whose progress, of so much, a hook is told; gives with its result whether the hook cancelled it.
pub(super) fn told<T>(
    hook: Hook<'_>,
    total: u64,
    work: impl FnOnce(Progress<'_>) -> T,
) -> (T, bool) {
    let mut cancelled = false;
    let result = work(&mut |done| {
        let flow = hook(done, total);
        cancelled |= flow.is_break();
        flow
    });
    (result, cancelled)
}
