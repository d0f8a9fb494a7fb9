use super::source::Source;
use crate::cuda::{
    compile::Nvrtc,
    driver::{CudaError, Device, Kernel, KernelKey},
};

/// Compiles kernels for one device and loads them.
#[derive(Clone, Copy, Debug)]
pub struct Loader<'a> {
    device: &'a Device,
    nvrtc: &'a Nvrtc,
    stamps: bool,
    wait_limit_ns: Option<u64>,
}

impl<'a> Loader<'a> {
    /// Kernels with stamps, or with them compiled out.
    pub fn new(device: &'a Device, nvrtc: &'a Nvrtc, stamps: bool) -> Self {
        Self { device, nvrtc, stamps, wait_limit_ns: None }
    }

    /// Kernels that wait at most so long for a peer, instead of two seconds.
    #[must_use]
    pub(in crate::cuda) fn with_wait_limit_ns(self, wait_limit_ns: u64) -> Self {
        Self { wait_limit_ns: Some(wait_limit_ns), ..self }
    }

    /// The device that kernels are loaded on.
    pub(in crate::cuda) fn device(&self) -> &'a Device {
        self.device
    }

    /// Whether kernels get stamps.
    pub(in crate::cuda) fn stamps(&self) -> bool {
        self.stamps
    }

    /// A kernel, loaded unless the device has it; `check` looks at the program's text before it is.
    pub(super) fn load(
        &self,
        source: &Source<'_>,
        check: impl FnOnce(),
    ) -> Result<Kernel, CudaError> {
        let mut defines = source.defines.to_vec();
        defines.extend(self.wait_limit_ns.map(|limit| format!("WEFT_WAIT_LIMIT_NS={limit}ull")));
        let Source { file, entry, smem_bytes, .. } = *source;
        let key =
            KernelKey { file, entry, defines: defines.clone(), stamps: self.stamps, smem_bytes };
        self.device.kernel(key, || {
            check();
            let (program, target) = (source.program(), self.device.target());
            let compiled = self.nvrtc.compile(program, &defines, target, self.stamps)?;
            self.device.load(compiled.image(), entry, smem_bytes)
        })
    }
}
