//! Several servers as one timeline: their recordings, and the parts of a program that runs on all of them.

#[cfg(feature = "gpus")]
mod near;
#[cfg(feature = "gpus")]
mod programs;
mod recordings;

#[cfg(feature = "gpus")]
pub(crate) use programs::watch_several;
pub(crate) use recordings::open_several;

/// A cause with what it is of, where it does not name that.
fn named(of: &str, cause: &str) -> String {
    if cause.contains(of) { cause.to_owned() } else { format!("{of}: {cause}") }
}
