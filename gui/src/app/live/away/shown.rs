//! The last iteration of a run, of which a part is at the other end of a link: what it gets next.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::Arc;

use weftscope_traces::excerpt::Wanted;

use super::{letter::Letter, pieces::Pieces, words::Tell};
#[cfg(not(target_arch = "wasm32"))]
use crate::app::Queries;
use crate::app::part::{Held, Look};

/// Slices of an iteration that is sent whole where nobody asks for it: two layers of eight ranks have 150 thousand; 30 MB at most.
pub(super) const MOST_WHOLE: usize = 4_000_000;

/// The iteration.
pub(super) struct Shown {
    number: u64,
    held: Held,
    /// What of it was sent last; `None`: all of it.
    sent: Option<Wanted>,
    /// All of it, as far as it is not sent.
    pieces: Option<Pieces>,
}

/// What is sent next.
#[derive(Default)]
pub(super) struct More {
    pub(super) all: Vec<Letter>,
    /// One of them is a part, which is to be taken in before there is more.
    pub(super) has_part: bool,
}

impl Shown {
    /// Of an iteration, with the bytes of the part that is sent first.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(super) fn begin(
        number: u64,
        held: Held,
        look: Option<&Look>,
    ) -> Result<(Self, Vec<u8>), String> {
        let mut shown = Self { number, held, sent: None, pieces: None };
        let bytes = shown.part(look)?;
        Ok((shown, bytes))
    }

    /// Takes in what explains it, and gives what is sent then.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn explained(
        &mut self,
        explanation: Vec<u8>,
        look: Option<&Look>,
    ) -> Result<Letter, String> {
        self.held.take_explanation(explanation);
        // Pieces that were made without it are not gone on with.
        self.pieces = None;
        Ok(Letter::with(&Tell::Part(self.number), self.part(look)?))
    }

    /// The bytes of a part, which is what was sent last from then on. What explains it goes with the first, and is kept there.
    fn part(&mut self, look: Option<&Look>) -> Result<Vec<u8>, String> {
        let (part, bytes) = self.held.part(look)?;
        self.held.forget_explanation();
        self.sent = part.wanted.clone().filter(|_| !part.is_whole());
        Ok(bytes)
    }

    /// The other end has another piece; of an iteration before, nothing is under way any more.
    pub(super) fn piece_taken(&mut self, number: u64) {
        if let Some(pieces) = self.pieces.as_mut().filter(|_| self.number == number) {
            pieces.taken();
        }
    }

    /// What the other end calls it, and what answers questions about it.
    #[cfg(not(target_arch = "wasm32"))]
    pub(super) fn queries(&self) -> (u64, Arc<Queries>) {
        (self.number, self.held.queries())
    }

    /// All of it was sent.
    #[cfg(feature = "gpus")]
    pub(super) fn is_all_sent(&self) -> bool {
        self.sent.is_none()
    }

    /// What is seen, where what was sent does not show that.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(super) fn seen(&mut self, look: Option<&Look>) -> Result<Option<Letter>, String> {
        let (Some(sent), Some(look)) = (&self.sent, look) else { return Ok(None) };
        if look.is_served_by(sent, self.held.whole()) {
            return Ok(None);
        }
        Ok(Some(Letter::with(&Tell::Part(self.number), self.part(Some(look))?)))
    }

    /// What is seen first, then the rest.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(super) fn more(&mut self, look: Option<&Look>) -> Result<More, String> {
        if let Some(letter) = self.seen(look)? {
            return Ok(More { all: vec![letter], has_part: true });
        }
        if self.sent.is_none() || self.held.num_slices() > MOST_WHOLE {
            return Ok(More::default());
        }
        let pieces = match &mut self.pieces {
            Some(pieces) => pieces,
            none => {
                let pieces = Pieces::of(&self.held.all()?).map_err(|error| error.to_string())?;
                none.insert(pieces)
            }
        };
        let mut all = Vec::new();
        while let Some((bytes, is_last)) = pieces.next() {
            all.push(Letter::with(&Tell::Piece(self.number, is_last), bytes));
            if is_last {
                self.sent = None;
            }
        }
        Ok(More { all, has_part: false })
    }
}
