//! zip archives, read from the front by the heads before each file (APPNOTE 6.3).
//!
//! The directory at an archive's end is not needed, so nothing is held and nothing is sought. What this cannot read is
//! said: files that are encrypted, that are packed otherwise than by deflate, and stored ones whose length stands
//! behind them.

use std::io::{self, Read};

use super::inflate::{Inflate, Step};
use super::{Archive, Said, name};
use crate::source::Source;

/// A zip archive; reads the present file's bytes.
#[derive(Debug)]
pub(crate) struct Zip<R> {
    source: Source<R>,
    said: Said,
    name: String,
    /// The present file's data.
    data: Data,
    /// Its checksum, when it stands before it.
    crc: Option<u32>,
    /// Where its data ends, when that stands before it.
    ends_at: Option<u64>,
}

#[derive(Debug)]
enum Data {
    Stored {
        left: u64,
        crc: crc32fast::Hasher,
    },
    Deflated(Box<Inflate>),
    /// All handed out.
    Done,
    /// Nothing more can be told from here.
    Lost,
}

/// What stands before a file, as far as it is needed.
struct Head {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
}

const ENCRYPTED: u16 = 1;
/// Checksum and lengths stand behind the data.
const SIZES_BEHIND: u16 = 8;
const SIZES: [u8; 4] = *b"PK\x07\x08";

impl<R: Read> Zip<R> {
    pub(crate) fn new(input: R, said: Said) -> Self {
        let (source, name) = (Source::new(input), String::new());
        Self { source, said, name, data: Data::Done, crc: None, ends_at: None }
    }

    /// Reads the head of a file and its name; `None` behind the last one.
    fn head(&mut self) -> io::Result<Option<Head>> {
        match *self.source.ahead(4)? {
            [b'P', b'K', 3, 4, ..] => {}
            // The directory, and what may stand before it.
            [b'P', b'K', 1, 2, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 6, ..] => {
                return Ok(None);
            }
            [_, _, _, _, ..] => {
                let at = self.source.at();
                self.said
                    .note(format!("the zip archive is damaged at byte {at}, reading ended there"));
                return Ok(None);
            }
            _ => return Ok(self.cut_off()),
        }
        let Some(fixed) = self.source.chunk::<30>()? else { return Ok(self.cut_off()) };
        let u16_at = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let u32_at = |at: usize| u32::from(u16_at(at)) | u32::from(u16_at(at + 2)) << 16;
        let (name_len, extra_len) = (usize::from(u16_at(26)), usize::from(u16_at(28)));
        let Some(named) = self.source.ahead(name_len)?.get(..name_len) else {
            return Ok(self.cut_off());
        };
        self.name = name(named);
        self.source.consume(name_len);
        let Some(extra) = self.source.ahead(extra_len)?.get(..extra_len) else {
            return Ok(self.cut_off());
        };
        let long = zip64_packed(extra, u32_at(22) == u32::MAX);
        self.source.consume(extra_len);
        let packed = match (u32_at(18), long) {
            (u32::MAX, Some(long)) => long,
            (short, _) => u64::from(short),
        };
        Ok(Some(Head { flags: u16_at(6), method: u16_at(8), crc: u32_at(14), packed }))
    }

    fn cut_off<T>(&mut self) -> Option<T> {
        let at = self.source.at() + self.source.ahead(0).map_or(0, |rest| rest.len() as u64);
        let inside =
            if self.name.is_empty() { String::new() } else { format!(", in {}", self.name) };
        self.said.note(format!("the file is cut off: its zip archive ends at byte {at}{inside}"));
        self.data = Data::Lost;
        None
    }

    /// What to do with a file; `None` when it cannot be read and is passed over.
    fn data(&mut self, head: &Head) -> io::Result<Option<Data>> {
        let is_sized = head.flags & SIZES_BEHIND == 0;
        let why = match head.method {
            _ if head.flags & ENCRYPTED != 0 => "is encrypted",
            0 if is_sized => {
                let crc = crc32fast::Hasher::new();
                return Ok(Some(Data::Stored { left: head.packed, crc }));
            }
            0 => "is stored without its length",
            8 => return Ok(Some(Data::Deflated(Box::new(Inflate::new())))),
            _ => "is packed by a method other than deflate",
        };
        self.said.note(format!("{} in the zip archive {why}: not read", self.name));
        if is_sized {
            self.source.skip(head.packed)?;
        } else {
            self.said.note(
                "the zip archive is not read further: where the next file begins is not known",
            );
            self.data = Data::Lost;
        }
        Ok(None)
    }

    /// The checksum behind a file's data.
    fn crc_behind(&mut self) -> io::Result<Option<u32>> {
        // With and without its mark, with short and with long sizes: what follows shows which.
        let ahead = self.source.ahead(28)?;
        let mark = if ahead.starts_with(&SIZES) { 4 } else { 0 };
        let crc = ahead.get(mark..mark + 4).and_then(|crc| crc.first_chunk::<4>().copied());
        let len = [mark + 12, mark + 20].into_iter().find(|&len| {
            ahead.get(len..len + 4).is_some_and(|next| next.starts_with(b"PK"))
                || ahead.len() == len
        });
        match len {
            Some(len) => self.source.consume(len),
            None => {
                let _: Option<()> = self.cut_off();
            }
        }
        Ok(crc.map(u32::from_le_bytes))
    }

    fn check(&mut self, crc: u32) -> io::Result<()> {
        self.data = Data::Done;
        let stated = match self.crc {
            Some(crc) => Some(crc),
            None => self.crc_behind()?,
        };
        if stated != Some(crc) {
            let name = &self.name;
            self.said.note(format!(
                "the checksum of {name} in the zip archive is wrong: it may be damaged"
            ));
        }
        Ok(())
    }
}

impl<R: Read> Archive for Zip<R> {
    fn next(&mut self) -> io::Result<Option<String>> {
        io::copy(self, &mut io::sink())?;
        loop {
            if matches!(self.data, Data::Lost) {
                return Ok(None);
            }
            self.name.clear();
            let Some(head) = self.head()? else { return Ok(None) };
            let Some(data) = self.data(&head)? else { continue };
            let is_sized = head.flags & SIZES_BEHIND == 0;
            self.crc = is_sized.then_some(head.crc);
            self.ends_at = is_sized.then(|| self.source.at().saturating_add(head.packed));
            self.data = data;
            if !self.name.ends_with('/') {
                return Ok(Some(self.name.clone()));
            }
            if io::copy(self, &mut io::sink())? > 0 {
                self.said.note(format!(
                    "{} in the zip archive is a folder and has data: not read",
                    self.name
                ));
            }
        }
    }
}

impl<R: Read> Read for Zip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        match std::mem::replace(&mut self.data, Data::Done) {
            Data::Stored { left: 0, crc } => {
                self.check(crc.finalize())?;
                Ok(0)
            }
            Data::Stored { left, mut crc } => {
                let most = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
                let n = self.source.read(&mut out[..most])?;
                crc.update(&out[..n]);
                self.data = Data::Stored { left: left - n as u64, crc };
                if n == 0 {
                    let _: Option<()> = self.cut_off();
                }
                Ok(n)
            }
            Data::Deflated(mut inflate) => match inflate.step(&mut self.source, out)? {
                Step::Bytes(n) => {
                    self.data = Data::Deflated(inflate);
                    Ok(n)
                }
                Step::End => {
                    self.check(inflate.crc())?;
                    Ok(0)
                }
                Step::CutOff => {
                    let _: Option<()> = self.cut_off();
                    Ok(0)
                }
                Step::Damaged => {
                    let (at, name) = (self.source.at(), &self.name);
                    self.said.note(format!(
                        "{name} in the zip archive is damaged at byte {at}; what was packed before is read"
                    ));
                    match self.ends_at {
                        Some(end) => _ = self.source.skip(end.saturating_sub(at))?,
                        None => self.data = Data::Lost,
                    }
                    Ok(0)
                }
            },
            done @ (Data::Done | Data::Lost) => {
                self.data = done;
                Ok(0)
            }
        }
    }
}

/// The packed length out of a head's extra fields; `has_raw` when the unpacked one stands before it.
fn zip64_packed(mut extra: &[u8], has_raw: bool) -> Option<u64> {
    while let [a, b, c, d, rest @ ..] = extra {
        let (id, len) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let (field, after) = rest.split_at_checked(len)?;
        if id == 1 {
            let field = if has_raw { field.get(8..)? } else { field };
            return field.first_chunk::<8>().copied().map(u64::from_le_bytes);
        }
        extra = after;
    }
    None
}
