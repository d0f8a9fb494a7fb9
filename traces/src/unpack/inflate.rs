//! One deflate stream with its checksum; on damage, what was unpacked before it is handed out first.

use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use crate::source::Source;

/// What a call gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// So many bytes, at least one.
    Bytes(usize),
    /// The stream's end.
    End,
    /// The stream is not deflate from here on.
    Damaged,
    /// The input ends before the stream does.
    CutOff,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Inflate {
    stream: Decompress,
    crc: crc32fast::Hasher,
    /// What is left to say once all bytes are handed out.
    last: Option<Step>,
}

impl Inflate {
    pub(super) fn new() -> Self {
        Self { stream: Decompress::new(false), crc: crc32fast::Hasher::new(), last: None }
    }

    /// CRC-32 of what was unpacked so far.
    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Bytes unpacked so far.
    pub(super) fn len(&self) -> u64 {
        self.stream.total_out()
    }

    /// Unpacks into `out`, which is not empty.
    pub(super) fn step<R: Read>(
        &mut self,
        source: &mut Source<R>,
        out: &mut [u8],
    ) -> io::Result<Step> {
        loop {
            if let Some(last) = self.last {
                return Ok(last);
            }
            let input = source.ahead(1)?;
            let is_end = input.is_empty();
            let (before_in, before_out) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(input, out, FlushDecompress::None);
            let taken = (self.stream.total_in() - before_in) as usize;
            let given = (self.stream.total_out() - before_out) as usize;
            source.consume(taken);
            self.crc.update(&out[..given]);
            match status {
                Ok(Status::StreamEnd) => self.last = Some(Step::End),
                Ok(Status::Ok | Status::BufError) if is_end && given == 0 => {
                    self.last = Some(Step::CutOff);
                }
                Ok(Status::Ok | Status::BufError) if taken == 0 && given == 0 => {
                    // No progress with bytes at hand cannot be; it would go on for ever.
                    self.last = Some(Step::Damaged);
                }
                Ok(Status::Ok | Status::BufError) => {}
                Err(_) => self.last = Some(Step::Damaged),
            }
            if given > 0 {
                return Ok(Step::Bytes(given));
            }
        }
    }
}
