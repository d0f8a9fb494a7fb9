//! The one pass over the text of a file: top level, then events, each handed to the reader of our own files or of
//! other tools' files.
//!
//! A text may hold several documents one after another, each an object with `traceEvents`, an array of events, or an
//! event by itself. What is damaged costs the event it is in: reading goes on at the next place where an event or a
//! pair of the top level begins ([`resync`]).

mod ahead;
mod damage;
mod events;
mod preview;
mod resync;
mod stretch;
mod top;

#[cfg(test)]
mod tests;

use hashbrown::HashMap;
use std::io::Read;

use ahead::{Ahead, Helpers, STRETCH_BYTES};

use super::ImportError;
use super::event::Paths;
use super::others::{Beside, OthersRead};
use super::own::OwnRead;
use crate::interchange::foreign;
use crate::interchange::json::{Broken, Window};
use crate::interchange::tally::Tally;
use crate::stream::{BytesRead, Counting, Progress};
use crate::{OpenOptions, Trace};

/// Reads Chrome/Kineto JSON as a stream; [`open`](crate::open) unpacks gzip before.
///
/// Memory is the trace plus one window of text (1 MiB, more only if one event is longer), and two for each of the
/// threads that may help. GPU events become
/// stream tracks below one rank track each, CPU events host threads with nesting as lanes, annotations marks.
/// Overlapping slices of a stream are spread over lanes. Every record that could not be used is counted by cause
/// in the trace's diagnostics, with the place of the first; a file that was cut off gives what stands before the cut.
/// Files written by [`write`](super::write()) come back exactly.
///
/// # Errors
/// [`ImportError`]; damage is counted instead, unless nothing usable remains.
pub fn read(
    input: impl Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, ImportError> {
    read_in(STRETCH_BYTES, input, options, progress)
}

/// The same in stretches of about so many bytes.
fn read_in(
    stretch_bytes: usize,
    input: impl Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, ImportError> {
    let count = BytesRead::default();
    let input = Counting::new(input, count.clone());
    std::thread::scope(|scope| {
        let ahead = Ahead::new(input, stretch_bytes, Helpers::new(scope, options.threads));
        Reader::new(Window::new(ahead, count, progress), options).run()
    })
}

/// Text before the first preview.
const FIRST_PREVIEW_BYTES: u64 = 16 << 20;

/// The one pass over the text.
struct Reader<'p, 'scope, 'env, R> {
    window: Window<'p, Ahead<'scope, 'env, R>>,
    options: &'p OpenOptions,
    /// Bytes of text behind which the next preview is shown.
    next_preview: u64,
    beside: Beside,
    /// Pairs of the top level that were taken, as written as far as they are worth comparing.
    told: HashMap<String, Vec<u8>>,
    sink: Option<Sink>,
    tally: Tally,
    paths: Paths,
    /// What the first damage looked like, should nothing else be found.
    first_damage: Option<ImportError>,
    num_events: u64,
    seen_events: bool,
    /// Within an object of the top level.
    in_object: bool,
    /// Within an array of events.
    in_array: bool,
    /// Arrays around the present document.
    arrays_outside: u32,
    /// The next event of the array should have a comma before it.
    is_comma_due: bool,
    /// No whole event was met since the last damage: what looks like one need not be one.
    is_astray: bool,
    /// The last place that was no JSON: another try that fails there fails of the same.
    last_damage: Option<u64>,
    /// Where the last search after damage ended.
    last_landing: Option<u64>,
    /// It was said that the text ends too early.
    is_cut_off: bool,
}

/// What takes the events: chosen when the first is met.
enum Sink {
    Own(Box<OwnRead>),
    Others(Box<OthersRead>),
}

/// What comes next in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Between documents.
    Document,
    /// A pair of a document's object, or the object's end.
    Pair,
    /// An element of an array of events, or the array's end.
    Event,
    /// Nothing.
    End,
}

impl<'p, 'scope, 'env, R: Read> Reader<'p, 'scope, 'env, R> {
    fn new(window: Window<'p, Ahead<'scope, 'env, R>>, options: &'p OpenOptions) -> Self {
        Self {
            window,
            options,
            next_preview: FIRST_PREVIEW_BYTES,
            beside: Beside::default(),
            told: HashMap::new(),
            sink: None,
            tally: Tally::default(),
            paths: Paths::default(),
            first_damage: None,
            num_events: 0,
            seen_events: false,
            in_object: false,
            in_array: false,
            arrays_outside: 0,
            is_comma_due: false,
            is_astray: false,
            last_damage: None,
            last_landing: None,
            is_cut_off: false,
        }
    }

    fn run(mut self) -> Result<Trace, ImportError> {
        let first = self.window.peek();
        if first.map_err(|broken| self.window.error(broken))?.is_none() {
            return Err(ImportError::Empty);
        }
        let mut at = At::Document;
        while at != At::End {
            let next = match at {
                At::Document => self.document(),
                At::Pair => self.pair(),
                At::Event => self.element(),
                At::End => Ok(At::End),
            };
            at = match next {
                Err(Broken::Bad { at_byte, wanted }) => self.damaged(at, at_byte, wanted),
                Err(Broken::Cut) => self.cut_off(at),
                other => other,
            }
            .map_err(|broken| self.window.error(broken))?;
        }
        self.finish()
    }

    fn finish(mut self) -> Result<Trace, ImportError> {
        let damage = self.first_damage.take();
        let Some(sink) = self.sink.take().filter(|_| self.seen_events) else {
            return Err(damage.unwrap_or(match self.seen_events {
                true => {
                    ImportError::NoEvents { events: self.num_events, why: self.tally.summary() }
                }
                false => ImportError::NotATrace,
            }));
        };
        let mended = "strings with control characters or broken escapes, mended";
        self.tally.diagnostics.count(mended, self.window.mended);
        if let Some(place) = self.window.first_bare {
            let cause = "values that are no JSON (nan, .5, 0x1f …), kept as they are written";
            self.tally.met(cause, self.window.bare, &format!("at {place}"));
        }
        let trace = match sink {
            Sink::Own(own) => own.finish(&mut self.tally),
            Sink::Others(others) => {
                foreign::build(others.finish(), &self.beside.header, self.options, &mut self.tally)
            }
        };
        match trace {
            Some(trace) => Ok(trace),
            None => Err(damage.unwrap_or_else(|| ImportError::NoEvents {
                events: self.num_events,
                why: self.tally.summary(),
            })),
        }
    }
}
