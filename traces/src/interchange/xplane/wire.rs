//! The wire format of protocol buffers, field by field and without copies.

use prost::encoding::decode_varint;

/// A value as it stands in a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wire<'a> {
    Number(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// Text, bytes or a message.
    Bytes(&'a [u8]),
}

impl<'a> Wire<'a> {
    pub(super) fn int(self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(number as i64),
            _ => None,
        }
    }

    pub(super) fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Text; what is no UTF-8 in it is replaced.
    pub(super) fn text(self) -> Option<String> {
        Some(String::from_utf8_lossy(self.bytes()?).into_owned())
    }
}

/// The fields of a message in the order in which they stand.
#[derive(Clone, Debug)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    is_damaged: bool,
}

impl<'a> Fields<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { rest: message, is_damaged: false }
    }

    /// True when the message ended in the middle of a field, or in none that there is.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// The next field; `None` at the end or where no field stands.
    pub(super) fn next_field(&mut self) -> Option<(u32, Wire<'a>)> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        self.is_damaged |= field.is_none();
        if self.is_damaged {
            self.rest = &[];
        }
        field
    }

    fn read(&mut self) -> Option<(u32, Wire<'a>)> {
        let key = decode_varint(&mut self.rest).ok()?;
        let field = u32::try_from(key >> 3).ok().filter(|&field| field > 0)?;
        let value = match key & 7 {
            0 => Wire::Number(decode_varint(&mut self.rest).ok()?),
            1 => Wire::Fixed64(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            2 => {
                let len = decode_varint(&mut self.rest).ok()?;
                Wire::Bytes(self.take(usize::try_from(len).ok()?)?)
            }
            5 => Wire::Fixed32(u32::from_le_bytes(self.take(4)?.try_into().ok()?)),
            _ => return None,
        };
        Some((field, value))
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, Wire<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.next_field()
    }
}

/// Of bytes that begin with a first field with a length: the length, and as much of the message as is there.
pub(super) fn frame(start: &[u8]) -> Option<(u64, &[u8])> {
    let mut rest = start.strip_prefix(&[0x0a])?;
    let len = decode_varint(&mut rest).ok()?;
    let there = usize::try_from(len).map_or(rest.len(), |len| len.min(rest.len()));
    Some((len, &rest[..there]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_their_damage() {
        let message = b"\x08\x96\x01\x12\x02ab\x19\x01\0\0\0\0\0\0\0\x25\x02\0\0\0";
        let mut fields = Fields::new(message);
        let all: Vec<_> = fields.by_ref().collect();
        assert_eq!(
            all,
            [
                (1, Wire::Number(150)),
                (2, Wire::Bytes(b"ab")),
                (3, Wire::Fixed64(1)),
                (4, Wire::Fixed32(2)),
            ]
        );
        assert!(!fields.is_damaged());
        for (message, whole) in [
            (&message[..message.len() - 1], 3),
            (&message[..6], 1),
            (b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 0),
            (b"\x08\x01\x0b", 1),
            (b"\0", 0),
        ] {
            let mut fields = Fields::new(message);
            assert_eq!(fields.by_ref().count(), whole, "{message:?}");
            assert!(fields.is_damaged(), "{message:?}");
        }
    }
}
