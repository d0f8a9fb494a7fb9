//! Arguments of slices, as JSON has them: packed in one store, unpacked on demand.

mod block;
mod reader;
mod shapes;
mod store;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub(crate) use reader::ArgReader;
pub use store::ArgStore;

/// Row of an [`ArgStore`]; [`ArgsId::NONE`] means no arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArgsId(pub u32);

impl ArgsId {
    /// No arguments.
    pub const NONE: Self = Self(u32::MAX);
}

/// One argument value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ArgValue {
    /// A whole number.
    Int(i64),
    /// A real number.
    Float(f64),
    /// Text.
    Text(String),
    /// Anything else that JSON can say, as compact JSON: lists, objects, `true`, `null`, whole numbers beyond `i64`.
    Json(String),
}

impl ArgValue {
    /// What stands there in letters: of a text or of JSON, not of a number.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Json(text) => Some(text),
            Self::Int(_) | Self::Float(_) => None,
        }
    }

    pub(crate) fn borrowed(&self) -> BorrowedValue<'_> {
        match self {
            Self::Int(int) => BorrowedValue::Int(*int),
            Self::Float(float) => BorrowedValue::Float(*float),
            Self::Text(text) => BorrowedValue::Text(text),
            Self::Json(text) => BorrowedValue::Json(text),
        }
    }
}

/// Arguments of one slice, fetched from the store on demand.
pub type Args = Vec<(String, ArgValue)>;

/// One argument value whose text lies elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BorrowedValue<'a> {
    Int(i64),
    Float(f64),
    Text(&'a str),
    Json(&'a str),
}

impl BorrowedValue<'_> {
    fn owned(self) -> ArgValue {
        match self {
            Self::Int(int) => ArgValue::Int(int),
            Self::Float(float) => ArgValue::Float(float),
            Self::Text(text) => ArgValue::Text(text.to_owned()),
            Self::Json(text) => ArgValue::Json(text.to_owned()),
        }
    }
}

/// One argument value whose text has a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PackedValue {
    Int(i64),
    Float(f64),
    Text(u32),
    Json(u32),
}
