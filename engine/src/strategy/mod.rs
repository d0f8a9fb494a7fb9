//! The schedules: one file each. A strategy appends ops to a [`Builder`](crate::plan::Builder).

mod fuse_only;
mod nocomm;
mod run;
mod schedule;
mod two_batch;
mod unfused;
mod weave;

pub(crate) use schedule::schedule;
