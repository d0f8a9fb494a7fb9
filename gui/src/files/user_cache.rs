//! Where the program keeps files of this user that it can make again.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// Why nothing is kept.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum CacheOff {
    /// The user wants none.
    #[error("WEFTSCOPE_CACHE_DIR is set and empty")]
    Asked,
    /// No variable names a place.
    #[error("none of WEFTSCOPE_CACHE_DIR, XDG_CACHE_HOME and HOME names a folder")]
    Nowhere,
}

/// The folder of this user for files of one sort: `$WEFTSCOPE_CACHE_DIR/NAME`, else `weftscope/NAME` in the user's cache (XDG
/// Base Directory Specification 0.8: a relative `XDG_CACHE_HOME` is ignored, an empty one is unset). It may not be there yet.
///
/// # Errors
/// [`CacheOff`].
pub fn cache_folder(name: &str) -> Result<PathBuf, CacheOff> {
    of(name, |variable| env::var_os(variable))
}

fn of(name: &str, variable: impl Fn(&str) -> Option<OsString>) -> Result<PathBuf, CacheOff> {
    match variable("WEFTSCOPE_CACHE_DIR") {
        Some(own) if own.is_empty() => return Err(CacheOff::Asked),
        Some(own) => return Ok(Path::new(&own).join(name)),
        None => {}
    }
    let absolute = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.map(|cache| cache.join("weftscope").join(name)).ok_or(CacheOff::Nowhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_where_the_user_keeps_caches() {
        let of = |variables: &[(&str, &str)]| {
            of("recordings", |name| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, to)| to.into())
            })
        };
        let at = |path: &str| Ok(PathBuf::from(path));
        assert_eq!(of(&[("HOME", "/h")]), at("/h/.cache/weftscope/recordings"));
        let xdg = [("HOME", "/h"), ("XDG_CACHE_HOME", "/x")];
        assert_eq!(of(&xdg), at("/x/weftscope/recordings"));
        assert_eq!(of(&[xdg[0], ("XDG_CACHE_HOME", "x")]), at("/h/.cache/weftscope/recordings"));
        assert_eq!(of(&[xdg[1], ("WEFTSCOPE_CACHE_DIR", "w")]), at("w/recordings"));
        assert_eq!(of(&[xdg[1], ("WEFTSCOPE_CACHE_DIR", "")]), Err(CacheOff::Asked));
        assert_eq!(of(&[]), Err(CacheOff::Nowhere));
    }
}
