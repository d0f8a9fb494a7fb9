//! What was read so far, as a trace, while the rest is still to come.

use std::io::Read;

use super::{Reader, Sink};
use crate::Diagnostics;
use crate::interchange::foreign;
use crate::interchange::tally::Tally;

/// How much more text the next preview shows.
const GROWTH: u64 = 8;

impl<R: Read> Reader<'_, '_, '_, R> {
    /// Shows what was read to whoever wants to see it, now and then.
    pub(super) fn preview(&mut self) {
        let read = self.window.position();
        if read < self.next_preview {
            return;
        }
        self.next_preview = self.next_preview.saturating_mul(GROWTH);
        let (Some(preview), Some(Sink::Others(others))) = (&self.options.preview, &self.sink)
        else {
            return;
        };
        let so_far = others.clone().finish();
        let header = &self.beside.header;
        let trace = foreign::build(so_far, header, self.options, &mut Tally::default());
        let Some(trace) = trace else { return };
        // What is missing here may stand behind; only the whole text tells what is lost.
        let mib = read >> 20;
        let note =
            format!("still being read: this is what stands in the first {mib} MiB of its text");
        preview.show(trace.with_diagnostics(|diagnostics| {
            *diagnostics = Diagnostics { notes: vec![note], ..Diagnostics::default() };
        }));
    }
}
