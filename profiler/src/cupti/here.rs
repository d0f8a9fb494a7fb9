//! Which CUPTI this computer has.

use std::path::PathBuf;

use cupti_sys::{Library, OpenError};

/// A libcupti that loads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CuptiHere {
    /// The file, or the name by which the loader knows it.
    pub path: PathBuf,
    /// `None`: it would not say, as 13.5 does without a driver.
    pub version: Option<String>,
    /// Programs' NVTX ranges can be recorded.
    pub takes_nvtx: bool,
}

/// Loads the best libcupti of this computer; no driver and no GPU is needed.
///
/// # Errors
/// What is missing and what to install.
pub fn cupti_here() -> Result<CuptiHere, OpenError> {
    let library = Library::open()?;
    let version = library.version();
    Ok(CuptiHere {
        path: library.path().to_owned(),
        version: version.map(|version| version.to_string()),
        takes_nvtx: version.is_none_or(cupti_sys::ApiVersion::takes_nvtx),
    })
}
