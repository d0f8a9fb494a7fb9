//! Files that others wrote: events are collected first, because names come after what they name; ranks, tracks,
//! labels and lanes are built from the whole.

mod about;
mod build;
mod class;
mod collect;
mod dialect;
mod flows;
mod gpu_rows;
mod header;
mod identity;
mod intern;
mod nest;
mod times;

pub(crate) use build::build;
pub(crate) use class::Class;
pub(crate) use collect::{Collect, Event, FlowPoint, HalfEvent, Samples, Series};
pub(crate) use dialect::{Told, class_of};
pub(crate) use header::Header;
pub(crate) use intern::RowKey;
