//! What the tests of all crates share. A development dependency only: nothing that ships links it.

mod headers;
mod inputs;
mod skip;

pub use headers::compile_with_headers;
pub use inputs::recording;
pub use skip::{Need, aloud, skip};
