//! The one pass over the text of a file: top level, then events, each handed to the reader of our own files or of
//! other tools' files.

use std::io::Read;

use super::ImportError;
use super::event::RawEvent;
use super::foreign::{self, Collect, Header};
use super::own::OwnRead;
use super::tally::Tally;
use crate::interchange::json::{Fault, JsonError, Window};
use crate::stream::{BytesRead, Counting, Progress};
use crate::{OpenOptions, Trace};

/// Reads Chrome/Kineto JSON as a stream; [`open`](crate::open) unpacks gzip before.
///
/// Memory is the trace plus one window of text (1 MiB, more only if one event is longer). GPU events become
/// stream tracks below one rank track each, CPU events host threads with nesting as lanes, annotations marks.
/// Overlapping slices of a stream are spread over lanes. Every record that could not be used is counted by cause
/// in the trace's diagnostics, with the place of the first. Files written by [`write`](super::write()) come back
/// exactly.
///
/// # Errors
/// [`ImportError`]; damage inside single events is counted instead, unless nothing usable remains.
pub fn read(
    input: impl Read,
    options: &OpenOptions,
    progress: Progress<'_>,
) -> Result<Trace, ImportError> {
    let count = BytesRead::default();
    let input = Counting::new(input, count.clone());
    Reader::new(Window::new(input, count, progress)).run(options)
}

/// The one pass over the text.
struct Reader<'p, R> {
    window: Window<'p, R>,
    header: Header,
    tally: Tally,
    /// What the first damaged event looked like, should nothing else be found.
    first_damage: Option<ImportError>,
    num_events: u64,
    seen_events: bool,
}

/// What takes the events: chosen when `traceEvents` begins.
enum Sink {
    Own(Box<OwnRead>),
    Foreign(Box<Collect>),
}

impl<'p, R: Read> Reader<'p, R> {
    fn new(window: Window<'p, R>) -> Self {
        Self {
            window,
            header: Header::default(),
            tally: Tally::default(),
            first_damage: None,
            num_events: 0,
            seen_events: false,
        }
    }

    fn run(mut self, options: &OpenOptions) -> Result<Trace, ImportError> {
        self.skip_byte_order_mark()?;
        let mut sink = None;
        match self.window.peek()? {
            None => return Err(ImportError::Empty),
            Some(b'{') => self.top_level(&mut sink)?,
            Some(b'[') => {
                let sink = sink.insert(Sink::Foreign(Box::default()));
                self.events(sink, true)?;
            }
            Some(_) => return Err(self.window.not_json(0, "an object or an array").into()),
        }
        if self.window.peek()?.is_some() {
            return Err(self.window.not_json(0, "nothing after the end of the JSON").into());
        }
        let Some(sink) = sink.filter(|_| self.seen_events) else {
            return Err(ImportError::NotATrace);
        };
        self.finish(sink, options)
    }

    fn finish(mut self, sink: Sink, options: &OpenOptions) -> Result<Trace, ImportError> {
        let mended = self.window.mended;
        if mended > 0 {
            self.tally
                .diagnostics
                .count("strings with control characters or broken escapes, mended", mended);
        }
        let trace = match sink {
            Sink::Own(own) => own.finish(&mut self.tally),
            Sink::Foreign(collect) => {
                foreign::build(*collect, &self.header, options, &mut self.tally)
            }
        };
        match trace {
            Some(trace) => Ok(trace),
            None => Err(self.first_damage.unwrap_or_else(|| ImportError::NoEvents {
                events: self.num_events,
                why: self.tally.summary(),
            })),
        }
    }

    fn skip_byte_order_mark(&mut self) -> Result<(), ImportError> {
        if self.window.peek()? == Some(0xef) {
            self.window.parse(|cursor| {
                for byte in [0xef, 0xbb, 0xbf] {
                    cursor.eat(byte, "an object or an array")?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn top_level(&mut self, sink: &mut Option<Sink>) -> Result<(), ImportError> {
        let mut more = self.window.parse(|cursor| {
            cursor.eat(b'{', "an object")?;
            if cursor.peek()? == b'}' {
                cursor.pos += 1;
                return Ok(false);
            }
            Ok(true)
        })?;
        while more {
            let key = self.window.parse(|cursor| Ok(cursor.key()?.into_owned()))?;
            if key == "traceEvents" && self.window.peek()? == Some(b'[') {
                let sink = match sink {
                    Some(sink) => sink,
                    None => sink.insert(self.new_sink()),
                };
                self.events(sink, false)?;
            } else {
                let at = self.window.position();
                let header = &mut self.header;
                let understood =
                    self.window.parse(|cursor| Ok(header.take(&key, cursor.value()?)))?;
                if !understood {
                    self.tally.lost(&format!("top-level \"{key}\" not understood"), at);
                }
                if key == "weftscope" && sink.is_some() {
                    self.tally
                        .diagnostics
                        .note("Weftscope's description stands after the events and was not used");
                }
            }
            more = self.window.parse(|cursor| cursor.more(b'}', "a comma or the closing brace"))?;
        }
        Ok(())
    }

    fn new_sink(&mut self) -> Sink {
        match self.header.own.take().map(|own| OwnRead::new(*own)) {
            Some(Ok(own)) => Sink::Own(Box::new(own)),
            Some(Err(why)) => {
                self.tally.diagnostics.note(format!("Weftscope's description was not used: {why}"));
                Sink::Foreign(Box::default())
            }
            None => Sink::Foreign(Box::default()),
        }
    }

    /// The array of events; a bare array may lack its end, as the format allows.
    fn events(&mut self, sink: &mut Sink, bare: bool) -> Result<(), ImportError> {
        self.seen_events = true;
        self.window.parse(|cursor| cursor.eat(b'[', "an array"))?;
        loop {
            match self.window.peek()? {
                None if bare => return self.no_closing_bracket(),
                Some(b']') => break,
                _ => self.event(sink)?,
            }
            match self.window.peek()? {
                None if bare => return self.no_closing_bracket(),
                Some(b',') => self.window.parse(|cursor| cursor.eat(b',', "a comma"))?,
                _ => break,
            }
        }
        Ok(self.window.parse(|cursor| cursor.eat(b']', "a comma or a closing bracket"))?)
    }

    fn no_closing_bracket(&mut self) -> Result<(), ImportError> {
        self.tally.diagnostics.note("the array of events has no closing bracket");
        Ok(())
    }

    fn event(&mut self, sink: &mut Sink) -> Result<(), ImportError> {
        let first = self.window.peek()?;
        let at = self.window.position();
        self.num_events += 1;
        let tally = &mut self.tally;
        let taken = self.window.parse(|cursor| {
            if first != Some(b'{') {
                cursor.value()?;
                tally.lost("elements that are no event", at);
                return Ok(());
            }
            let event = RawEvent::parse(cursor)?;
            let done = match sink {
                Sink::Own(own) => own.take(&event, at, tally),
                Sink::Foreign(collect) => collect.take(&event, at, tally),
            };
            done.map_err(|fault| match fault {
                // The arguments are whole as brackets go, so their end inside a value is damage.
                Fault::More => Fault::Bad { at: 0, wanted: "whole arguments" },
                bad @ Fault::Bad { .. } => bad,
            })
        });
        match taken {
            Err(error @ JsonError::NotJson { .. }) if first == Some(b'{') => {
                if self.window.skip_damaged().is_err() {
                    return Err(error.into());
                }
                self.tally.lost_where("events that are not valid JSON", || error.to_string());
                self.first_damage.get_or_insert(error.into());
                Ok(())
            }
            other => Ok(other?),
        }
    }
}
