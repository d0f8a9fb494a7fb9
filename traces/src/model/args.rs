//! Arguments of slices, as JSON has them: packed in one store, unpacked on demand.

use serde::{Deserialize, Serialize};

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
}

/// Arguments of one slice, fetched from the store on demand.
pub type Args = Vec<(String, ArgValue)>;

/// Arguments of slices, packed: keys and texts are interned, rows are slices of one flat list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ArgStore {
    pub(crate) strings: Vec<String>,
    /// Row `i` is `pairs[row_ends[i - 1]..row_ends[i]]`.
    pub(crate) row_ends: Vec<u32>,
    pub(crate) pairs: Vec<(u32, PackedValue)>,
    #[serde(skip)]
    pub(crate) index: std::collections::HashMap<String, u32>,
}

/// One argument value whose text lies elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum BorrowedValue<'a> {
    Int(i64),
    Float(f64),
    Text(&'a str),
    Json(&'a str),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum PackedValue {
    Int(i64),
    Float(f64),
    Text(u32),
    Json(u32),
}

impl ArgStore {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.row_ends.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.row_ends.is_empty()
    }

    /// Stores one row; an empty one costs nothing.
    pub fn push<'a>(&mut self, args: impl IntoIterator<Item = (&'a str, ArgValue)>) -> ArgsId {
        let before = self.pairs.len();
        for (key, value) in args {
            let key = self.intern(key);
            let value = match value {
                ArgValue::Int(int) => PackedValue::Int(int),
                ArgValue::Float(float) => PackedValue::Float(float),
                ArgValue::Text(text) => PackedValue::Text(self.intern(&text)),
                ArgValue::Json(text) => PackedValue::Json(self.intern(&text)),
            };
            self.pairs.push((key, value));
        }
        if self.pairs.len() == before {
            return ArgsId::NONE;
        }
        let id = ArgsId(self.row_ends.len() as u32);
        self.row_ends.push(self.pairs.len() as u32);
        id
    }

    /// Adds a pair to the row that is being built; no text is copied that is known already.
    pub(crate) fn add(&mut self, key: &str, value: BorrowedValue<'_>) {
        let key = self.intern(key);
        let value = match value {
            BorrowedValue::Int(int) => PackedValue::Int(int),
            BorrowedValue::Float(float) => PackedValue::Float(float),
            BorrowedValue::Text(text) => PackedValue::Text(self.intern(text)),
            BorrowedValue::Json(text) => PackedValue::Json(self.intern(text)),
        };
        self.pairs.push((key, value));
    }

    /// Ends the row that [`add`](Self::add) built; an empty one costs nothing.
    pub(crate) fn end_row(&mut self) -> ArgsId {
        if self.pairs.len() == self.row_start() {
            return ArgsId::NONE;
        }
        let id = ArgsId(self.row_ends.len() as u32);
        self.row_ends.push(self.pairs.len() as u32);
        id
    }

    /// Forgets what was added since the last row ended.
    pub(crate) fn abandon_row(&mut self) {
        let start = self.row_start();
        self.pairs.truncate(start);
    }

    fn row_start(&self) -> usize {
        self.row_ends.last().map_or(0, |&end| end as usize)
    }

    /// The arguments of one row; empty for [`ArgsId::NONE`] and rows that do not exist.
    pub fn get(&self, id: ArgsId) -> Args {
        self.pairs_of(id)
            .iter()
            .map(|&(key, value)| {
                let value = match value {
                    PackedValue::Int(int) => ArgValue::Int(int),
                    PackedValue::Float(float) => ArgValue::Float(float),
                    PackedValue::Text(text) => ArgValue::Text(self.strings[text as usize].clone()),
                    PackedValue::Json(text) => ArgValue::Json(self.strings[text as usize].clone()),
                };
                (self.strings[key as usize].clone(), value)
            })
            .collect()
    }

    /// One row as it is stored.
    pub(crate) fn pairs_of(&self, id: ArgsId) -> &[(u32, PackedValue)] {
        let row = id.0 as usize;
        let Some(&end) = self.row_ends.get(row) else { return &[] };
        let start = if row == 0 { 0 } else { self.row_ends[row - 1] };
        &self.pairs[start as usize..end as usize]
    }

    /// How many texts keys and values refer to.
    pub(crate) fn num_texts(&self) -> usize {
        self.strings.len()
    }

    /// The text of this number.
    pub(crate) fn text(&self, number: u32) -> &str {
        &self.strings[number as usize]
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.index.get(text) {
            return id;
        }
        let id = self.strings.len() as u32;
        self.strings.push(text.to_owned());
        self.index.insert(text.to_owned(), id);
        id
    }
}
