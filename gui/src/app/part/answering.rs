//! Questions answered where all of a document lies.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use weftscope_traces::analysis::{Selection, selection};

use super::Question;
use crate::{
    app::{Queries, Unanswered, rows},
    files::{SaveOptions, write_trace},
    jobs::JobControl,
};

impl Question {
    /// Writes the answer.
    ///
    /// # Errors
    /// [`Unanswered`]; what was written until then is worth nothing.
    pub(crate) fn answer(
        &self,
        queries: &Queries,
        control: &JobControl,
        out: &mut dyn Write,
    ) -> Result<(), Unanswered> {
        let json = |out: &mut dyn Write, result: serde_json::Result<Vec<u8>>| {
            let bytes = result.map_err(|error| Unanswered::failed(&error))?;
            out.write_all(&bytes).map_err(|error| Unanswered::failed(&error))
        };
        let trace = queries.trace();
        match self {
            Self::Range(window, tracks) => {
                let range = Selection { window: *window, tracks: tracks.clone() };
                json(out, serde_json::to_vec(&selection(trace, &range)))
            }
            Self::Rows(query) => {
                let answer = rows(queries, query, control).ok_or(Unanswered::Stopped)?;
                json(out, serde_json::to_vec(&answer))
            }
            Self::File(format) => {
                let go_on = &mut |_| match control.is_cancelled() {
                    false => ControlFlow::Continue(()),
                    true => ControlFlow::Break(()),
                };
                let written = write_trace(trace, out, (*format, SaveOptions::default()), go_on);
                written.map_err(|why| match control.is_cancelled() {
                    true => Unanswered::Stopped,
                    false => Unanswered::Failed(why),
                })
            }
            Self::RowsFile(query, format) => queries.write_rows((query, *format), out, control),
        }
    }
}

/// Where an answer is written that goes over a link: in pieces of this size.
pub(crate) struct InPieces<F: FnMut(Vec<u8>)> {
    piece: Vec<u8>,
    told: F,
}

impl<F: FnMut(Vec<u8>)> InPieces<F> {
    /// Bytes of a piece: what is newer waits for no more than this.
    const BYTES: usize = 48 << 10;

    /// Tells each piece but the last.
    pub(crate) fn new(told: F) -> Self {
        Self { piece: Vec::with_capacity(Self::BYTES), told }
    }

    /// The last.
    pub(crate) fn last(self) -> Vec<u8> {
        self.piece
    }
}

impl<F: FnMut(Vec<u8>)> Write for InPieces<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(Self::BYTES - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        if self.piece.len() == Self::BYTES {
            let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(Self::BYTES));
            (self.told)(piece);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_what_was_written() {
        let bytes: Vec<u8> = (0..200_000_u32).map(|at| (at % 251) as u8).collect();
        let mut came = Vec::new();
        let mut sizes = Vec::new();
        let mut out = InPieces::new(|piece: Vec<u8>| {
            sizes.push(piece.len());
            came.extend(piece);
        });
        for part in bytes.chunks(7_001) {
            out.write_all(part).unwrap();
        }
        let last = out.last();
        came.extend(last);
        assert_eq!(came, bytes);
        assert_eq!(sizes, [48 << 10; 4]);
    }
}
