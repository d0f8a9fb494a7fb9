//! The plumbing of streams that every format shares: progress, counting, looking ahead.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::rc::Rc;

/// Progress callback of a long read or write; its answer says whether to go on.
///
/// The number counts bytes of the input as read (before decompression), or slices written. It is called at
/// least once per MiB or per 64 Ki slices. [`ControlFlow::Break`] ends the work with a `Cancelled` error.
pub type Progress<'a> = &'a mut dyn FnMut(u64) -> ControlFlow<()>;

/// A progress callback that shows nothing and never cancels: `&mut silent`.
pub fn silent(_done: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Bytes read so far, shared between a [`Counting`] reader and whatever shows progress.
#[derive(Clone, Debug, Default)]
pub(crate) struct BytesRead(Rc<Cell<u64>>);

impl BytesRead {
    pub(crate) fn get(&self) -> u64 {
        self.0.get()
    }
}

/// Counts what passes through.
#[derive(Debug)]
pub(crate) struct Counting<R> {
    input: R,
    count: BytesRead,
}

impl<R> Counting<R> {
    pub(crate) fn new(input: R, count: BytesRead) -> Self {
        Self { input, count }
    }
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.count.0.set(self.count.0.get() + n as u64);
        Ok(n)
    }
}

/// Up to `len` bytes; fewer only at the end of the input.
pub(crate) fn read_ahead(input: &mut impl Read, len: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(len);
    input.take(len as u64).read_to_end(&mut head)?;
    Ok(head)
}
