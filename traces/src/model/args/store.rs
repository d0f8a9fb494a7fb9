//! The store: rows in blocks, texts and shapes beside them.

use super::block::{Block, GROUP, Group};
use super::shapes::{Shape, Shapes};
use super::{ArgValue, ArgsId, BorrowedValue, PackedValue};
use crate::model::texts::Texts;

/// Arguments of slices, packed: about one byte a value; texts and sequences of keys are stored once.
///
/// [`get`](Self::get) reads one row, which costs up to 32.
#[derive(Clone, Debug, Default)]
pub struct ArgStore {
    texts: Texts,
    shapes: Shapes,
    pieces: Vec<Piece>,
    num_rows: u32,
    /// The row that is being built: its keys, its values.
    shape: Shape,
    row: Vec<PackedValue>,
    /// The last group of the last piece, which rows are written after.
    group: Group,
}

/// A block of rows.
#[derive(Clone, Debug, Default)]
pub(super) struct Piece {
    first_row: u32,
    block: Block,
    /// Of a block that was written into another store.
    from: Option<Box<From>>,
}

/// What the numbers of a block mean that was written into another store.
#[derive(Clone, Debug)]
struct From {
    /// This store's numbers of texts by the other's.
    texts: Vec<u32>,
    shapes: Shapes,
}

impl ArgStore {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.num_rows as usize
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.num_rows == 0
    }

    /// All texts, of keys and of values.
    pub(super) fn all_texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter()
    }

    /// Stores one row; an empty one costs nothing.
    pub fn push<'a>(&mut self, args: impl IntoIterator<Item = (&'a str, ArgValue)>) -> ArgsId {
        for (key, value) in args {
            self.add(key, value.borrowed());
        }
        self.end_row()
    }

    /// Adds a pair to the row that is being built; no text is copied that is known already.
    pub(crate) fn add(&mut self, key: &str, value: BorrowedValue<'_>) {
        let Self { texts, shapes, .. } = self;
        self.shape = shapes.with(self.shape, key, texts);
        self.row.push(match value {
            BorrowedValue::Int(int) => PackedValue::Int(int),
            BorrowedValue::Float(float) => PackedValue::Float(float),
            BorrowedValue::Text(text) => PackedValue::Text(shapes.text(self.shape, text, texts)),
            BorrowedValue::Json(text) => PackedValue::Json(shapes.text(self.shape, text, texts)),
        });
    }

    /// The same with texts by their numbers, which must exist.
    pub(crate) fn add_packed(&mut self, key: u32, value: PackedValue) {
        self.shape = self.shapes.with_number(self.shape, key);
        self.row.push(value);
    }

    /// Ends the row that was built; an empty one costs nothing.
    pub(crate) fn end_row(&mut self) -> ArgsId {
        if self.row.is_empty() { ArgsId::NONE } else { self.end_row_even_if_empty() }
    }

    /// The same for rows that are numbered by others.
    pub(crate) fn end_row_even_if_empty(&mut self) -> ArgsId {
        let is_open = |piece: &Piece| piece.from.is_none() && !piece.block.is_full();
        if !self.pieces.last().is_some_and(is_open) {
            self.close_piece();
            self.pieces.push(Piece { first_row: self.num_rows, ..Piece::default() });
        }
        if let Some(piece) = self.pieces.last_mut() {
            piece.block.push(self.shape, &self.row, &mut self.group);
        }
        self.abandon_row();
        self.num_rows += 1;
        ArgsId(self.num_rows - 1)
    }

    /// Forgets what was added since the last row ended.
    pub(crate) fn abandon_row(&mut self) {
        self.shape = 0;
        self.row.clear();
    }

    /// Appends all rows of another store, whose row `i` becomes row `i` + the number given back; costs what its texts
    /// cost, not its rows.
    pub(crate) fn append(&mut self, other: Self) -> u32 {
        let first_row = self.num_rows;
        let texts: Vec<u32> = other.texts.iter().map(|text| self.texts.number(text)).collect();
        self.close_piece();
        for piece in other.pieces {
            let from = match piece.from {
                Some(mut from) => {
                    from.texts.iter_mut().for_each(|text| *text = texts[*text as usize]);
                    from
                }
                None => Box::new(From { texts: texts.clone(), shapes: other.shapes.clone() }),
            };
            let first_row = first_row + piece.first_row;
            let block = piece.block;
            self.pieces.push(Piece { first_row, block, from: Some(from) });
        }
        self.num_rows += other.num_rows;
        self.close_piece();
        first_row
    }

    /// Gives back memory that was reserved for more rows.
    fn close_piece(&mut self) {
        if let Some(piece) = self.pieces.last_mut() {
            piece.block.shrink();
        }
    }

    /// How many texts keys and values refer to.
    pub(crate) fn num_texts(&self) -> usize {
        self.texts.len()
    }

    /// The text of this number.
    pub(crate) fn text(&self, number: u32) -> &str {
        self.texts.get(number)
    }

    /// Stores a text under the next number, as files number them.
    pub(crate) fn push_text(&mut self, text: &str) {
        self.texts.push(text);
    }

    /// Bytes that rows occupy, texts not counted.
    pub fn row_bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.block.num_bytes()).sum()
    }

    /// The piece that holds a row, and the row's number in it.
    pub(super) fn piece_of(&self, row: u32) -> Option<(&Piece, usize)> {
        let after = self.pieces.partition_point(|piece| piece.first_row <= row);
        let piece = self.pieces[..after].last()?;
        let at = (row - piece.first_row) as usize;
        (at < piece.block.len()).then_some((piece, at))
    }

    /// Unpacks the group of a piece that holds a row of it.
    pub(super) fn read_group(&self, piece: &Piece, at: usize, out: &mut Group) {
        let shapes = piece.from.as_ref().map_or(&self.shapes, |from| &from.shapes);
        piece.block.read(at / GROUP, shapes, out);
    }

    /// Appends the pairs of a row of a group.
    pub(super) fn unpack(
        &self,
        piece: &Piece,
        (shape, values): (Shape, &[PackedValue]),
        out: &mut Vec<(u32, PackedValue)>,
    ) {
        let from = piece.from.as_deref();
        let shapes = from.map_or(&self.shapes, |from| &from.shapes);
        let text = |number: u32| from.map_or(number, |from| from.texts[number as usize]);
        let values = &values[..shapes.len(shape)];
        out.extend(shapes.keys_reversed(shape).zip(values.iter().rev()).map(|(key, &value)| {
            let value = match value {
                PackedValue::Text(number) => PackedValue::Text(text(number)),
                PackedValue::Json(number) => PackedValue::Json(text(number)),
                number => number,
            };
            (text(key), value)
        }));
        out.reverse();
    }
}
