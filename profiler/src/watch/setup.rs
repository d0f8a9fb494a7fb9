//! What a watched program needs: the library that it loads, and what that library needs in turn.

mod device_code;

use std::{
    env,
    ffi::OsString,
    io,
    path::{Path, PathBuf},
};

use thiserror::Error;
use weftscope_engine::cuda::{CompileError, FindError, library_paths};
use weftscope_wire::{Level, variables};

use self::device_code::Compiled;

/// File name of the library.
const LIBRARY: &str = "libweftscope_inject.so";
/// Where it may lie otherwise.
const LIBRARY_VARIABLE: &str = "WEFTSCOPE_INJECT_LIBRARY";

/// Where NCCL looks for a plugin.
const NCCL_PLUGIN: &str = "NCCL_PROFILER_PLUGIN";
/// Where NVTX looks for a tool.
const NVTX_TOOL: &str = "NVTX_INJECTION64_PATH";

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
    /// There is no device code for these GPUs.
    #[error("there is no device code for GPUs of sm_{}{}", .0.0, .0.1)]
    Unknown((u32, u32)),
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
    /// Why it is not more, level by level, where as much as can be had was asked for.
    pub steps: Vec<String>,
    level: Level,
    /// Where a process cannot have it, it records less.
    steps_down: bool,
    /// `None`: not compiled yet.
    code: Option<Vec<Compiled>>,
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
        if level == Level::Channels && env::var_os(NCCL_PLUGIN).is_some() {
            missing.push(format!("{NCCL_PLUGIN} names another plugin, so NCCL does not tell of its channels: unset it"));
        }
        Ok(Self {
            library,
            sanitizer,
            missing,
            steps: Vec::new(),
            level,
            steps_down: false,
            code: None,
        })
    }

    /// Looks for the most that can be had: blocks, else channels, else kernels.
    ///
    /// # Errors
    /// [`SetupError::NoLibrary`].
    pub fn most() -> Result<Self, SetupError> {
        let mut steps = Vec::new();
        for level in [Level::Blocks, Level::Channels] {
            let mut setup = Self::find(level)?;
            let why = match (setup.missing.first(), device_code::compile(level)) {
                (Some(why), _) => why.clone(),
                (None, Err(error)) => error.to_string(),
                (None, Ok(code)) => {
                    setup.code = Some(code);
                    setup.steps = steps;
                    setup.steps_down = true;
                    return Ok(setup);
                }
            };
            steps.push(format!("no {level}: {why}"));
        }
        Ok(Self { steps, steps_down: true, ..Self::find(Level::Kernels)? })
    }

    /// How much is recorded.
    pub fn level(&self) -> Level {
        self.level
    }

    /// The Compute Sanitizer's library.
    pub fn sanitizer() -> Option<PathBuf> {
        let found = library_paths("libsanitizer-public.so", "sanitizer", |name| env::var_os(name));
        found.into_iter().find(|path| path.is_file())
    }

    /// With this library and nothing else: what it cannot do without, it says itself.
    pub fn with_library(library: PathBuf) -> Self {
        Self {
            library,
            sanitizer: None,
            missing: Vec::new(),
            steps: Vec::new(),
            level: Level::Blocks,
            steps_down: false,
            code: None,
        }
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
        let compiled = match &self.code {
            Some(code) => code.clone(),
            None => device_code::compile(self.level)?,
        };
        compiled.iter().try_for_each(|code| code.write(folder))?;
        let level = match self.level {
            // What is not to be had in a process is known there alone.
            Level::Blocks if self.steps_down => variables::AUTO,
            level => level.name(),
        };
        let mut variables = vec![
            ("CUDA_INJECTION64_PATH", self.library.clone().into_os_string()),
            (variables::JOB, job.as_os_str().to_owned()),
            (variables::LEVEL, level.into()),
            (variables::PROGRAMS, folder.as_os_str().to_owned()),
        ];
        // Whoever brings a plugin of his own keeps it; then it is not known which collectives there are.
        if env::var_os(NCCL_PLUGIN).is_none() {
            variables.push((NCCL_PLUGIN, self.library.clone().into_os_string()));
        }
        if env::var_os(NVTX_TOOL).is_none() {
            variables.push((NVTX_TOOL, self.library.clone().into_os_string()));
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
