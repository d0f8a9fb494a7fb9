//! What one iteration is asked to compute, and its text form.

mod captured;
mod request;
mod text;

pub use captured::{captured_context, captured_size};
pub use request::{Batch, MAX_CACHED_TOKENS, MAX_REQUESTS, MAX_TOKENS, Request};
pub use text::BatchError;
