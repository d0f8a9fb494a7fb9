//! What several tests draw, and what draws it.

pub(crate) mod renderer;
pub(crate) mod settle;
pub(crate) mod synthetic;
