//! What CUPTI and NCCL have timed, where no blocks were asked for.
//!
//! Reading order: [`timed`] (their times as the host's), [`join`] (which collective a kernel ran, and on which channels),
//! [`rows`] (streams), [`words`] (copies by name), [`channels`] (rows of channels), [`ranges`] (rows of host threads).

mod channels;
mod join;
mod ranges;
mod rows;
mod timed;
mod words;

pub(super) use ranges::host;
pub(super) use rows::rank;
pub(super) use timed::Timed;
