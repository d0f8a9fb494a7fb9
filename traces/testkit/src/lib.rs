//! What the tests of all crates share. A development dependency only: nothing that ships links it.

mod inputs;
mod skip;

pub use inputs::recording;
pub use skip::{Need, aloud, skip};
