//! The last iteration of a run, of which a part is at the other end of a link: what it gets next.

use weftscope_traces::excerpt::Wanted;

use super::{letter::Letter, pieces::Pieces, words::Tell};
use crate::app::part::{Held, Look};

/// Slices of an iteration that is sent whole where nobody asks for it: two layers of eight ranks have 150 thousand; 30 MB at most.
const MOST_WHOLE: usize = 4_000_000;

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
        let (part, bytes) = held.part(look)?;
        let sent = part.wanted.clone().filter(|_| !part.is_whole());
        Ok((Self { number, held, sent, pieces: None }, bytes))
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
        let (part, bytes) = self.held.part(look)?;
        self.sent = part.wanted.clone().filter(|_| !part.is_whole());
        // Pieces that were made without it are not gone on with.
        self.pieces = None;
        Ok(Letter::with(&Tell::Part(self.number), bytes))
    }

    /// The other end has another piece.
    pub(super) fn piece_taken(&mut self) {
        if let Some(pieces) = &mut self.pieces {
            pieces.taken();
        }
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
        let (part, bytes) = self.held.part(Some(look))?;
        self.sent = part.wanted.clone().filter(|_| !part.is_whole());
        Ok(Some(Letter::with(&Tell::Part(self.number), bytes)))
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
