//! A stretch of the array of events, read by itself: whatever follows where the text before it ends between two events.
//!
//! Only what is beyond doubt is taken, event by event; the first thing that is odd ends it, and what follows is left to
//! the reader of the whole, who knows what came before. So it makes no difference to the trace where a text is cut.

use super::super::event::{Paths, RawEvent};
use super::super::others::OthersRead;
use crate::interchange::json::Cursor;
use crate::interchange::tally::Tally;

/// What was read of a stretch of text.
#[derive(Debug, Default)]
pub(super) struct Stretch {
    pub(super) events: OthersRead,
    pub(super) tally: Tally,
    pub(super) num_events: u64,
    /// Bytes from the beginning that were taken.
    pub(super) taken: usize,
    /// A comma is still to come behind the last event.
    pub(super) is_comma_due: bool,
}

impl Stretch {
    /// Reads text that begins with an event, `at_byte` of the whole.
    pub(super) fn read(text: &[u8], at_byte: u64) -> Self {
        let mut out = Self::default();
        // Where all is UTF-8 every string is, and none has to be looked at again.
        let Ok(text) = std::str::from_utf8(text) else { return out };
        let mut cursor = Cursor::of_text(text);
        let (mut event, mut paths) = (RawEvent::default(), Paths::default());
        while out.event(&mut cursor, (&mut event, &mut paths), at_byte).is_some() {}
        // Here, where others read at the same time, and while it is at hand.
        out.events.sort();
        out
    }

    /// Takes the next event and the comma behind it; `None` at the end and where something is odd.
    fn event<'a>(
        &mut self,
        cursor: &mut Cursor<'a>,
        (event, paths): (&mut RawEvent<'a>, &mut Paths),
        at_byte: u64,
    ) -> Option<()> {
        if cursor.peek().ok()? != b'{' {
            return None;
        }
        let at = at_byte + cursor.pos as u64;
        event.read(cursor, paths).ok()?;
        if event.is_document || cursor.mended > 0 || cursor.bare > 0 {
            return None;
        }
        if event.is_empty {
            self.tally.diagnostics.remark(EMPTY, 1);
        } else {
            self.events.take(event, at, &mut self.tally);
            self.num_events += 1;
        }
        self.taken = cursor.pos;
        self.is_comma_due = true;
        if cursor.peek().ok()? != b',' {
            return None;
        }
        cursor.pos += 1;
        self.is_comma_due = false;
        // Blanks behind the comma are taken too, so that the next stretch begins where this one ends.
        _ = cursor.peek();
        self.taken = cursor.pos;
        Some(())
    }
}

/// Events without anything in them.
pub(super) const EMPTY: &str = "empty events, {}";
