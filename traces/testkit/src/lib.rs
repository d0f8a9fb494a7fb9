//! What the tests of all crates share. A development dependency only: nothing that ships links it.

mod headers;
mod inputs;
pub mod served;
pub mod shaped;
mod skip;
pub mod sshd;
pub mod strangers;

pub use headers::compile_with_headers;
pub use inputs::recording;
pub use skip::{Need, aloud, skip};
