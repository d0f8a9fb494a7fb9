//! JSON read as a stream: a pull tokenizer over a window of bounded size.

mod bare;
mod compact;
mod cursor;
mod error;
mod string;
mod window;

pub(crate) use compact::compact;
pub(crate) use cursor::{Cursor, Fault, Value};
pub use error::JsonError;
pub(crate) use window::{Broken, Place, Window};
