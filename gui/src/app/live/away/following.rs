//! A document that lies at the other end, as far as it is here: parts of it and pieces of all of it take its place as they come, and
//! what needs all of it is asked there.

use std::sync::Arc;

use super::{
    Port,
    pieces::joined,
    words::{Ask, Tell},
};
use crate::app::{
    Document,
    part::{Answer, Asking, Known, Look, received},
};

/// Most bytes of pieces that are kept until the last has come.
const MOST_PACKED: usize = 256 << 20;

/// What is followed.
pub(super) struct Following {
    of: Option<Followed>,
    /// How the other end knows that it is looked at.
    look: Option<Look>,
    /// What jobs ask about it.
    asking: Asking,
}

/// The document.
struct Followed {
    /// By which the other end knows it.
    number: u64,
    document: Arc<Document>,
    /// Pieces of all of it that have come.
    pieces: Vec<u8>,
}

/// What was there before, and what takes its place.
pub(super) type Refilled = (Arc<Document>, Arc<Document>);

impl Following {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self { of: None, look: None, asking: Asking::new() }
    }

    /// The document that is followed.
    pub(super) fn document(&self) -> Option<&Arc<Document>> {
        self.of.as_ref().map(|of| &of.document)
    }

    /// Whether it is the one that the other end calls so.
    pub(super) fn is(&self, number: u64) -> bool {
        self.of.as_ref().is_some_and(|of| of.number == number)
    }

    /// A job waits for an answer.
    pub(super) fn is_asked(&self) -> bool {
        self.asking.is_under_way()
    }

    /// A document that the other end calls so, which is asked over this link.
    ///
    /// # Errors
    /// In words, when what came is damaged.
    pub(super) fn made(&self, number: u64, bytes: &[u8], known: Known) -> Result<Document, String> {
        let mut document = received(bytes, known)?;
        document.asker = Some(self.asking.asker(number));
        Ok(document)
    }

    /// It takes the place of what is followed; how that is looked at is not said again as long as it is the same.
    pub(super) fn follow(&mut self, number: u64, document: Arc<Document>) {
        self.of = Some(Followed { number, document, pieces: Vec::new() });
    }

    /// Tells the other end how it is looked at, where that has changed, as long as not all of it is here and it was drawn; and
    /// what jobs ask.
    pub(super) fn tell(&mut self, port: &Port) {
        while let Some((question, number, asked)) = self.asking.next() {
            Ask::Question(question, number, asked).over(port);
        }
        let Some(document) = self.document().filter(|document| document.part.is_some()) else {
            return;
        };
        let look = document.timeline.foresight.seen().as_ref().map(Look::of);
        if let Some(look) = look.filter(|look| self.look.as_ref() != Some(look)) {
            Ask::Look(look.clone()).over(port);
            self.look = Some(look);
        }
    }

    /// Takes in more of it, or an answer, and says so at the other end; `None` for what is of another, and while pieces are missing.
    ///
    /// # Errors
    /// In words, when what came is damaged, or longer than may be.
    pub(super) fn take(
        &mut self,
        tell: Tell,
        bytes: Vec<u8>,
        port: &Port,
    ) -> Result<Option<Refilled>, String> {
        match tell {
            Tell::Part(number) => {
                let refilled = self.is(number).then(|| self.refilled(&bytes)).transpose();
                Ask::TakenIn.over(port);
                refilled
            }
            Tell::Piece(number, is_last) => {
                Ask::PieceTaken(number).over(port);
                self.piece(number, &bytes, is_last)
            }
            Tell::Answer(question, is_last) => {
                self.answered(question, Answer::Piece(bytes, is_last), port);
                Ok(None)
            }
            Tell::NoAnswer(question, why) => {
                self.answered(question, Answer::None(why), port);
                Ok(None)
            }
            _ => Ok(None),
        }
    }

    fn answered(&mut self, question: u64, answer: Answer, port: &Port) {
        if !self.asking.take(question, answer) {
            Ask::Forget(question).over(port);
        }
    }

    fn piece(
        &mut self,
        number: u64,
        bytes: &[u8],
        is_last: bool,
    ) -> Result<Option<Refilled>, String> {
        let Some(of) = self.of.as_mut().filter(|of| of.number == number) else { return Ok(None) };
        if of.pieces.len() + bytes.len() > MOST_PACKED {
            of.pieces = Vec::new();
            return Err("more came of a picture than may be".to_owned());
        }
        of.pieces.extend(bytes);
        if !is_last {
            return Ok(None);
        }
        let all = joined(&std::mem::take(&mut of.pieces))?;
        self.refilled(&all).map(Some)
    }

    fn refilled(&mut self, bytes: &[u8]) -> Result<Refilled, String> {
        let of = self.of.as_ref().ok_or("there is no picture that it is more of")?;
        let (number, old) = (of.number, Arc::clone(&of.document));
        let explanation = old.is_explained.then(|| Arc::clone(&old.explanation));
        let known = Known { file_stem: old.file_stem.clone(), explanation };
        let new = Arc::new(self.made(number, bytes, known)?);
        if let Some(of) = &mut self.of {
            of.document = Arc::clone(&new);
            // Pieces that were on their way when this was made are not gone on with.
            of.pieces = Vec::new();
        }
        Ok((old, new))
    }
}
