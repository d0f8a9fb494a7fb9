//! Paths as the other end names them.

use std::{env, path::PathBuf};

/// A path there; from `~/` on in the home folder.
pub(super) fn in_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}
