//! Rows of arguments as bytes.
//!
//! A row is its shape and one value a key. A value is one byte where it is that of the row before it of the same shape
//! or a whole number close to it, which most are (correlation ids rise by one, block sizes stay); so a kernel's dozen
//! arguments take about as many bytes. Rows stand in groups of [`GROUP`], the first of which refers to nothing before
//! it: to read one row costs at most the group it is in.

use super::PackedValue;
use super::shapes::{Shape, Shapes};

/// Rows that are read together.
pub(super) const GROUP: usize = 32;

/// First byte of a value.
const SAME: u8 = 0;
const INT: u8 = 1;
const FLOAT: u8 = 2;
const TEXT: u8 = 3;
const JSON: u8 = 4;
/// From here on the byte is the zigzag difference to the whole number before.
const NEAR: u8 = 5;

/// Rows that lie behind one another in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Block {
    bytes: Vec<u8>,
    /// Where each group begins.
    groups: Vec<u32>,
    rows: usize,
}

/// The rows of one group, unpacked.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Shape of each row, and where its values begin.
    pub(super) rows: Vec<(Shape, usize)>,
    pub(super) values: Vec<PackedValue>,
    /// The last row of each shape; few, since a group has few rows.
    last: Vec<(Shape, usize)>,
}

impl Group {
    fn clear(&mut self) {
        self.rows.clear();
        self.values.clear();
        self.last.clear();
    }

    /// Where the values of the last row of a shape begin; from now on that is here.
    fn begin(&mut self, shape: Shape) -> Option<usize> {
        let at = self.values.len();
        self.rows.push((shape, at));
        match self.last.iter_mut().find(|(other, _)| *other == shape) {
            Some((_, last)) => Some(std::mem::replace(last, at)),
            None => {
                self.last.push((shape, at));
                None
            }
        }
    }
}

impl Block {
    pub(super) fn len(&self) -> usize {
        self.rows
    }

    /// True when no group may be added: places within a block are 32 bits.
    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() > (u32::MAX / 2) as usize
    }

    /// Bytes that it occupies.
    pub(super) fn num_bytes(&self) -> usize {
        self.bytes.len() + 4 * self.groups.len()
    }

    /// Gives back what was reserved in vain.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
        self.groups.shrink_to_fit();
    }

    /// Adds a row; `group` is the one that it belongs to, as far as it is written.
    pub(super) fn push(&mut self, shape: Shape, values: &[PackedValue], group: &mut Group) {
        if self.rows.is_multiple_of(GROUP) {
            self.groups.push(self.bytes.len() as u32);
            group.clear();
        }
        self.rows += 1;
        put_varint(&mut self.bytes, u64::from(shape));
        let before = group.begin(shape);
        for (at, &value) in values.iter().enumerate() {
            let last = before.map_or(PackedValue::Int(0), |before| group.values[before + at]);
            put(&mut self.bytes, value, last);
            group.values.push(value);
        }
    }

    /// Reads a group.
    pub(super) fn read(&self, group: usize, shapes: &Shapes, out: &mut Group) {
        out.clear();
        let rows = GROUP.min(self.rows - group * GROUP);
        let mut bytes = &self.bytes[self.groups[group] as usize..];
        for _ in 0..rows {
            let shape = get_varint(&mut bytes) as Shape;
            let before = out.begin(shape);
            for at in 0..shapes.len(shape) {
                let last = before.map_or(PackedValue::Int(0), |before| out.values[before + at]);
                out.values.push(get(&mut bytes, last));
            }
        }
    }
}

fn put(out: &mut Vec<u8>, value: PackedValue, last: PackedValue) {
    if value == last {
        return out.push(SAME);
    }
    match value {
        PackedValue::Int(int) => {
            let before = if let PackedValue::Int(before) = last { before } else { 0 };
            let zigzag = to_zigzag(int.wrapping_sub(before));
            match u8::try_from(zigzag).ok().and_then(|near| near.checked_add(NEAR)) {
                Some(near) => out.push(near),
                None => {
                    out.push(INT);
                    put_varint(out, zigzag);
                }
            }
        }
        PackedValue::Float(float) => {
            out.push(FLOAT);
            out.extend_from_slice(&float.to_le_bytes());
        }
        PackedValue::Text(text) => {
            out.push(TEXT);
            put_varint(out, u64::from(text));
        }
        PackedValue::Json(text) => {
            out.push(JSON);
            put_varint(out, u64::from(text));
        }
    }
}

fn get(bytes: &mut &[u8], last: PackedValue) -> PackedValue {
    let before = if let PackedValue::Int(before) = last { before } else { 0 };
    let int = |zigzag: u64| PackedValue::Int(before.wrapping_add(from_zigzag(zigzag)));
    match byte(bytes) {
        SAME => last,
        INT => int(get_varint(bytes)),
        FLOAT => PackedValue::Float(f64::from_le_bytes(std::array::from_fn(|_| byte(bytes)))),
        TEXT => PackedValue::Text(get_varint(bytes) as u32),
        JSON => PackedValue::Json(get_varint(bytes) as u32),
        near => int(u64::from(near - NEAR)),
    }
}

/// The next byte; what was written is whole, so there is one.
fn byte(bytes: &mut &[u8]) -> u8 {
    let Some((&first, rest)) = bytes.split_first() else { return 0 };
    *bytes = rest;
    first
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn get_varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let next = byte(bytes);
        value |= u64::from(next & 0x7f) << shift;
        if next < 0x80 {
            break;
        }
    }
    value
}

fn to_zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

fn from_zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}
