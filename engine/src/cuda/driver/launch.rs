use std::ffi::c_void;

use cudarc::driver::{CudaFunction, CudaStream, result};

use super::{CudaError, error::Context as _};

/// Grid and block of a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Thread blocks.
    pub blocks: u32,
    /// Threads a block.
    pub threads: u32,
}

/// Arguments of a kernel, by value, in order. A launch copies them, so they may be dropped right after.
#[derive(Debug, Default)]
pub struct Args {
    /// 128-byte units, so that every argument lies at the alignment of a tensor map.
    storage: Vec<Box<[Aligned]>>,
}

#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
struct Aligned([u8; 128]);

impl Args {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one argument of any plain type.
    #[must_use]
    pub fn with<T: Copy + 'static>(mut self, value: T) -> Self {
        const { assert!(align_of::<T>() <= align_of::<Aligned>()) };
        let units = size_of::<T>().div_ceil(size_of::<Aligned>()).max(1);
        let mut place = vec![Aligned([0; 128]); units].into_boxed_slice();
        // SAFETY: the place has room for a T, and the assertion above holds its alignment.
        unsafe { place.as_mut_ptr().cast::<T>().write(value) };
        self.storage.push(place);
        self
    }

    fn pointers(&mut self) -> Vec<*mut c_void> {
        self.storage.iter_mut().map(|place| place.as_mut_ptr().cast()).collect()
    }
}

/// A kernel, loaded on one device.
#[derive(Clone, Debug)]
pub struct Kernel {
    pub(super) function: CudaFunction,
    pub(super) smem_bytes: u32,
    pub(super) gpu: u32,
}

impl Kernel {
    /// Blocks of so many threads that an SM holds at once.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn blocks_per_sm(&self, threads: u32) -> Result<u32, CudaError> {
        let smem_bytes = self.smem_bytes as usize;
        self.function
            .occupancy_max_active_blocks_per_multiprocessor(threads, smem_bytes, None)
            .on(self.gpu, "asking for a kernel's occupancy")
    }

    /// Puts the kernel on a stream.
    ///
    /// # Safety
    /// `args` are what the kernel's signature says, every address in them is valid on the stream's device until the
    /// kernel has run, and nothing else writes there meanwhile but what the kernel itself orders.
    ///
    /// # Errors
    /// When the driver refuses the launch (its shape, its shared memory). Errors inside show at the next synchronise.
    pub unsafe fn launch(
        &self,
        stream: &CudaStream,
        shape: Shape,
        args: Args,
    ) -> Result<(), CudaError> {
        // SAFETY: the caller's promise.
        unsafe { self.launch_grid(stream, ((shape.blocks, 1, 1), shape.threads), args) }
    }

    /// Puts the kernel on a stream with a grid in up to three dimensions, and so many threads a block.
    ///
    /// # Safety
    /// As [`launch`](Self::launch).
    ///
    /// # Errors
    /// As [`launch`](Self::launch).
    pub unsafe fn launch_grid(
        &self,
        stream: &CudaStream,
        (grid, threads): ((u32, u32, u32), u32),
        mut args: Args,
    ) -> Result<(), CudaError> {
        stream.context().bind_to_thread().on(self.gpu, "selecting the device")?;
        let mut pointers = args.pointers();
        // SAFETY: the pointers are to live arguments, which the driver copies before it returns; the rest is the
        // caller's promise.
        let launched = unsafe {
            result::launch_kernel(
                self.function.cu_function(),
                grid,
                (threads, 1, 1),
                self.smem_bytes,
                stream.cu_stream(),
                &mut pointers,
            )
        };
        launched.on(self.gpu, "launching a kernel")
    }
}
