//! Where a kernel's text stands, and how it is compiled.

use weftscope_kernels as kernels;

/// How a kernel is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// Below `kernels/cuda`.
    pub(super) file: &'static str,
    pub(super) entry: &'static str,
    /// `NAME` or `NAME=VALUE`.
    pub(super) defines: &'a [String],
    /// Dynamic shared memory.
    pub(super) smem_bytes: u32,
}

impl Source<'_> {
    /// The program that it is an entry of.
    pub(super) fn program(&self) -> &'static kernels::Program {
        kernels::find(self.file).expect("registered, as the tests of `signatures` hold")
    }
}

impl Source<'static> {
    /// Without definitions and dynamic shared memory.
    pub(super) const fn plain(file: &'static str, entry: &'static str) -> Self {
        Self { file, entry, defines: &[], smem_bytes: 0 }
    }
}
