use std::ops::ControlFlow;

/// Told now and then how far a long read or write has come; answers whether to go on.
///
/// The number counts bytes of the input as read (before decompression), or slices written. It is called at
/// least once per MiB or per 64 Ki slices. [`ControlFlow::Break`] ends the work with a `Cancelled` error.
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// A progress hook that shows nothing and never cancels: `&mut silent`.
pub fn silent(_done: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}
