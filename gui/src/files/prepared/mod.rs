//! Large recordings as they were read, kept in the user's cache folder: to open one again costs what our own format does,
//! a fifth of JSON's time and a twentieth of its bytes.
//!
//! An entry belongs to a file by name, size, time of change and both ends, to the rules that named its kernels, and to this
//! very build of the program; anything else is read anew. Entries unused for longest go when all together exceed
//! [`MOST_BYTES`]. Nothing that fails here is the user's concern: the recording is read instead.

mod entry;
mod folder;

pub use entry::Entry;
pub use folder::Prepared;

/// Files below this are read as quickly as looked up.
pub(super) const LEAST_BYTES: u64 = 64 << 20;

/// All entries together.
pub(super) const MOST_BYTES: u64 = 8 << 30;
