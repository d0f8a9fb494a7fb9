//! Who is told how far reading or writing has got.

use std::ops::ControlFlow;

/// A progress callback: how much of how much is done (bytes read, slices written); answers whether to go on.
pub type Hook<'a> = &'a mut dyn FnMut(u64, u64) -> ControlFlow<()>;

/// A hook that shows nothing and never cancels: `&mut no_hook`.
pub fn no_hook(_done: u64, _total: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
