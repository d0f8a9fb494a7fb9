//! Where is the slice I am thinking of?
//!
//! [`Query`] understands what is typed, [`Search`] prepares it for one trace, [`Hits`] counts what it finds and steps
//! through it. Costs, for a UI: a query is free; preparing costs the labels (a tenth of a microsecond each, and a
//! recording has thousands); finding the hits costs one look at every slice on the rows looked at (one or two
//! nanoseconds each, so tens of milliseconds for tens of millions of blocks: off the UI thread); every question to the
//! hits is then a binary search and a few hundred looks a lane.

mod duration;
mod filter;
mod hits;
mod prepared;
mod query;

pub use filter::Length;
pub use hits::Hits;
pub use prepared::Search;
pub use query::{Query, UnknownKey, WrongWord};
