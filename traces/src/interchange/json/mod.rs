//! JSON read as a stream: a pull tokenizer over a window of bounded size.

mod cursor;
mod error;
mod window;

pub(crate) use cursor::{Cursor, Fault, Value};
pub use error::JsonError;
pub(crate) use window::Window;
