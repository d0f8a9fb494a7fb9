//! Beyond one machine: Ballista's scheduler and executors as they are, and what of ours they have to know.
//!
//! A client ([`Remote`]) sends its queries, one after the other, to a scheduler, which cuts them for its executors. Both
//! ([`scheduler`], [`executor`]) are Ballista's, with the function `last_two` among their own. Rows of an answer come back to
//! the client, and it alone writes what is kept between questions: a task that is done again would else leave its rows twice.
//! Where an executor is lost, the queries that were running fail ([`whole`]), and their client asks them again.

mod executor;
mod kept;
mod remote;
mod scheduler;
mod serving;
mod whole;

pub use executor::{ExecutorAt, executor};
pub(crate) use remote::Remote;
pub use remote::unless_interrupted;
pub use scheduler::{SchedulerAt, scheduler};
