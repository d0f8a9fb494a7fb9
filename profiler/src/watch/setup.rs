//! What a watched program needs: the library that it loads, and what that library needs in turn.

use std::{
    env,
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use weftscope_engine::cuda::{CompileError, FindError, Nvrtc, library_paths, probe};
use weftscope_kernels::{BLOCK_PATCH, Program, Target, find};
use weftscope_wire::{Level, variables};

/// File name of the library.
const LIBRARY: &str = "libweftscope_inject.so";
/// Where it may lie otherwise.
const LIBRARY_VARIABLE: &str = "WEFTSCOPE_INJECT_LIBRARY";

/// Where NCCL looks for a plugin.
const NCCL_PLUGIN: &str = "NCCL_PROFILER_PLUGIN";

/// What brings the Compute Sanitizer's library.
pub const SANITIZER_REMEDY: &str = "install the CUDA toolkit or `pip install nvidia-cuda-sanitizer-api`, or set WEFTSCOPE_CUDA_DIR";

/// Why a program cannot be watched.
#[derive(Debug, Error)]
pub enum SetupError {
    /// The library is not there.
    #[error(
        "{LIBRARY} lies neither beside the program ({beside}) nor where {LIBRARY_VARIABLE} says; `cargo build --release` makes both"
    )]
    NoLibrary {
        /// Folder of the program.
        beside: String,
    },
    /// The compiler is not there.
    #[error(transparent)]
    NoCompiler(#[from] FindError),
    /// Device code does not compile.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// Device code cannot be written.
    #[error("{place}: {cause}")]
    Write {
        /// The file.
        place: String,
        /// Why.
        cause: io::Error,
    },
}

/// All that is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// The library that CUDA's driver loads into the program.
    pub library: PathBuf,
    /// The Compute Sanitizer's.
    pub sanitizer: Option<PathBuf>,
    /// What is missing for the level asked for, and what to do, a sentence each.
    pub missing: Vec<String>,
    level: Level,
}

impl Setup {
    /// Looks for everything that `level` needs.
    ///
    /// # Errors
    /// [`SetupError::NoLibrary`].
    pub fn find(level: Level) -> Result<Self, SetupError> {
        let library = library()?;
        let sanitizer = Self::sanitizer();
        let mut missing = Vec::new();
        if level == Level::Blocks && sanitizer.is_none() {
            missing.push(format!("libsanitizer-public.so was not found, so there are no thread blocks: {SANITIZER_REMEDY}"));
        }
        Ok(Self { library, sanitizer, missing, level })
    }

    /// The Compute Sanitizer's library.
    pub fn sanitizer() -> Option<PathBuf> {
        let found = library_paths("libsanitizer-public.so", "sanitizer", |name| env::var_os(name));
        found.into_iter().find(|path| path.is_file())
    }

    /// With this library and nothing else: what it cannot do without, it says itself.
    pub fn with_library(library: PathBuf) -> Self {
        Self { library, sanitizer: None, missing: Vec::new(), level: Level::Blocks }
    }

    /// Environment variables for the program. Device code is compiled into `folder`, for each GPU of this computer.
    ///
    /// # Errors
    /// [`SetupError`] of the compiler or of the folder.
    pub fn variables(
        &self,
        job: &Path,
        folder: &Path,
    ) -> Result<Vec<(&'static str, OsString)>, SetupError> {
        if self.level == Level::Blocks {
            compile(folder)?;
        }
        let mut variables = vec![
            ("CUDA_INJECTION64_PATH", self.library.clone().into_os_string()),
            (variables::JOB, job.as_os_str().to_owned()),
            (variables::LEVEL, self.level.name().into()),
            (variables::PROGRAMS, folder.as_os_str().to_owned()),
        ];
        // Whoever brings a plugin of his own keeps it; then it is not known which collectives there are.
        if env::var_os(NCCL_PLUGIN).is_none() {
            variables.push((NCCL_PLUGIN, self.library.clone().into_os_string()));
        }
        if let Some(sanitizer) = &self.sanitizer {
            variables.push((variables::SANITIZER, sanitizer.clone().into_os_string()));
        }
        Ok(variables)
    }
}

fn library() -> Result<PathBuf, SetupError> {
    if let Some(named) =
        env::var_os(LIBRARY_VARIABLE).map(PathBuf::from).filter(|path| path.is_file())
    {
        return Ok(named);
    }
    let program = env::current_exe().unwrap_or_default();
    let beside = program.parent().unwrap_or(Path::new("")).to_owned();
    // Tests lie one folder deeper than what they test.
    let folders = [Some(beside.as_path()), beside.parent()];
    let found = folders
        .into_iter()
        .flatten()
        .map(|folder| folder.join(LIBRARY))
        .find(|path| path.is_file());
    found.ok_or_else(|| SetupError::NoLibrary { beside: beside.display().to_string() })
}

/// Compiles what the library loads onto each GPU.
fn compile(folder: &Path) -> Result<(), SetupError> {
    let Ok(found) = probe() else { return Ok(()) };
    let nvrtc = Nvrtc::open()?;
    let clock = find("clock.cu").expect("registered");
    let mut capabilities: Vec<(u32, u32)> =
        found.gpus.iter().map(|gpu| gpu.compute_capability).collect();
    capabilities.sort_unstable();
    capabilities.dedup();
    for (major, minor) in capabilities {
        let Some(target) = Target::of(major, minor) else { continue };
        for (kind, program) in [("patch", &BLOCK_PATCH), ("clock", clock)] {
            write(
                &nvrtc,
                program,
                target,
                &folder.join(format!("sm_{major}{minor}.{kind}.cubin")),
            )?;
        }
    }
    Ok(())
}

fn write(
    nvrtc: &Nvrtc,
    program: &'static Program,
    target: Target,
    path: &Path,
) -> Result<(), SetupError> {
    let compiled = nvrtc.compile(program, &[""; 0], target, false)?;
    fs::write(path, &compiled.cubin)
        .map_err(|cause| SetupError::Write { place: path.display().to_string(), cause })
}
