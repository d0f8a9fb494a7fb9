//! What one iteration is asked to compute, and its text form.

mod request;
mod text;

pub use request::{Batch, MAX_CACHED_TOKENS, MAX_REQUESTS, MAX_TOKENS, Request};
pub use text::BatchError;
