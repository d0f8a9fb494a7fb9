//! Whose event is it? Told by its category, by what its arguments name, else by what its row is called.
//!
//! Every recorder has a dialect: some name a category (`categories`), some only a process or a thread (`table`).
//! Both are tables; to teach another recorder, add its line and an example with its answer beside it.

mod categories;
mod rows;
mod table;

pub(crate) use categories::{Told, class_of};
pub(super) use rows::{Processes, RowIs};
pub(super) use table::Role;
