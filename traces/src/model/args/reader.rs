//! Reading rows: a group is unpacked once for all of its rows that are asked for one after another.

use super::block::{GROUP, Group};
use super::{ArgStore, Args, ArgsId, BorrowedValue, PackedValue};

impl ArgStore {
    /// The arguments of one row; empty for [`ArgsId::NONE`] and rows that do not exist.
    pub fn get(&self, id: ArgsId) -> Args {
        ArgReader::new(self).args(id)
    }

    /// Some row has this text, as a key or as a value.
    pub(crate) fn has_text(&self, text: &str) -> bool {
        self.all_texts().any(|known| known == text)
    }

    /// A reader of many rows.
    pub(crate) fn reader(&self) -> ArgReader<'_> {
        ArgReader::new(self)
    }
}

/// Equal rows, whatever the order in which texts were met.
impl PartialEq for ArgStore {
    fn eq(&self, other: &Self) -> bool {
        let (mut ours, mut theirs) = (self.reader(), other.reader());
        let mut rows = 0..self.len() as u32;
        self.len() == other.len() && rows.all(|row| ours.is_same(&mut theirs, ArgsId(row)))
    }
}

/// Reads rows of a store; cheapest in their order.
#[derive(Debug)]
pub(crate) struct ArgReader<'a> {
    store: &'a ArgStore,
    group: Group,
    /// First row of the group that is unpacked, and how many it has.
    unpacked: (u32, u32),
    pairs: Vec<(u32, PackedValue)>,
}

impl<'a> ArgReader<'a> {
    pub(super) fn new(store: &'a ArgStore) -> Self {
        Self { store, group: Group::default(), unpacked: (0, 0), pairs: Vec::new() }
    }

    /// The pairs of one row as they are stored; none for [`ArgsId::NONE`] and rows that do not exist.
    pub(crate) fn pairs(&mut self, id: ArgsId) -> &[(u32, PackedValue)] {
        self.pairs.clear();
        let Some((piece, at)) = self.store.piece_of(id.0) else { return &[] };
        let (first, len) = self.unpacked;
        if !(first..first + len).contains(&id.0) {
            self.store.read_group(piece, at, &mut self.group);
            self.unpacked = (id.0 - (at % GROUP) as u32, self.group.rows.len() as u32);
        }
        let (shape, values) = self.group.rows[at % GROUP];
        self.store.unpack(piece, (shape, &self.group.values[values..]), &mut self.pairs);
        &self.pairs
    }

    /// The arguments of one row.
    pub(crate) fn args(&mut self, id: ArgsId) -> Args {
        let store = self.store;
        let pairs = self.pairs(id).iter();
        pairs
            .map(|&(key, value)| (store.text(key).to_owned(), borrowed(store, value).owned()))
            .collect()
    }

    /// The value under the first of a row's keys that `is_it` accepts.
    pub(crate) fn find(
        &mut self,
        id: ArgsId,
        mut is_it: impl FnMut(&str) -> bool,
    ) -> Option<BorrowedValue<'a>> {
        let store = self.store;
        let mut pairs = self.pairs(id).iter();
        pairs.find(|(key, _)| is_it(store.text(*key))).map(|&(_, value)| borrowed(store, value))
    }

    /// The same pairs under the same number.
    pub(super) fn is_same(&mut self, other: &mut Self, id: ArgsId) -> bool {
        let (ours, theirs) = (self.store, other.store);
        let (a, b) = (self.pairs(id), other.pairs(id));
        a.len() == b.len()
            && a.iter().zip(b).all(|(a, b)| {
                ours.text(a.0) == theirs.text(b.0) && borrowed(ours, a.1) == borrowed(theirs, b.1)
            })
    }
}

fn borrowed(store: &ArgStore, value: PackedValue) -> BorrowedValue<'_> {
    match value {
        PackedValue::Int(int) => BorrowedValue::Int(int),
        PackedValue::Float(float) => BorrowedValue::Float(float),
        PackedValue::Text(text) => BorrowedValue::Text(store.text(text)),
        PackedValue::Json(text) => BorrowedValue::Json(store.text(text)),
    }
}
