//! gzip of any number of members, as far as it goes (RFC 1952).

use std::io::{self, Read};

use super::inflate::{Inflate, Step};
use super::{Packing, Said};
use crate::source::Source;

/// Unpacks gzip; ends where the file does or is damaged, and says so.
#[derive(Debug)]
pub(crate) struct Gunzip<R> {
    source: Source<R>,
    state: State,
    said: Said,
}

#[derive(Debug)]
enum State {
    /// Before a member.
    Head,
    Member(Box<Inflate>),
    Done,
}

const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;
const HEAD_CRC: u8 = 2;

impl<R: Read> Gunzip<R> {
    pub(crate) fn new(input: R, said: Said) -> Self {
        Self { source: Source::new(input), state: State::Head, said }
    }

    /// Reads a member's head.
    fn head(&mut self) -> io::Result<State> {
        let at = self.source.at();
        match Packing::of(self.source.ahead(2)?) {
            Some(Packing::Gzip) => {}
            _ => return self.behind(),
        }
        let Some(head) = self.source.chunk::<10>()? else { return Ok(self.cut_off()) };
        let flags = head[3];
        if head[2] != 8 || flags & 0xe0 != 0 {
            self.said.note(format!("the head of its gzip member at byte {at} is damaged"));
            return Ok(State::Done);
        }
        if flags & EXTRA != 0 {
            let Some(len) = self.source.chunk::<2>()? else { return Ok(self.cut_off()) };
            self.source.skip(u64::from(u16::from_le_bytes(len)))?;
        }
        for text in [NAME, COMMENT] {
            if flags & text != 0 && !self.skip_text()? {
                return Ok(self.cut_off());
            }
        }
        if flags & HEAD_CRC != 0 {
            self.source.skip(2)?;
        }
        Ok(State::Member(Box::new(Inflate::new())))
    }

    fn skip_text(&mut self) -> io::Result<bool> {
        loop {
            match self.source.chunk::<1>()? {
                Some([0]) => return Ok(true),
                Some(_) => {}
                None => return Ok(false),
            }
        }
    }

    /// What stands where another member could: nothing, padding, or something else.
    fn behind(&mut self) -> io::Result<State> {
        let zeros = self.source.skip_zeros()?;
        let at = self.source.at();
        if Packing::of(self.source.ahead(2)?) == Some(Packing::Gzip) {
            return Ok(State::Head);
        }
        let rest = self.source.skip(u64::MAX)?;
        if rest > 0 {
            self.said.note(format!(
                "{rest} bytes behind the gzip stream, from byte {at} on, are no gzip and were not read"
            ));
        } else {
            self.said.remark("zero bytes behind the gzip stream", zeros);
        }
        Ok(State::Done)
    }

    /// After a member's data: its checksum and length.
    fn tail(&mut self, member: &Inflate) -> io::Result<State> {
        let at = self.source.at();
        let Some(tail) = self.source.chunk::<8>()? else { return Ok(self.cut_off()) };
        let [crc, len] = [0, 4].map(|from| {
            u32::from_le_bytes([tail[from], tail[from + 1], tail[from + 2], tail[from + 3]])
        });
        if crc != member.crc() || len != member.len() as u32 {
            self.said.note(format!(
                "the checksum of its gzip stream at byte {at} is wrong: what it holds may be damaged"
            ));
        }
        Ok(State::Head)
    }

    fn cut_off(&mut self) -> State {
        let at = self.source.at() + self.source.ahead(0).map_or(0, |rest| rest.len() as u64);
        self.said.note(format!("the file is cut off: its gzip stream ends at byte {at}"));
        State::Done
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while !out.is_empty() {
            self.state = match std::mem::replace(&mut self.state, State::Done) {
                State::Head => self.head()?,
                State::Member(mut member) => match member.step(&mut self.source, out)? {
                    Step::Bytes(n) => {
                        self.state = State::Member(member);
                        return Ok(n);
                    }
                    Step::End => self.tail(&member)?,
                    Step::CutOff => self.cut_off(),
                    Step::Damaged => {
                        let at = self.source.at();
                        self.said.note(format!(
                            "its gzip stream is damaged at byte {at}; what was packed before is read"
                        ));
                        State::Done
                    }
                },
                State::Done => return Ok(0),
            };
        }
        Ok(0)
    }
}
