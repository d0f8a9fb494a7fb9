//! Little-endian numbers, texts and columns in and out of byte vectors.

use super::PIECE;

/// Appends to a payload.
#[derive(Debug, Default)]
pub(crate) struct Put(pub(crate) Vec<u8>);

impl Put {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.u64(value.to_bits());
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.u32(text.len() as u32);
        self.0.extend_from_slice(text.as_bytes());
    }

    /// A column in the least width that holds every value.
    pub(crate) fn column(&mut self, values: impl Iterator<Item = u64> + Clone) {
        let max = values.clone().max().unwrap_or(0);
        let width = match max {
            0..=0xff => 1,
            0x100..=0xffff => 2,
            0x1_0000..=0xffff_ffff => 4,
            _ => 8,
        };
        self.u8(width as u8);
        for value in values {
            self.0.extend_from_slice(&value.to_le_bytes()[..width]);
        }
    }

    /// Differences between neighbours, the first 0.
    pub(crate) fn deltas(&mut self, times: &[i64]) {
        let first = times.first().copied().unwrap_or(0);
        self.i64(first);
        let before = std::iter::once(&first).chain(times);
        self.column(times.iter().zip(before).map(|(now, then)| now.wrapping_sub(*then) as u64));
    }
}

/// Takes from a payload; `None` when it is too short or holds what cannot be.
#[derive(Debug)]
pub(crate) struct Get<'a>(pub(crate) &'a [u8]);

impl<'a> Get<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// How many of something a chunk holds, in the piece that it may be.
    pub(crate) fn len(&mut self) -> Option<usize> {
        self.u32().map(|n| n as usize).filter(|&n| n <= PIECE)
    }

    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn f64(&mut self) -> Option<f64> {
        self.u64().map(f64::from_bits)
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        let len = self.u32()?;
        std::str::from_utf8(self.take(len as usize)?).ok()
    }

    /// A column of `n` values; nothing is allocated before the bytes are there.
    pub(crate) fn column(&mut self, n: usize) -> Option<Vec<u64>> {
        let width = usize::from(self.u8()?);
        if !matches!(width, 1 | 2 | 4 | 8) {
            return None;
        }
        let bytes = self.take(n.checked_mul(width)?)?;
        let value = |bytes: &[u8]| {
            let mut wide = [0; 8];
            wide[..width].copy_from_slice(bytes);
            u64::from_le_bytes(wide)
        };
        Some(bytes.chunks_exact(width).map(value).collect())
    }

    /// A column of 32-bit ids.
    pub(crate) fn column_u32(&mut self, n: usize) -> Option<Vec<u32>> {
        self.column(n)?.into_iter().map(|value| u32::try_from(value).ok()).collect()
    }

    /// Times out of their deltas.
    pub(crate) fn deltas(&mut self, n: usize) -> Option<Vec<i64>> {
        let mut now = self.i64()?;
        let deltas = self.column(n)?;
        Some(
            deltas
                .into_iter()
                .map(|delta| {
                    now = now.wrapping_add(delta as i64);
                    now
                })
                .collect(),
        )
    }

    /// True when everything was taken.
    pub(crate) fn is_done(&self) -> bool {
        self.0.is_empty()
    }
}
