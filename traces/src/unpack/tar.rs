//! tar archives: POSIX (ustar and pax), GNU, and older ones, read from the front.

use std::io::{self, Read};

use super::{Archive, Said, name};
use crate::source::Source;

/// Bytes of a head; data is padded to a multiple.
const BLOCK_BYTES: usize = 512;
/// Longest name, and longest extended head that is looked at.
const MAX_EXTENDED_BYTES: u64 = 1 << 15;

/// A tar archive; reads the present file's bytes.
#[derive(Debug)]
pub(crate) struct Tar<R> {
    source: Source<R>,
    said: Said,
    name: String,
    /// Bytes of the present file, and padding behind it.
    left: u64,
    padding: u64,
}

/// What extended heads say of the file behind them.
#[derive(Default)]
struct Extended {
    name: Option<String>,
    size: Option<u64>,
}

/// True for the head of a tar archive: its checksum is right.
pub(super) fn is_head(head: &[u8]) -> bool {
    let Some(head) = head.first_chunk::<BLOCK_BYTES>() else { return false };
    number(&head[148..156]) == Some(checksum(head)) && head[0] != 0
}

/// The sum of all bytes, those of the checksum itself taken for blanks.
fn checksum(head: &[u8; BLOCK_BYTES]) -> u64 {
    let blanks = 8 * u64::from(b' ');
    let sum = |bytes: &[u8]| bytes.iter().map(|&byte| u64::from(byte)).sum::<u64>();
    sum(&head[..148]) + blanks + sum(&head[156..])
}

/// A number in octal digits, or in binary where the first bit is set.
fn number(field: &[u8]) -> Option<u64> {
    if field.first()? & 0x80 != 0 {
        let (high, low) = field.split_at(field.len().checked_sub(8)?);
        let is_small = high.iter().enumerate().all(|(i, &b)| b == if i == 0 { 0x80 } else { 0 });
        return is_small.then(|| low.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)));
    }
    let end = field.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |at| at + 1);
    let digits = std::str::from_utf8(field[..end].trim_ascii_start()).ok()?;
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

impl<R: Read> Tar<R> {
    pub(crate) fn new(input: R, said: Said) -> Self {
        Self { source: Source::new(input), said, name: String::new(), left: 0, padding: 0 }
    }

    fn end_file(&mut self) -> io::Result<()> {
        self.source.skip(self.left.saturating_add(self.padding))?;
        (self.left, self.padding) = (0, 0);
        Ok(())
    }

    /// The text of an extended head that was just begun.
    fn text(&mut self) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        if self.left <= MAX_EXTENDED_BYTES {
            self.read_to_end(&mut text)?;
        }
        self.end_file()?;
        Ok(text)
    }

    fn ends(&mut self, note: String) -> io::Result<Option<String>> {
        self.said.note(note);
        (self.left, self.padding) = (0, 0);
        Ok(None)
    }
}

impl<R: Read> Archive for Tar<R> {
    fn next(&mut self) -> io::Result<Option<String>> {
        self.end_file()?;
        let mut extended = Extended::default();
        loop {
            let at = self.source.at();
            let Some(head) = self.source.chunk::<BLOCK_BYTES>()? else {
                return match self.source.ahead(1)?.is_empty() {
                    true => Ok(None),
                    false => {
                        self.ends(format!("the file is cut off: its tar archive ends at byte {at}"))
                    }
                };
            };
            if head.iter().all(|&byte| byte == 0) {
                return Ok(None);
            }
            let size = number(&head[124..136]);
            let (true, Some(size)) = (is_head(&head), size) else {
                return self.ends(format!(
                    "the head of the tar archive at byte {at} is damaged, reading ended there"
                ));
            };
            let size = extended.size.take().unwrap_or(size);
            self.left = size;
            self.padding = size.wrapping_neg() % BLOCK_BYTES as u64;
            match head[156] {
                b'0' | 0 | b'7' => {
                    self.name = extended.name.unwrap_or_else(|| plain_name(&head));
                    if self.name.ends_with('/') && size == 0 {
                        extended = Extended::default();
                        self.end_file()?;
                        continue;
                    }
                    return Ok(Some(self.name.clone()));
                }
                b'L' => {
                    let text = self.text()?;
                    let end = text.iter().position(|&byte| byte == 0).unwrap_or(text.len());
                    extended.name = Some(name(&text[..end]));
                }
                b'x' => pax(&self.text()?, &mut extended),
                // Folders, links, devices.
                _ => {
                    extended = Extended::default();
                    self.end_file()?;
                }
            }
        }
    }
}

impl<R: Read> Read for Tar<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let n = self.source.read(&mut out[..most])?;
        if n == 0 && most > 0 {
            let at = self.source.at();
            let name = &self.name;
            self.said
                .note(format!("the file is cut off: its tar archive ends at byte {at}, in {name}"));
            (self.left, self.padding) = (0, 0);
        }
        self.left -= n as u64;
        Ok(n)
    }
}

fn plain_name(head: &[u8; BLOCK_BYTES]) -> String {
    let text = |field: &[u8]| {
        let end = field.iter().position(|&byte| byte == 0).unwrap_or(field.len());
        name(&field[..end])
    };
    let name = text(&head[..100]);
    let is_posix = head[257..263] == *b"ustar\0";
    let prefix = if is_posix { text(&head[345..500]) } else { String::new() };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// Records of a pax head, each `LENGTH KEY=VALUE` and a line end.
fn pax(mut text: &[u8], extended: &mut Extended) {
    while let Some(blank) = text.iter().position(|&byte| byte == b' ') {
        let len = std::str::from_utf8(&text[..blank]).ok().and_then(|len| len.parse().ok());
        let Some((record, rest)) = len.and_then(|len: usize| text.split_at_checked(len)) else {
            return;
        };
        let Some(pair) = record.get(blank + 1..).and_then(|pair| pair.strip_suffix(b"\n")) else {
            return;
        };
        if let Some(path) = pair.strip_prefix(b"path=") {
            extended.name = Some(name(path));
        } else if let Some(size) = pair.strip_prefix(b"size=") {
            extended.size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
        }
        text = rest;
    }
}
