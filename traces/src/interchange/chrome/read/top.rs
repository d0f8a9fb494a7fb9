//! The top level: documents one after another, and what stands in them beside the events.

use std::io::Read;

use super::events::Object;
use super::{At, Reader, resync};
use crate::interchange::chrome::event::EVENTS_KEY;
use crate::interchange::json::{Broken, Cursor, Fault, Value};

/// Longest value of the top level that is compared whole with one of the same name.
const MAX_TOLD_BYTES: usize = 4096;

/// What became of a pair of the top level.
enum Taken {
    Understood,
    NotUnderstood,
    /// The same was told before.
    Again,
    /// Another value of the same name was told before.
    Differs,
}

impl<R: Read> Reader<'_, '_, '_, R> {
    /// Between documents: what begins here.
    pub(super) fn document(&mut self) -> Result<At, Broken> {
        match self.window.peek()? {
            None => return Ok(At::End),
            Some(b'{') => return self.object(),
            Some(b'[') => {
                self.window.step();
                return Ok(self.begin_events());
            }
            // An ASCII record separator may stand before each of several documents.
            Some(b',' | 0x1e) => self.window.step(),
            Some(b']') if self.arrays_outside > 0 => {
                self.arrays_outside -= 1;
                self.window.step();
            }
            // Ends whose beginnings lie in damaged text.
            Some(b']' | b'}') if self.is_astray || self.in_object => {
                self.in_object = false;
                self.window.step();
            }
            Some(0) => {
                let zeros = self.window.skip_zeros()?;
                self.tally.diagnostics.remark("zero bytes beside the JSON", zeros);
            }
            // A byte order mark.
            Some(0xef) => self.window.parse(|cursor| {
                let wanted = "an object or an array";
                [0xef, 0xbb, 0xbf].into_iter().try_for_each(|byte| cursor.eat(byte, wanted))
            })?,
            Some(_) => {
                let wanted = "nothing after the end of the JSON";
                return self.window.parse(|_| Err(Fault::Bad { at: 0, wanted }));
            }
        }
        Ok(At::Document)
    }

    pub(super) fn begin_events(&mut self) -> At {
        self.seen_events = true;
        self.in_array = true;
        self.is_comma_due = false;
        At::Event
    }

    /// An object between documents: a document's beginning, or an event by itself.
    fn object(&mut self) -> Result<At, Broken> {
        let may_be_event = self.window.parse(|cursor| {
            cursor.eat(b'{', "an object")?;
            let may_be = match cursor.peek()? {
                b'}' => true,
                b'"' => resync::is_event_key(cursor.key()?.as_bytes()),
                _ => false,
            };
            cursor.pos = 0;
            Ok(may_be)
        })?;
        if may_be_event && self.event()? != Object::Document {
            return Ok(At::Document);
        }
        Ok(self.begin_document())
    }

    pub(super) fn begin_document(&mut self) -> At {
        self.window.step();
        self.in_object = true;
        self.arrays_outside += u32::from(self.in_array);
        self.in_array = false;
        At::Pair
    }

    /// A pair of a document and the comma behind it, or the document's end.
    pub(super) fn pair(&mut self) -> Result<At, Broken> {
        if self.window.peek()? == Some(b'}') {
            self.window.step();
            self.in_object = false;
            return Ok(At::Document);
        }
        let key = self.window.parse(|cursor| Ok(cursor.key()?.into_owned()))?;
        if key == EVENTS_KEY && self.window.peek()? == Some(b'[') {
            self.window.step();
            return Ok(self.begin_events());
        }
        self.take_pair(&key)?;
        self.after_pair()
    }

    pub(super) fn after_pair(&mut self) -> Result<At, Broken> {
        let another = |cursor: &mut Cursor<'_>| cursor.more(b'}', "a comma or the closing brace");
        if self.window.parse(another)? {
            return Ok(At::Pair);
        }
        self.in_object = false;
        Ok(At::Document)
    }

    fn take_pair(&mut self, key: &str) -> Result<(), Broken> {
        let at = self.window.position();
        let (beside, told) = (&mut self.beside, &mut self.told);
        let taken = self.window.parse(|cursor| {
            let value = cursor.value()?;
            let written = as_written(&value);
            if let Some(before) = told.get(key) {
                return Ok(if *before == written { Taken::Again } else { Taken::Differs });
            }
            told.insert(key.to_owned(), written.to_vec());
            Ok(if beside.take(key, value) { Taken::Understood } else { Taken::NotUnderstood })
        })?;
        match taken {
            Taken::Understood | Taken::Again => {}
            Taken::NotUnderstood => {
                self.tally.lost(&format!("top-level \"{key}\" not understood"), at);
            }
            Taken::Differs => self.tally.lost_where(
                "facts beside the events told twice and differently, the first are used",
                || format!("is \"{key}\" at byte {at}"),
            ),
        }
        if key == "weftscope" && self.sink.is_some() {
            let note = "Weftscope's description stands after the events and was not used";
            self.tally.diagnostics.note(note);
        }
        Ok(())
    }
}

/// A value's text, as far as it is worth comparing.
fn as_written<'a>(value: &'a Value<'_>) -> &'a [u8] {
    let text = match value {
        Value::Text(text) => text.as_bytes(),
        Value::Number(text) | Value::Word(text) => text.as_bytes(),
        Value::Nested(raw) => raw,
    };
    &text[..text.len().min(MAX_TOLD_BYTES)]
}
