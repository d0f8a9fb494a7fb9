//! Arrays of events, and events by themselves.

use std::io::Read;

use super::ahead::Ahead;
use super::stretch::EMPTY;
use super::{At, Reader, Sink};
use crate::interchange::chrome::event::RawEvent;
use crate::interchange::chrome::others::Beside;
use crate::interchange::chrome::own::OwnRead;
use crate::interchange::json::{Broken, Fault};
use crate::interchange::tally::Tally;

/// What an object turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    /// An event; it was taken, or counted why not.
    Event,
    /// `{}`.
    Empty,
    /// An object of something else.
    Other,
    /// An object with a list of events; nothing of it was consumed.
    Document,
}

impl<R: Read> Reader<'_, '_, '_, R> {
    /// An element of an array of events and what follows it, or the array's end.
    ///
    /// An array by itself may lack its end, as the format allows.
    pub(super) fn element(&mut self) -> Result<At, Broken> {
        while self.stretch()? {
            self.preview();
        }
        self.preview();
        match self.window.peek()? {
            None if self.in_object => return Err(Broken::Cut),
            None => {
                let remark = "arrays of events without a closing bracket, as the format allows";
                self.tally.diagnostics.remark(remark, 1);
                return Ok(At::End);
            }
            Some(b']') => {
                self.window.step();
                self.in_array = false;
                return if self.in_object { self.after_pair() } else { Ok(At::Document) };
            }
            Some(b',') => {
                self.window.step();
                self.is_comma_due = false;
            }
            Some(b'{') => {
                match self.event()? {
                    Object::Document => return Ok(self.begin_document()),
                    // What follows a piece of something is not the next event either.
                    Object::Other => return self.search(At::Event),
                    Object::Event | Object::Empty => {}
                }
                if self.is_comma_due {
                    self.tally.diagnostics.remark("events without a comma before them", 1);
                }
                self.is_comma_due = true;
            }
            Some(_) => self.no_event()?,
        }
        Ok(At::Event)
    }

    /// Takes in a stretch of events that was read by itself; `false` where the next is to be read here.
    fn stretch(&mut self) -> Result<bool, Broken> {
        let is_between = !self.is_astray && !self.is_comma_due;
        let Some(Sink::Others(others)) = self.sink.as_mut().filter(|_| is_between) else {
            return Ok(false);
        };
        let Some(stretch) = self.window.pass(Ahead::stretch)? else { return Ok(false) };
        others.append(stretch.events);
        self.tally.append(stretch.tally);
        self.num_events += stretch.num_events;
        self.is_comma_due = stretch.is_comma_due;
        Ok(stretch.taken > 0)
    }

    /// A value that is no object.
    fn no_event(&mut self) -> Result<(), Broken> {
        let at = self.window.position();
        self.window.parse(|cursor| {
            cursor.value()?;
            let ends = matches!(cursor.peek()?, b',' | b']');
            let is_value = ends && cursor.bare == 0;
            if is_value { Ok(()) } else { Err(Fault::Bad { at: 0, wanted: "an event" }) }
        })?;
        self.num_events += 1;
        self.tally.lost("elements that are no event", at);
        Ok(())
    }

    /// An object that is an event as far as its beginning tells.
    pub(super) fn event(&mut self) -> Result<Object, Broken> {
        let at = self.window.position();
        let Self { window, sink, beside, tally, paths, .. } = self;
        let must_have_phase = self.is_astray || !self.in_array;
        let object = window.parse(|cursor| {
            let mut event = RawEvent::default();
            event.read(cursor, paths)?;
            if event.is_document {
                (cursor.pos, cursor.mended, cursor.bare) = (0, 0, 0);
                return Ok(Object::Document);
            }
            if event.is_empty {
                return Ok(Object::Empty);
            }
            if event.phase == 0 && must_have_phase {
                return Ok(Object::Other);
            }
            let sink = sink.get_or_insert_with(|| new_sink(beside, tally));
            match sink {
                Sink::Own(own) => own.take(&event, at, tally),
                Sink::Others(others) => others.take(&event, at, tally),
            }
            Ok(Object::Event)
        })?;
        match object {
            Object::Document => {}
            Object::Event => {
                self.num_events += 1;
                self.seen_events = true;
                self.is_astray = false;
                if matches!(self.sink, Some(Sink::Others(_))) {
                    self.window.input_mut().switch_on();
                }
            }
            Object::Empty => self.tally.diagnostics.remark(EMPTY, 1),
            // A piece of a damaged event is told with that event.
            Object::Other if self.is_astray => {}
            Object::Other => self.tally.lost("objects beside the events that are no event", at),
        }
        Ok(object)
    }
}

fn new_sink(beside: &mut Beside, tally: &mut Tally) -> Sink {
    match beside.own.take().map(|own| OwnRead::new(*own)) {
        Some(Ok(own)) => Sink::Own(Box::new(own)),
        Some(Err(why)) => {
            tally.diagnostics.note(format!("Weftscope's description was not used: {why}"));
            Sink::Others(Box::default())
        }
        None => Sink::Others(Box::default()),
    }
}
