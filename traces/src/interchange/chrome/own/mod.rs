//! Files that we wrote: the `weftscope` object in them, and the reader that it makes exact.

mod format;
mod read;

pub(crate) use format::{
    DERIVED, HOST_PID, LABEL_KEY, OTHER_PID, OWN_VERSION, Own, OwnCounter, OwnTrack, RowId, SM_PID,
};
pub(crate) use read::OwnRead;
