//! Files that others wrote: their events and what stands beside them are taken into
//! [`foreign`](crate::interchange::foreign)'s records, from which traces are built.

mod arguments;
mod beside;
mod ids;
mod read;

pub(crate) use beside::Beside;
pub(crate) use read::OthersRead;
