//! Trace files on disk: opened by content, written beside and renamed.

#[cfg(not(target_arch = "wasm32"))]
mod atomic;
#[cfg(target_arch = "wasm32")]
mod download;
mod elsewhere;
mod error;
mod format;
mod held;
mod hook;
#[cfg(not(target_arch = "wasm32"))]
mod host;
mod marks;
#[cfg(feature = "live")]
mod named;
mod nearest;
#[cfg(not(target_arch = "wasm32"))]
mod nsys;
mod prepared;
mod sample;
mod trace_file;
mod typed;
mod user_cache;

#[cfg(not(target_arch = "wasm32"))]
pub use atomic::{check_target, remove_abandoned, remove_unfinished, write_atomically};
#[cfg(target_arch = "wasm32")]
pub use download::{check_target, remove_abandoned, write_atomically};
pub use elsewhere::is_elsewhere;
pub use error::FileError;
pub use format::{OutputFormat, TraceFormat, endings_in_words};
pub use held::{hold, is_held};
pub use hook::{Hook, no_hook};
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use host::host_name;
#[cfg(feature = "gpus")]
pub(crate) use host::on_this_server;
pub use marks::{MARKS_ENDING, marks_path, read_marks, write_marks};
#[cfg(feature = "live")]
pub use named::read_named_file;
pub use nearest::did_you_mean;
pub use prepared::{Entry, Prepared};
pub use sample::{SAMPLES, Sample};
pub use trace_file::{
    STDIO, SaveOptions, is_stdio, open_trace, open_trace_watched, save_trace, write_trace,
};
pub use typed::{expand, in_folders, paths_of_text};
pub use user_cache::{CacheOff, cache_folder};
