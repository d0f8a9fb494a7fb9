use std::ffi::c_void;

use cudarc::driver::{CudaFunction, CudaStream, result};

use super::{CudaError, error::Context as _};

/// Grid and block of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cuda) struct Shape {
    /// Thread blocks in each dimension.
    pub(in crate::cuda) grid: [u32; 3],
    /// Threads a block.
    pub(in crate::cuda) threads: u32,
}

impl Shape {
    /// A grid in one dimension.
    pub(in crate::cuda) const fn line(blocks: u32, threads: u32) -> Self {
        Self { grid: [blocks, 1, 1], threads }
    }
}

/// A kernel, loaded on one device. What it takes is known to the launchers of `kernels` only.
#[derive(Clone, Debug)]
pub(in crate::cuda) struct Kernel {
    pub(super) function: CudaFunction,
    pub(super) smem_bytes: u32,
    pub(super) gpu: u32,
}

impl Kernel {
    /// Blocks of so many threads that an SM holds at once.
    ///
    /// # Errors
    /// When the driver refuses.
    pub(in crate::cuda) fn blocks_per_sm(&self, threads: u32) -> Result<u32, CudaError> {
        let smem_bytes = self.smem_bytes as usize;
        self.function
            .occupancy_max_active_blocks_per_multiprocessor(threads, smem_bytes, None)
            .on(self.gpu, "asking for a kernel's occupancy")
    }

    /// Puts the kernel on a stream.
    ///
    /// # Safety
    /// `arguments` has a pointer for each parameter of the kernel, in order, to a value of the parameter's size.
    ///
    /// # Errors
    /// When the driver refuses the launch (its shape, its shared memory). Errors inside show at the next synchronise.
    pub(in crate::cuda) unsafe fn launch(
        &self,
        stream: &CudaStream,
        shape: Shape,
        arguments: &mut [*mut c_void],
    ) -> Result<(), CudaError> {
        stream.context().bind_to_thread().on(self.gpu, "selecting the device")?;
        let [x, y, z] = shape.grid;
        // SAFETY: function and stream are live; the pointers are the caller's promise.
        let launched = unsafe {
            result::launch_kernel(
                self.function.cu_function(),
                (x, y, z),
                (shape.threads, 1, 1),
                self.smem_bytes,
                stream.cu_stream(),
                arguments,
            )
        };
        launched.on(self.gpu, "launching a kernel")
    }
}
