//! Marks of opened files are kept in a file beside them, read and written by a thread of its own one after another.

mod keep;
mod keeper;
mod store;
mod task;

pub(super) use keep::{apply_marks, begin, flush, flush_all};
pub(super) use keeper::MarkKeeper;
pub use store::MarkStore;
pub use task::{MarksEvent, MarksTask};
