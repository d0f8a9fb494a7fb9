//! Inputs that are too large for the repository, or not ours to ship.

use std::path::{Path, PathBuf};

/// `path` below the folder `shared` beside the checkout, or below what `WEFTSCOPE_SHARED` names.
///
/// # Errors
/// A sentence that says where it was looked for, for [`skip`](crate::skip).
pub fn shared(path: &str) -> Result<PathBuf, String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = std::env::var_os("WEFTSCOPE_SHARED").map_or_else(beside, PathBuf::from);
    let found = folder.join(path);
    match found.exists() {
        true => Ok(found),
        false => Err(format!("no {} (WEFTSCOPE_SHARED names the folder)", found.display())),
    }
}
