//! Finding, loading and asking libcupti, without a panic and without a driver.

use std::path::{Path, PathBuf};

use libloading::os::unix::{Library as Loaded, RTLD_GLOBAL, RTLD_NOW};
use thiserror::Error;

use crate::{ApiVersion, Call, candidates, find::NAMES};

/// libcupti, loaded for the rest of the process.
///
/// Symbols are global, so that [`bindings`](crate::bindings), which search by name, find this very library.
#[derive(Debug)]
pub struct Library {
    loaded: &'static Loaded,
    path: PathBuf,
    version: Option<ApiVersion>,
}

/// Why there is no CUPTI here.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Nothing with its name lies anywhere that was searched.
    #[error(
        "libcupti not found; install the CUDA toolkit or `pip install nvidia-cuda-cupti`, \
         or name it in CUPTI_SYS_LIBRARY"
    )]
    NotFound,
    /// A file was there, but the loader refused it.
    #[error("libcupti could not be loaded: {cause}: {}", path.display())]
    NotLoadable {
        /// What the loader said.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// It loads, but its records are older than what the decoder knows.
    #[error("libcupti {version} is older than CUDA 12.0: {}", path.display())]
    TooOld {
        /// Its version.
        version: ApiVersion,
        /// The file.
        path: PathBuf,
    },
}

impl Library {
    /// Loads the best libcupti of this machine. Needs no driver and no GPU.
    ///
    /// # Errors
    /// [`OpenError`] says what was missing and what to install.
    pub fn open() -> Result<Self, OpenError> {
        Self::open_from(&candidates(|name| std::env::var_os(name)))
    }

    /// Loads the first of `paths` that loads, else whatever the loader finds by name.
    ///
    /// # Errors
    /// The first path's failure when there were paths, else [`OpenError::NotFound`].
    pub fn open_from(paths: &[PathBuf]) -> Result<Self, OpenError> {
        let mut first_error = None;
        for path in paths {
            match load(path) {
                Ok(loaded) => return Self::ask(loaded, path.clone()),
                Err(cause) => {
                    first_error.get_or_insert(OpenError::NotLoadable { cause, path: path.clone() });
                }
            }
        }
        for name in NAMES {
            if let Ok(loaded) = load(Path::new(name)) {
                return Self::ask(loaded, PathBuf::from(name));
            }
        }
        Err(first_error.unwrap_or(OpenError::NotFound))
    }

    /// The file it was loaded from (a bare name when the loader found it).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its version; `None` when it would not say, as 13.5 does without a driver.
    pub fn version(&self) -> Option<ApiVersion> {
        self.version
    }

    /// True when the library has this call. Ask before calling: a missing symbol is a panic in the bindings.
    pub fn has(&self, call: Call) -> bool {
        self.has_symbol(call.symbol())
    }

    /// True when the library exports this symbol.
    pub fn has_symbol(&self, name: &str) -> bool {
        // SAFETY: the symbol's address is only compared with null, never called through this type.
        unsafe { self.loaded.get::<*const ()>(name.as_bytes()) }.is_ok()
    }

    fn ask(loaded: Loaded, path: PathBuf) -> Result<Self, OpenError> {
        let loaded: &'static Loaded = Box::leak(Box::new(loaded));
        let version = version_of(loaded);
        if let Some(version) = version.filter(|version| !version.is_supported()) {
            return Err(OpenError::TooOld { version, path });
        }
        Ok(Self { loaded, path, version })
    }
}

fn load(path: &Path) -> Result<Loaded, String> {
    // SAFETY: running libcupti's initialisers is what the caller asked for; it is loaded once and never unloaded.
    unsafe { Loaded::open(Some(path), RTLD_NOW | RTLD_GLOBAL) }.map_err(|error| error.to_string())
}

fn version_of(loaded: &Loaded) -> Option<ApiVersion> {
    type GetVersion = unsafe extern "C" fn(*mut u32) -> u32;
    // SAFETY: this is the C prototype of cuptiGetVersion in every release.
    let get = unsafe { loaded.get::<GetVersion>(b"cuptiGetVersion") }.ok()?;
    let mut version = 0;
    // SAFETY: the pointer is valid for one u32 write.
    let status = unsafe { get(&raw mut version) };
    (status == 0).then_some(ApiVersion(version))
}
