//! libsanitizer-public.so, loaded, and the calls that are made of it.

use std::{
    ffi::{CString, c_char, c_int, c_void},
    path::Path,
    ptr,
};

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use thiserror::Error;

use super::abi::{Callback, Handle};

/// Why the library cannot be used.
#[derive(Debug, Error)]
pub enum LoadError {
    /// It does not load.
    #[error("the Compute Sanitizer's library does not load: {0}")]
    Library(String),
    /// It lacks a call.
    #[error("the Compute Sanitizer's library lacks {0}: a newer one is needed")]
    Symbol(&'static str),
}

/// A `SanitizerResult` that is not success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the Compute Sanitizer refuses (code {0})")]
pub struct Code(pub u32);

/// `SANITIZER_ERROR_NOT_READY`.
const NOT_READY: u32 = 11;

impl Code {
    /// The same call may do a little later.
    pub fn is_not_ready(self) -> bool {
        self.0 == NOT_READY
    }
}

type Subscribe = unsafe extern "C" fn(*mut Handle, Callback, Handle) -> u32;
type EnableDomain = unsafe extern "C" fn(u32, Handle, u32) -> u32;
type EnableCallback = unsafe extern "C" fn(u32, Handle, u32, u32) -> u32;
type AddPatches = unsafe extern "C" fn(*const c_void, Handle) -> u32;
type PatchInstructions = unsafe extern "C" fn(u32, Handle, *const c_char) -> u32;
type OfModule = unsafe extern "C" fn(Handle) -> u32;
type Alloc = unsafe extern "C" fn(Handle, *mut Handle, usize) -> u32;
type Free = unsafe extern "C" fn(Handle, Handle) -> u32;
type Memset = unsafe extern "C" fn(Handle, c_int, usize, Handle) -> u32;
type Copy = unsafe extern "C" fn(Handle, Handle, usize, Handle) -> u32;
type Synchronize = unsafe extern "C" fn(Handle) -> u32;
type StreamHandle = unsafe extern "C" fn(Handle, Handle, *mut Handle) -> u32;
type SetLaunchData = unsafe extern "C" fn(Handle, Handle, Handle, *const c_void) -> u32;

/// The library's calls.
#[derive(Debug)]
pub struct Sanitizer {
    subscribe: Subscribe,
    enable_domain: EnableDomain,
    enable_callback: EnableCallback,
    add_patches: AddPatches,
    patch_instructions: PatchInstructions,
    patch_module: OfModule,
    set_launch_data: SetLaunchData,
    alloc: Alloc,
    free: Free,
    memset: Memset,
    copy_out: Copy,
    copy_in: Copy,
    synchronize: Synchronize,
    stream_handle: StreamHandle,
}

/// The one that callbacks go to.
#[derive(Clone, Copy, Debug)]
pub struct Subscriber(Handle);

// SAFETY: a handle that the library looks up, never memory of a thread.
unsafe impl Send for Subscriber {}
// SAFETY: as above; the calls that take it are documented as safe from any thread.
unsafe impl Sync for Subscriber {}

fn done(code: u32) -> Result<(), Code> {
    if code == 0 { Ok(()) } else { Err(Code(code)) }
}

impl Sanitizer {
    /// Loads the library for the rest of the process.
    ///
    /// # Errors
    /// [`LoadError`] with the loader's words, or with the first call that is missing.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        // SAFETY: NVIDIA's library; its initialisers may run at any time.
        let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) };
        let library = library.map_err(|error| LoadError::Library(error.to_string()))?;
        macro_rules! call {
            ($name:literal) => {
                // SAFETY: the type beside the field is the header's signature; the library is never unloaded.
                *unsafe { library.get(concat!($name, "\0").as_bytes()) }.map_err(|_| LoadError::Symbol($name))?
            };
        }
        let loaded = Self {
            subscribe: call!("sanitizerSubscribe"),
            enable_domain: call!("sanitizerEnableDomain"),
            enable_callback: call!("sanitizerEnableCallback"),
            add_patches: call!("sanitizerAddPatches"),
            patch_instructions: call!("sanitizerPatchInstructions"),
            patch_module: call!("sanitizerPatchModule"),
            set_launch_data: call!("sanitizerSetLaunchCallbackData"),
            alloc: call!("sanitizerAlloc"),
            free: call!("sanitizerFree"),
            memset: call!("sanitizerMemset"),
            copy_out: call!("sanitizerMemcpyDeviceToHost"),
            copy_in: call!("sanitizerMemcpyHostToDeviceAsync"),
            synchronize: call!("sanitizerStreamSynchronize"),
            stream_handle: call!("sanitizerGetStreamHandle"),
        };
        std::mem::forget(library);
        Ok(loaded)
    }

    /// Has `callback` called. One subscriber a process.
    ///
    /// # Errors
    /// When there is one already.
    pub fn subscribe(&self, callback: Callback) -> Result<Subscriber, Code> {
        let mut subscriber = ptr::null_mut();
        // SAFETY: valid for one write; the callback is a function of this library, which is never unloaded.
        done(unsafe { (self.subscribe)(&raw mut subscriber, callback, ptr::null_mut()) })?;
        Ok(Subscriber(subscriber))
    }

    /// Callbacks of a domain, on or off.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn enable(&self, subscriber: Subscriber, domain: u32, on: bool) -> Result<(), Code> {
        // SAFETY: a subscriber of this library's.
        done(unsafe { (self.enable_domain)(u32::from(on), subscriber.0, domain) })
    }

    /// One callback of a domain, on.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn enable_one(&self, subscriber: Subscriber, domain: u32, id: u32) -> Result<(), Code> {
        // SAFETY: a subscriber of this library's.
        done(unsafe { (self.enable_callback)(1, subscriber.0, domain, id) })
    }

    /// Loads device code with patches into a context, once, before a module of it is patched.
    ///
    /// # Errors
    /// When the code is not for this device.
    pub fn add_patches(&self, image: &[u8], context: usize) -> Result<(), Code> {
        // SAFETY: a whole cubin, which the call copies; a live context.
        done(unsafe { (self.add_patches)(image.as_ptr().cast(), context as Handle) })
    }

    /// Has the device function `patch` called wherever `instruction` stands in a module.
    ///
    /// # Errors
    /// When no patch of that name was loaded.
    pub fn patch_instructions(
        &self,
        instruction: u32,
        module: usize,
        patch: &str,
    ) -> Result<(), Code> {
        let name = CString::new(patch).map_err(|_| Code(1))?;
        // SAFETY: a live module; a string that outlives the call.
        done(unsafe { (self.patch_instructions)(instruction, module as Handle, name.as_ptr()) })
    }

    /// Patches a module as [`patch_instructions`](Self::patch_instructions) said.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn patch_module(&self, module: usize) -> Result<(), Code> {
        // SAFETY: a live module.
        done(unsafe { (self.patch_module)(module as Handle) })
    }

    /// Gives the patches of one launch an address on the device, 0 for none. Only inside the callback of that launch.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn set_launch_data(
        &self,
        (launch, function, stream): (Handle, Handle, Handle),
        address: u64,
    ) -> Result<(), Code> {
        // SAFETY: handles of the callback that is running.
        done(unsafe { (self.set_launch_data)(launch, function, stream, address as *const c_void) })
    }

    /// Device memory of a context, all zero; may be called in callbacks, where the driver may not. The driver does not copy
    /// from it: [`read`](Self::read) does.
    ///
    /// # Errors
    /// When there is not as much.
    pub fn zeroed(&self, context: usize, bytes: usize, stream: Stream) -> Result<u64, Code> {
        let mut address = ptr::null_mut();
        // SAFETY: valid for one write; a live context.
        done(unsafe { (self.alloc)(context as Handle, &raw mut address, bytes) })?;
        self.clear(address as u64, bytes, stream).inspect_err(|_| {
            // SAFETY: what was just allocated, which nobody else knows.
            unsafe { (self.free)(context as Handle, address) };
        })?;
        Ok(address as u64)
    }

    /// The Sanitizer's handle of a stream of the driver's.
    ///
    /// # Errors
    /// When there is no such stream.
    pub fn stream(&self, context: usize, stream: usize) -> Result<Stream, Code> {
        let mut handle = ptr::null_mut();
        // SAFETY: valid for one write; a live context and a stream of it.
        let code =
            unsafe { (self.stream_handle)(context as Handle, stream as Handle, &raw mut handle) };
        done(code).map(|()| Stream(handle as usize))
    }

    /// Sets device memory of this library's to zero, and waits until it is.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn clear(&self, address: u64, bytes: usize, stream: Stream) -> Result<(), Code> {
        // SAFETY: memory of this library's, of that many bytes.
        done(unsafe { (self.memset)(address as Handle, 0, bytes, stream.0 as Handle) })?;
        // SAFETY: a live stream.
        done(unsafe { (self.synchronize)(stream.0 as Handle) })
    }

    /// Writes device memory of this library's, and waits until it is there.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn write(&self, address: u64, bytes: &[u8], stream: Stream) -> Result<(), Code> {
        let (to, from) = (address as Handle, bytes.as_ptr().cast_mut().cast());
        // SAFETY: memory of this library's, of as many bytes; the copy only reads `bytes`, and is waited for.
        done(unsafe { (self.copy_in)(to, from, bytes.len(), stream.0 as Handle) })?;
        // SAFETY: a live stream.
        done(unsafe { (self.synchronize)(stream.0 as Handle) })
    }

    /// Appends device memory of this library's to `out`. Other streams go on meanwhile.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn read(
        &self,
        address: u64,
        bytes: usize,
        stream: Stream,
        out: &mut Vec<u8>,
    ) -> Result<(), Code> {
        out.reserve(bytes);
        let room = out.spare_capacity_mut();
        // SAFETY: room for as many bytes; memory of this library's, of as many.
        let code = unsafe {
            (self.copy_out)(room.as_mut_ptr().cast(), address as Handle, bytes, stream.0 as Handle)
        };
        done(code)?;
        // SAFETY: the copy has ended, so these bytes are initialised.
        unsafe { out.set_len(out.len() + bytes) };
        Ok(())
    }
}

/// A stream by the Sanitizer's handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream(usize);

impl Stream {
    /// The one without a name.
    pub const NULL: Self = Self(0);
}
