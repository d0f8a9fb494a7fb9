//! Files that others wrote, of whatever format: each format's reader fills [`Collect`] and [`Header`] first, because
//! names often come after what they name; [`build`] makes ranks, tracks, labels and lanes of the whole.

mod about;
mod append;
mod build;
mod class;
mod collect;
mod correlation;
mod dialect;
mod flows;
mod gpu_rows;
mod header;
mod identity;
mod nest;
mod records;
mod rows;
mod times;

pub(crate) use build::build;
pub(crate) use class::Class;
pub(crate) use collect::Collect;
pub(crate) use dialect::{Told, class_of};
pub(crate) use header::Header;
#[cfg(feature = "sqlite")]
pub(crate) use records::Samples;
pub(crate) use records::{Arrow, ArrowId, CATEGORY_KEY, Event, FlowPoint, HalfEvent, Series};
pub(crate) use rows::{RowKey, Rows};
