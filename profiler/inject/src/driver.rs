//! The few calls of CUDA's driver that fetch stamps. None is made inside a callback, where they hang.

use std::{
    ffi::{CStr, c_char, c_int, c_uint, c_void},
    ptr,
    sync::{OnceLock, atomic::AtomicU64},
    thread,
    time::Duration,
};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use thiserror::Error;
use weftscope_wire::Device;

use crate::sanitizer::{Code, abi::Handle};

/// Why the driver cannot be called.
#[derive(Debug, Error)]
pub enum DriverError {
    /// Not there, or too old.
    #[error("libcuda.so.1 lacks {0}")]
    Missing(&'static str),
    /// A `CUresult` that is not success.
    #[error("CUDA's driver fails: {call} gives {code}")]
    Failed {
        /// The call.
        call: &'static str,
        /// Its result.
        code: c_uint,
    },
    /// The Sanitizer fails.
    #[error(transparent)]
    Sanitizer(#[from] Code),
}

macro_rules! calls {
    ($($field:ident = $name:literal: fn($($argument:ty),*);)*) => {
        /// The driver's calls.
        #[derive(Debug)]
        pub struct Driver {
            $($field: unsafe extern "C" fn($($argument),*) -> c_uint,)*
        }

        impl Driver {
            /// Those of the driver that this process has loaded.
            ///
            /// # Errors
            /// [`DriverError::Missing`].
            pub fn load() -> Result<Self, DriverError> {
                // SAFETY: the driver is loaded already: it is what loaded this library.
                let library = unsafe { Library::open(Some("libcuda.so.1"), RTLD_NOW | RTLD_LOCAL) };
                let library = library.map_err(|_| DriverError::Missing("itself"))?;
                let driver = Self {
                    // SAFETY: the types are those of cuda.h for the names with their version; the driver is never unloaded.
                    $($field: *unsafe { library.get(concat!($name, "\0").as_bytes()) }
                        .map_err(|_| DriverError::Missing($name))?,)*
                };
                std::mem::forget(library);
                Ok(driver)
            }
        }
    };
}

calls! {
    push = "cuCtxPushCurrent_v2": fn(Handle);
    pop = "cuCtxPopCurrent_v2": fn(*mut Handle);
    capture_mode = "cuThreadExchangeStreamCaptureMode": fn(*mut c_uint);
    stream_create = "cuStreamCreateWithPriority": fn(*mut Handle, c_uint, c_int);
    stream_query = "cuStreamQuery": fn(Handle);
    host_alloc = "cuMemHostAlloc": fn(*mut Handle, usize, c_uint);
    module_load = "cuModuleLoadData": fn(*mut Handle, *const c_void);
    module_function = "cuModuleGetFunction": fn(*mut Handle, Handle, *const c_char);
    module_global = "cuModuleGetGlobal_v2": fn(*mut u64, *mut usize, Handle, *const c_char);
    copy_in = "cuMemcpyHtoDAsync_v2": fn(u64, *const c_void, usize, Handle);
    launch = "cuLaunchKernel": fn(Handle, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, c_uint, Handle, *mut Handle, *mut Handle);
    current = "cuCtxGetCurrent": fn(*mut Handle);
    current_device = "cuCtxGetDevice": fn(*mut c_int);
    device_name = "cuDeviceGetName": fn(*mut c_char, c_int, c_int);
    device_attribute = "cuDeviceGetAttribute": fn(*mut c_int, c_uint, c_int);
    device_memory = "cuDeviceTotalMem_v2": fn(*mut usize, c_int);
    device_address = "cuDeviceGetPCIBusId": fn(*mut c_char, c_int, c_int);
}

/// `CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT`.
const SMS: c_uint = 16;
/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR`.
const MAJOR: c_uint = 75;
/// `CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR`.
const MINOR: c_uint = 76;
/// `CU_STREAM_CAPTURE_MODE_RELAXED`.
const RELAXED: c_uint = 2;
/// `CU_STREAM_NON_BLOCKING`.
const NON_BLOCKING: c_uint = 1;
/// `CUDA_ERROR_NOT_READY`.
const NOT_READY: c_uint = 600;

fn done(call: &'static str, code: c_uint) -> Result<(), DriverError> {
    if code == 0 { Ok(()) } else { Err(DriverError::Failed { call, code }) }
}

impl Driver {
    /// Loaded once; `None`: it lacks a call.
    pub fn of_process() -> Option<&'static Self> {
        static LOADED: OnceLock<Option<Driver>> = OnceLock::new();
        LOADED.get_or_init(|| Self::load().ok()).as_ref()
    }

    /// Lets this thread work while another captures a graph; else its calls would break that capture.
    pub fn relax_this_thread(&self) {
        let mut mode = RELAXED;
        // SAFETY: valid for one read and one write.
        unsafe { (self.capture_mode)(&raw mut mode) };
    }

    /// This thread's context and its device; not inside a callback.
    pub fn current(&self) -> Option<(usize, u32)> {
        let (mut context, mut device) = (ptr::null_mut(), 0);
        // SAFETY: valid for one write each.
        let codes =
            unsafe { ((self.current)(&raw mut context), (self.current_device)(&raw mut device)) };
        (codes == (0, 0) && !context.is_null()).then_some((context as usize, device.unsigned_abs()))
    }

    /// What is known of a device.
    pub fn device(&self, ordinal: i32) -> Device {
        let attribute = |which| {
            let mut value = 0;
            // SAFETY: valid for one write.
            unsafe { (self.device_attribute)(&raw mut value, which, ordinal) };
            value.unsigned_abs()
        };
        let mut memory_bytes = 0;
        // SAFETY: valid for one write.
        unsafe { (self.device_memory)(&raw mut memory_bytes, ordinal) };
        Device {
            ordinal: ordinal.unsigned_abs(),
            name: text(self.device_name, ordinal),
            sms: attribute(SMS),
            memory_bytes: memory_bytes as u64,
            compute_capability: (attribute(MAJOR), attribute(MINOR)),
            pci_address: text(self.device_address, ordinal),
        }
    }
}

/// A text that a call writes, at most 255 bytes.
fn text(call: unsafe extern "C" fn(*mut c_char, c_int, c_int) -> c_uint, ordinal: i32) -> String {
    let mut bytes = [0u8; 256];
    // SAFETY: room for as many bytes as stated.
    let code = unsafe { call(bytes.as_mut_ptr().cast(), 256, ordinal) };
    match CStr::from_bytes_until_nul(&bytes) {
        Ok(text) if code == 0 => text.to_string_lossy().into_owned(),
        _ => String::new(),
    }
}

/// A kernel of this library's.
#[derive(Clone, Copy, Debug)]
pub struct Kernel(usize);

/// A stream of this library's in a context of the program's.
#[derive(Debug)]
pub struct OwnStream {
    driver: &'static Driver,
    context: usize,
    stream: usize,
}

impl OwnStream {
    /// In a context that is alive.
    ///
    /// # Errors
    /// When there is no memory or the context is gone.
    pub fn open(driver: &'static Driver, context: usize) -> Result<Self, DriverError> {
        let mut stream = ptr::null_mut();
        in_context(driver, context, || {
            // SAFETY: valid for one write; the context is current.
            let code = unsafe { (driver.stream_create)(&raw mut stream, NON_BLOCKING, i32::MIN) };
            done("cuStreamCreateWithPriority", code)
        })?;
        Ok(Self { driver, context, stream: stream as usize })
    }

    /// The driver's handle.
    pub fn handle(&self) -> usize {
        self.stream
    }

    /// Pinned memory of this stream's context, all zero, for both the host and the device; never given back.
    ///
    /// # Errors
    /// When there is not as much.
    pub fn shared_words<const N: usize>(&self) -> Result<&'static [AtomicU64; N], DriverError> {
        let mut words = ptr::null_mut();
        in_context(self.driver, self.context, || {
            // SAFETY: valid for one write; the context is current.
            let code =
                unsafe { (self.driver.host_alloc)(&raw mut words, N * size_of::<AtomicU64>(), 0) };
            done("cuMemHostAlloc", code)
        })?;
        let words: *mut [AtomicU64; N] = words.cast();
        // SAFETY: that many bytes, aligned to a page, nobody else's, and never freed.
        unsafe {
            ptr::write_bytes(words, 0, 1);
            Ok(&*words)
        }
    }

    /// A kernel out of the first of several cubins that this device takes.
    ///
    /// # Errors
    /// When none is taken or has a kernel of this name.
    pub fn kernel(&self, cubins: &[Vec<u8>], name: &CStr) -> Result<Kernel, DriverError> {
        let (mut module, mut function) = (ptr::null_mut(), ptr::null_mut());
        in_context(self.driver, self.context, || {
            let mut outcome = Err(DriverError::Missing("code for this device"));
            for cubin in cubins {
                // SAFETY: a whole cubin, which the call copies; valid for one write.
                let code =
                    unsafe { (self.driver.module_load)(&raw mut module, cubin.as_ptr().cast()) };
                outcome = done("cuModuleLoadData", code);
                if outcome.is_ok() {
                    break;
                }
            }
            outcome?;
            // SAFETY: the module just loaded; valid for one write.
            let code =
                unsafe { (self.driver.module_function)(&raw mut function, module, name.as_ptr()) };
            done("cuModuleGetFunction", code)
        })?;
        Ok(Kernel(function as usize))
    }

    /// Writes eight bytes into a variable of a module of this stream's context, and waits until they are there.
    ///
    /// # Errors
    /// When the module has no variable of this name and size, or is gone.
    pub fn set_global(&self, module: usize, name: &CStr, value: u64) -> Result<(), DriverError> {
        let (mut address, mut bytes) = (0, 0);
        in_context(self.driver, self.context, || {
            // SAFETY: a module that is loaded; valid for one write each.
            let code = unsafe {
                let module = module as Handle;
                (self.driver.module_global)(&raw mut address, &raw mut bytes, module, name.as_ptr())
            };
            done("cuModuleGetGlobal", code)?;
            if bytes != size_of::<u64>() {
                return Err(DriverError::Missing("a variable of eight bytes"));
            }
            let from = (&raw const value).cast();
            // SAFETY: eight bytes on both sides, the host's alive until the stream is waited for.
            let code =
                unsafe { (self.driver.copy_in)(address, from, bytes, self.stream as Handle) };
            done("cuMemcpyHtoDAsync", code)?;
            self.wait()
        })
    }

    /// Launches a kernel of one warp, with pointers and words as it takes them, each in eight bytes.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn launch(&self, kernel: Kernel, arguments: &mut [u64]) -> Result<(), DriverError> {
        let mut pointers: Vec<Handle> =
            arguments.iter_mut().map(|argument| ptr::from_mut(argument).cast()).collect();
        in_context(self.driver, self.context, || {
            let (function, stream) = (kernel.0 as Handle, self.stream as Handle);
            let arguments = pointers.as_mut_ptr();
            // SAFETY: as many arguments as the kernel takes, each at least as long as its type, copied by the call.
            let code = unsafe {
                (self.driver.launch)(
                    function,
                    1,
                    1,
                    1,
                    32,
                    1,
                    1,
                    0,
                    stream,
                    arguments,
                    ptr::null_mut(),
                )
            };
            done("cuLaunchKernel", code)
        })
    }

    /// Until everything of this stream has run.
    ///
    /// # Errors
    /// When it failed.
    pub fn finish(&self) -> Result<(), DriverError> {
        in_context(self.driver, self.context, || self.wait())
    }

    /// Until the stream has nothing left to do; without a call that could hold the driver's locks meanwhile.
    fn wait(&self) -> Result<(), DriverError> {
        loop {
            // SAFETY: a live stream.
            match unsafe { (self.driver.stream_query)(self.stream as Handle) } {
                NOT_READY => thread::sleep(Duration::from_micros(50)),
                code => return done("cuStreamQuery", code),
            }
        }
    }
}

fn in_context(
    driver: &Driver,
    context: usize,
    work: impl FnOnce() -> Result<(), DriverError>,
) -> Result<(), DriverError> {
    // SAFETY: a context that was alive when it was told; a dead one is refused.
    done("cuCtxPushCurrent", unsafe { (driver.push)(context as Handle) })?;
    let outcome = work();
    let mut popped = ptr::null_mut::<c_void>();
    // SAFETY: valid for one write.
    unsafe { (driver.pop)(&raw mut popped) };
    outcome
}
