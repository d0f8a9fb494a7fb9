use weftscope_kernels as kernels;

use crate::cuda::{
    compile::Nvrtc,
    driver::{CudaError, Device, Kernel},
};

/// Compiles one program at a time.
#[derive(Clone, Copy)]
pub(in crate::cuda) struct Loader<'a> {
    pub(in crate::cuda) device: &'a Device,
    pub(in crate::cuda) nvrtc: &'a Nvrtc,
    pub(in crate::cuda) stamps: bool,
}

impl Loader<'_> {
    pub(in crate::cuda) fn load(
        &self,
        file: &'static str,
        entry: &str,
        defines: &[String],
        smem_bytes: u32,
    ) -> Result<Kernel, CudaError> {
        let program = kernels::find(file).expect("registered, as kernels/tests/sources.rs holds");
        let compiled = self.nvrtc.compile(program, defines, self.device.target(), self.stamps)?;
        self.device.load(compiled.image(), entry, smem_bytes)
    }
}
