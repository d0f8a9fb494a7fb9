//! The last iteration of a run, of which a part is at the other end of a link: what it gets next.

#[cfg(not(target_arch = "wasm32"))]
use std::sync::Arc;

use weftscope_traces::excerpt::Wanted;

use super::{letter::Letter, pieces::Pieces, words::Tell};
#[cfg(not(target_arch = "wasm32"))]
use crate::app::Queries;
use crate::app::part::{Held, Look, Part};

/// Slices of an iteration that is sent whole where nobody asks for it: two layers of eight ranks have 150 thousand; 30 MB at most.
pub(super) const MOST_WHOLE: usize = 4_000_000;

/// The iteration.
pub(super) struct Shown {
    number: u64,
    held: Held,
    /// What of it was sent last; `None`: all of it.
    sent: Option<Wanted>,
    /// How it was looked at when a glance was sent, which what is seen follows.
    glanced: Option<Look>,
    /// What is sent in pieces.
    pieces: Option<InPieces>,
}

/// Something long, as far as it is not sent.
struct InPieces {
    pieces: Pieces,
    /// What is sent once the last is; `None`: all of it.
    sent: Option<Wanted>,
    is_all: bool,
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
        let mut shown = Self { number, held, sent: None, glanced: None, pieces: None };
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
        Ok(Letter::with(&Tell::Part(self.number), self.part(look)?))
    }

    /// The bytes of a part, which is what was sent last from then on: what is seen, where that is much a glance at it. What explains
    /// it goes with the first, and is kept there. Pieces that are under way are not gone on with.
    fn part(&mut self, look: Option<&Look>) -> Result<Vec<u8>, String> {
        let heavy = look.filter(|look| look.is_heavy());
        let (part, bytes) = match heavy {
            Some(look) => self.held.glance(look)?,
            None => self.held.part(look)?,
        };
        self.held.forget_explanation();
        self.pieces = None;
        self.glanced = heavy.cloned();
        self.sent = missing(&part);
        Ok(bytes)
    }

    /// The other end has another piece; of an iteration before, nothing is under way any more.
    pub(super) fn piece_taken(&mut self, number: u64) {
        if let Some(under_way) = self.pieces.as_mut().filter(|_| self.number == number) {
            under_way.pieces.taken();
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

    /// All of it is to be sent, and was not.
    #[cfg(feature = "gpus")]
    pub(super) fn is_under_way(&self) -> bool {
        !self.is_all_sent() && self.held.num_slices() <= MOST_WHOLE
    }

    /// What is seen first, at a glance where that is much; then what is seen in pieces, so that what is looked at next does not wait behind
    /// it; then, if it is to come, the rest.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(super) fn more(&mut self, look: Option<&Look>, with_rest: bool) -> Result<More, String> {
        let Some(sent) = &self.sent else { return Ok(More::default()) };
        let unseen = look.filter(|look| !look.is_served_by(sent, self.held.whole()));
        match unseen {
            Some(look) if self.glanced.as_ref() != Some(look) => {
                let part = Letter::with(&Tell::Part(self.number), self.part(Some(look))?);
                return Ok(More { all: vec![part], has_part: true });
            }
            Some(look) if self.pieces.is_none() => {
                let (part, bytes) = self.held.part(Some(look))?;
                self.begin_pieces(&bytes, missing(&part), false)?;
            }
            None if with_rest && self.pieces.is_none() && self.held.num_slices() <= MOST_WHOLE => {
                let bytes = self.held.all()?;
                self.begin_pieces(&bytes, None, true)?;
            }
            _ => {}
        }
        Ok(More { all: self.next_pieces(with_rest), has_part: false })
    }

    fn begin_pieces(
        &mut self,
        bytes: &[u8],
        sent: Option<Wanted>,
        is_all: bool,
    ) -> Result<(), String> {
        let pieces = Pieces::of(bytes).map_err(|error| error.to_string())?;
        self.pieces = Some(InPieces { pieces, sent, is_all });
        Ok(())
    }

    fn next_pieces(&mut self, with_rest: bool) -> Vec<Letter> {
        let mut all = Vec::new();
        let Some(under_way) = self.pieces.as_mut().filter(|it| with_rest || !it.is_all) else {
            return all;
        };
        while let Some((bytes, is_last)) = under_way.pieces.next() {
            all.push(Letter::with(&Tell::Piece(self.number, is_last), bytes));
            if is_last {
                self.sent = under_way.sent.take();
                self.glanced = None;
                self.pieces = None;
                break;
            }
        }
        all
    }
}

/// What a part shows of more; `None`: it is all there is.
fn missing(part: &Part) -> Option<Wanted> {
    part.wanted.clone().filter(|_| !part.is_whole())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weftscope_traces::{
        ArgsId, Label, LaneId, Meta, Provenance, Span, Trace, TraceBuilder, TrackKind,
    };

    use super::{super::pieces::joined, *};
    use crate::{
        app::part::{Known, received},
        timeline::{Sight, TimelineData, ViewState},
    };

    /// Two ranks of 24 SMs, each with 20,000 blocks one after another.
    fn made() -> Arc<Trace> {
        let provenance = Provenance::Modelled { source: "test".to_owned() };
        let mut builder = TraceBuilder::new(Meta::new("made", provenance));
        let label = builder.label(Label { name: "gemm".to_owned(), ..Label::default() });
        for rank in 0..2 {
            let root = builder.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
            for sm in 0..24 {
                let sms = TrackKind::Sm { rank, sm };
                let track = builder.track(Some(root), format!("SM {sm}"), sms);
                for block in 0..20_000_i64 {
                    let start_ns = block * 1200 + (block * 7919 + i64::from(sm)) % 150;
                    let span = Span::new(start_ns, start_ns + 900);
                    builder.push_packed(track, span, label, ArgsId::NONE, block as u32);
                }
            }
        }
        Arc::new(builder.finish().unwrap())
    }

    /// A look at all of it, with the SMs of a rank open.
    fn look(trace: &Arc<Trace>, rank: u32) -> Look {
        let is_sm =
            |kind: &TrackKind| matches!(kind, TrackKind::Sm { rank: of, .. } if *of == rank);
        let tracks = trace.tracks.iter().filter(|track| is_sm(&track.kind));
        let lanes: Vec<LaneId> = tracks.flat_map(|track| track.lanes.iter().copied()).collect();
        let timeline = TimelineData::indexed(Arc::clone(trace));
        let window = ViewState::new(&timeline).window;
        Look::of(&Sight::of(window, timeline.fit_span(), 1500.0, lanes))
    }

    /// Takes pieces until the last, or so many.
    fn taken(shown: &mut Shown, look: &Look, most: usize) -> Vec<u8> {
        let (mut bytes, mut count) = (Vec::new(), 0);
        loop {
            let more = shown.more(Some(look), false).unwrap();
            assert!(!more.has_part);
            for letter in more.all {
                let Ok(Tell::Piece(7, is_last)) = letter.open() else { panic!("no piece") };
                bytes.extend(&letter.bytes);
                shown.piece_taken(7);
                count += 1;
                if is_last || count == most {
                    return bytes;
                }
            }
        }
    }

    #[test]
    fn much_is_seen_at_a_glance_and_then_in_pieces() {
        let trace = made();
        let (first, other) = (look(&trace, 0), look(&trace, 1));
        let (mut shown, _) = Shown::begin(7, Held::of(Arc::clone(&trace)), None).unwrap();
        let glance = shown.more(Some(&first), false).unwrap();
        assert!(glance.has_part && glance.all.len() == 1);
        // Another look comes first, whatever is under way, and what was begun is not gone on with.
        taken(&mut shown, &first, 1);
        let glance = shown.more(Some(&other), false).unwrap();
        assert!(glance.has_part && glance.all.len() == 1);
        let known = || Known { file_stem: "it".to_owned(), explanation: None };
        let seen = |bytes: &[u8]| received(bytes, known()).unwrap().part.unwrap();
        let at_a_glance = seen(&glance.all[0].bytes);
        let whole = trace.span();
        assert!(!other.is_served_by(at_a_glance.wanted.as_ref().unwrap(), whole));
        let bytes = joined(&taken(&mut shown, &other, usize::MAX)).unwrap();
        let then = seen(&bytes);
        assert!(other.is_served_by(then.wanted.as_ref().unwrap(), whole));
        assert!(glance.all[0].bytes.len() * 2 < bytes.len(), "{}", glance.all[0].bytes.len());
        // It has what it looks at, and nothing more is sent unless all is to be.
        assert!(shown.more(Some(&other), false).unwrap().all.is_empty());
        assert!(!shown.more(Some(&other), true).unwrap().all.is_empty());
    }
}
