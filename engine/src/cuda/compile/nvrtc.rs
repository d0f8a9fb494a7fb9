//! Compiling device programs for the GPU at hand.

use std::{
    ffi::{CStr, CString, c_char},
    ptr,
    sync::Arc,
};

use cudarc::nvrtc::sys;
use weftscope_kernels::{Build, HEADERS, Program, Target, abi};

use super::{
    CompileError, Compiled,
    cubins::{Cubins, Recipe},
};
use crate::cuda::driver::{FindError, library_paths, load};

const REMEDY: &str =
    "install the CUDA toolkit or `pip install nvidia-cuda-nvrtc`, or set WEFTSCOPE_CUDA_DIR";

/// The run-time compiler, loaded.
#[derive(Clone, Copy, Debug)]
pub struct Nvrtc {
    version: (i32, i32),
}

impl Nvrtc {
    /// Finds and loads libnvrtc with its built-ins. Needs no driver and no GPU.
    ///
    /// # Errors
    /// [`FindError`] says what is missing and what to install.
    pub fn open() -> Result<Self, FindError> {
        // The built-ins first: libnvrtc looks for them by bare name and has no run path of its own.
        for path in
            library_paths("libnvrtc-builtins.so", "cuda_nvrtc", |name| std::env::var_os(name))
        {
            if load(&path).is_ok() {
                break;
            }
        }
        let mut cause = None;
        for path in library_paths("libnvrtc.so", "cuda_nvrtc", |name| std::env::var_os(name)) {
            match load(&path) {
                Ok(()) => break,
                Err(error) => cause = cause.or(Some(error)),
            }
        }
        // SAFETY: only opens and closes libraries by name.
        if !unsafe { sys::is_culib_present() } {
            return Err(match cause {
                Some(cause) => FindError::NotLoadable { library: "libnvrtc", cause },
                None => FindError::NotFound { library: "libnvrtc", remedy: REMEDY },
            });
        }
        let mut version = (0, 0);
        // SAFETY: both pointers are valid for one write; the library is there, so the symbol is (every release has it).
        unsafe { sys::nvrtcVersion(&raw mut version.0, &raw mut version.1) };
        Ok(Self { version })
    }

    /// Major and minor version.
    pub fn version(&self) -> (i32, i32) {
        self.version
    }

    /// A program with definitions (`NAME` or `NAME=VALUE`), with or without stamps, for a GPU or for the first member of a
    /// family: compiled, unless this process has it already or the [cache folder](super::cubin_cache) does.
    ///
    /// # Errors
    /// [`CompileError::Source`] carries the compiler's log.
    pub fn compile(
        &self,
        program: &'static Program,
        defines: &[impl AsRef<str>],
        target: impl Into<Target>,
        stamps: bool,
    ) -> Result<Arc<Compiled>, CompileError> {
        let build = build(program.file, target.into())?;
        let key = self.recipe(program, options(program, defines, &build, stamps)).key();
        let compile = || self.build(program, defines, &build, stamps).map(|(compiled, _)| compiled);
        Cubins::of_process().get(&key, compile)
    }

    /// As [`compile`](Self::compile), past everything that is kept, and what the compiler had to say of it.
    ///
    /// # Errors
    /// [`CompileError::Source`] carries the compiler's log.
    pub fn compile_afresh(
        &self,
        program: &'static Program,
        defines: &[impl AsRef<str>],
        target: impl Into<Target>,
        stamps: bool,
    ) -> Result<(Compiled, String), CompileError> {
        self.build(program, defines, &build(program.file, target.into())?, stamps)
    }

    fn build(
        &self,
        program: &'static Program,
        defines: &[impl AsRef<str>],
        build: &Build,
        stamps: bool,
    ) -> Result<(Compiled, String), CompileError> {
        let handle = Handle::new(program)?;
        if handle.compile(&options(program, defines, build, stamps)).is_err() {
            let defines = defines.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" ");
            let (file, arch) = (program.file, build.name().to_owned());
            return Err(CompileError::Source { file, defines, arch, log: handle.log() });
        }
        let ptx = handle.bytes(sys::nvrtcGetPTXSize, sys::nvrtcGetPTX)?;
        let cubin = match build {
            Build::Machine(_) => handle.bytes(sys::nvrtcGetCUBINSize, sys::nvrtcGetCUBIN)?,
            Build::Ptx(_) => Vec::new(),
        };
        let ptx = String::from_utf8_lossy(&ptx).trim_end_matches('\0').to_owned();
        Ok((Compiled { cubin, ptx }, handle.log()))
    }

    /// All that the outcome of compiling a program depends on.
    pub(super) fn recipe(
        &self,
        program: &'static Program,
        options: Vec<String>,
    ) -> Recipe<'static> {
        let (file, source) = (program.file, program.source);
        Recipe { file, source, headers: HEADERS, options, nvrtc: self.version }
    }
}

/// The compiler's command line, but for the headers.
pub(super) fn options(
    program: &Program,
    defines: &[impl AsRef<str>],
    build: &Build,
    stamps: bool,
) -> Vec<String> {
    let mut options = vec![format!("--gpu-architecture={}", build.name())];
    options.extend(["--std=c++17", "--generate-line-info", "-default-device"].map(str::to_owned));
    // So that the log says what the assembler made of registers, and of products that it had to put in a row.
    options.push("--ptxas-options=--verbose".to_owned());
    options.extend(program.options.iter().map(|&option| option.to_owned()));
    options.extend(defines.iter().map(|define| format!("--define-macro={}", define.as_ref())));
    if stamps {
        options.push(format!("--define-macro={}", abi::STAMPS));
    }
    options
}

/// What the loaded compiler makes of a program for a GPU.
fn build(file: &'static str, target: Target) -> Result<Build, CompileError> {
    let unknown = CompileError::Unknown { capability: target.capability };
    target.build(&supported(file)?).ok_or(unknown)
}

/// Compute capabilities, times ten, that the loaded compiler has machine code for.
fn supported(file: &'static str) -> Result<Vec<u32>, CompileError> {
    let mut count = 0;
    // SAFETY: valid for one write.
    check(unsafe { sys::nvrtcGetNumSupportedArchs(&raw mut count) }, file)?;
    let mut archs = vec![0i32; usize::try_from(count).unwrap_or(0)];
    // SAFETY: room for as many as NVRTC just stated.
    check(unsafe { sys::nvrtcGetSupportedArchs(archs.as_mut_ptr()) }, file)?;
    Ok(archs.into_iter().filter_map(|arch| u32::try_from(arch).ok()).collect())
}

type SizeFn = unsafe fn(sys::nvrtcProgram, *mut usize) -> sys::nvrtcResult;
type BytesFn = unsafe fn(sys::nvrtcProgram, *mut c_char) -> sys::nvrtcResult;

/// An NVRTC program, destroyed when dropped.
struct Handle {
    raw: sys::nvrtcProgram,
    file: &'static str,
}

impl Handle {
    fn new(program: &'static Program) -> Result<Self, CompileError> {
        let text = |text: &str| CString::new(text).expect("sources are text without NUL");
        let names: Vec<CString> = HEADERS.iter().map(|(name, _)| text(name)).collect();
        let sources: Vec<CString> = HEADERS.iter().map(|(_, source)| text(source)).collect();
        let name_ptrs: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        let source_ptrs: Vec<*const c_char> =
            sources.iter().map(|source| source.as_ptr()).collect();
        let (source, file) = (text(program.source), text(program.file));
        let mut raw = ptr::null_mut();
        // SAFETY: all strings outlive the call, which copies them; both lists have as many entries as stated.
        let result = unsafe {
            sys::nvrtcCreateProgram(
                &raw mut raw,
                source.as_ptr(),
                file.as_ptr(),
                HEADERS.len() as i32,
                source_ptrs.as_ptr(),
                name_ptrs.as_ptr(),
            )
        };
        check(result, program.file)?;
        Ok(Self { raw, file: program.file })
    }

    fn compile(&self, options: &[String]) -> Result<(), CompileError> {
        let options: Vec<CString> = options
            .iter()
            .map(|option| CString::new(option.as_str()).expect("options have no NUL"))
            .collect();
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        // SAFETY: the program is live and the option strings outlive the call.
        let result =
            unsafe { sys::nvrtcCompileProgram(self.raw, pointers.len() as i32, pointers.as_ptr()) };
        check(result, self.file)
    }

    fn log(&self) -> String {
        self.bytes(sys::nvrtcGetProgramLogSize, sys::nvrtcGetProgramLog).map_or_else(
            |error| error.to_string(),
            |log| {
                CStr::from_bytes_until_nul(&log).unwrap_or_default().to_string_lossy().into_owned()
            },
        )
    }

    fn bytes(&self, size: SizeFn, fill: BytesFn) -> Result<Vec<u8>, CompileError> {
        let mut len = 0;
        // SAFETY: the program is live and the pointer valid for one write.
        check(unsafe { size(self.raw, &raw mut len) }, self.file)?;
        let mut bytes = vec![0u8; len];
        // SAFETY: the buffer has the size that NVRTC just asked for.
        check(unsafe { fill(self.raw, bytes.as_mut_ptr().cast()) }, self.file)?;
        Ok(bytes)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: created by nvrtcCreateProgram and destroyed only here.
        unsafe { sys::nvrtcDestroyProgram(&raw mut self.raw) };
    }
}

fn check(result: sys::nvrtcResult, file: &'static str) -> Result<(), CompileError> {
    if result == sys::nvrtcResult::NVRTC_SUCCESS {
        return Ok(());
    }
    Err(CompileError::Compiler { file, cause: format!("{result:?}") })
}
