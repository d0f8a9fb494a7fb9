//! A document that lies at the other end, as far as it is here: parts of it and pieces of all of it take its place as they come.

use std::sync::Arc;

use super::{
    Port,
    pieces::joined,
    words::{Ask, Tell},
};
use crate::app::{
    Document,
    part::{Known, Look, received},
};

/// Most bytes of pieces that are kept until the last has come.
const MOST_PACKED: usize = 256 << 20;

/// The document.
pub(super) struct Following {
    /// By which the other end knows it.
    number: u64,
    document: Arc<Document>,
    /// Pieces of all of it that have come.
    pieces: Vec<u8>,
}

/// What was there before, and what takes its place.
pub(super) type Refilled = (Arc<Document>, Arc<Document>);

impl Following {
    pub(super) fn new(number: u64, document: Arc<Document>) -> Self {
        Self { number, document, pieces: Vec::new() }
    }

    pub(super) fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// How it is looked at, as long as not all of it is here and it was drawn.
    pub(super) fn look(&self) -> Option<Look> {
        self.document.part.as_ref()?;
        self.document.timeline.foresight.seen().as_ref().map(Look::of)
    }

    /// Takes in more of it, and says so at the other end; `None` for what is of another, and while pieces are missing.
    ///
    /// # Errors
    /// In words, when what came is damaged, or longer than may be.
    pub(super) fn take(
        &mut self,
        tell: &Tell,
        bytes: &[u8],
        port: &Port,
    ) -> Result<Option<Refilled>, String> {
        match *tell {
            Tell::Part(number) => {
                let refilled = (number == self.number).then(|| self.refilled(bytes)).transpose();
                Ask::TakenIn.over(port);
                refilled
            }
            Tell::Piece(number, is_last) => {
                Ask::PieceTaken.over(port);
                if number != self.number {
                    return Ok(None);
                }
                if self.pieces.len() + bytes.len() > MOST_PACKED {
                    self.pieces = Vec::new();
                    return Err("more came of a picture than may be".to_owned());
                }
                self.pieces.extend(bytes);
                if !is_last {
                    return Ok(None);
                }
                let all = joined(&std::mem::take(&mut self.pieces))?;
                self.refilled(&all).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn refilled(&mut self, bytes: &[u8]) -> Result<Refilled, String> {
        let old = Arc::clone(&self.document);
        let explanation = old.is_explained.then(|| Arc::clone(&old.explanation));
        let known = Known { file_stem: old.file_stem.clone(), explanation };
        let new = Arc::new(received(bytes, known)?);
        self.document = Arc::clone(&new);
        Ok((old, new))
    }
}
