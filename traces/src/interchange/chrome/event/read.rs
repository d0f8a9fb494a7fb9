//! One object of the array, step by step: what leads to a value, then the value.

use std::borrow::Cow;

use super::paths::{Field, Paths, START, Step};
use super::{EVENTS_KEY, RawEvent, text};
use crate::interchange::json::{Cursor, Fault, Value, compact};

/// What leads to the next value.
enum Lead<'a> {
    Step(Step, Cow<'a, str>),
    /// `{}`.
    Empty,
    /// The key of a list of events.
    Document,
}

impl<'a> RawEvent<'a> {
    /// Reads one object, which takes the place of the one before.
    pub(in crate::interchange::chrome) fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        paths: &mut Paths,
    ) -> Result<(), Fault> {
        self.clear();
        let mut place = START;
        loop {
            if let Some(known) = paths.follow(place, cursor.ahead()) {
                let (from, to) = known.key;
                let key = (cursor.pos + from as usize)..(cursor.pos + to as usize);
                place = known.place;
                cursor.pos += known.len;
                match known.step {
                    Step::Arg => {
                        let key = Cow::Borrowed(cursor.word_at(key));
                        self.argument(key, cursor)?;
                    }
                    Step::Field(field) => self.field(field, cursor.value()?),
                    Step::End => return Ok(()),
                    Step::OpenArgs => self.args.clear(),
                    Step::CloseArgs | Step::Start => {}
                }
                continue;
            }
            let start = cursor.pos;
            let (step, key) = match lead(paths.step(place), cursor)? {
                Lead::Step(step, key) => (step, key),
                Lead::Empty => {
                    self.is_empty = true;
                    return Ok(());
                }
                Lead::Document => {
                    self.is_document = true;
                    return Ok(());
                }
            };
            if step == Step::End {
                paths.remember(place, cursor.between(start), step, (0, 0));
                return Ok(());
            }
            // Blanks before a value belong to what leads to it.
            if matches!(step, Step::Field(_) | Step::Arg) {
                cursor.peek()?;
            }
            place = match &key {
                Cow::Borrowed(key) => {
                    let lead = cursor.between(start);
                    paths.remember(place, lead, step, place_of(key, lead))
                }
                // It had to be mended, and has to be again.
                Cow::Owned(_) => Paths::plain(step),
            };
            match step {
                Step::Arg => self.argument(key, cursor)?,
                Step::Field(field) => self.field(field, cursor.value()?),
                Step::OpenArgs => self.args.clear(),
                Step::CloseArgs | Step::Start | Step::End => {}
            }
        }
    }

    fn clear(&mut self) {
        let mut args = std::mem::take(&mut self.args);
        args.clear();
        *self = Self { args, ..Self::default() };
    }

    fn argument(&mut self, key: Cow<'a, str>, cursor: &mut Cursor<'a>) -> Result<(), Fault> {
        let bare = cursor.bare;
        let value = match cursor.value()? {
            // Something in it is no JSON, so it is no more than a text.
            Value::Nested(raw) if cursor.bare > bare => Value::Text(compact(raw).into()),
            value => value,
        };
        self.args.push((key, value));
        Ok(())
    }

    fn field(&mut self, field: Field, value: Value<'a>) {
        match field {
            Field::Phase => self.phase = first_byte(&value),
            Field::Scope => self.scope = first_byte(&value),
            Field::Name => self.name = text(value),
            Field::Category => self.category = text(value),
            Field::Pid => self.pid = Some(value),
            Field::Tid => self.tid = Some(value),
            Field::Ts => self.ts = Some(value),
            Field::Dur => self.dur = Some(value),
            Field::Id => self.id = Some(value),
            Field::Other => {}
        }
    }
}

/// Reads what leads to the next value, or to the end.
fn lead<'a>(behind: Step, cursor: &mut Cursor<'a>) -> Result<Lead<'a>, Fault> {
    let is_first = match behind {
        Step::Start => {
            cursor.eat(b'{', "an event object")?;
            if cursor.peek()? == b'}' {
                cursor.pos += 1;
                return Ok(Lead::Empty);
            }
            true
        }
        Step::OpenArgs => {
            if cursor.peek()? == b'}' {
                cursor.pos += 1;
                return Ok(Lead::Step(Step::CloseArgs, Cow::Borrowed("")));
            }
            true
        }
        Step::Field(_) | Step::Arg | Step::CloseArgs | Step::End => false,
    };
    let is_within = matches!(behind, Step::OpenArgs | Step::Arg);
    if !is_first {
        let (wanted, end) = match is_within {
            true => ("a comma or the closing bracket", Step::CloseArgs),
            false => ("a comma or the end of the event", Step::End),
        };
        if !cursor.more(b'}', wanted)? {
            return Ok(Lead::Step(end, Cow::Borrowed("")));
        }
    }
    let key = cursor.key()?;
    if is_within {
        return Ok(Lead::Step(Step::Arg, key));
    }
    if key == EVENTS_KEY {
        return Ok(Lead::Document);
    }
    if key == "args" && cursor.peek()? == b'{' {
        cursor.pos += 1;
        return Ok(Lead::Step(Step::OpenArgs, key));
    }
    Ok(Lead::Step(Step::Field(Field::of(&key)), key))
}

/// Where the first key of what leads to a value stands in it.
fn place_of(key: &str, lead: &[u8]) -> (u32, u32) {
    let from = lead.iter().position(|&byte| byte == b'"').map_or(0, |quote| quote + 1);
    (from as u32, (from + key.len()) as u32)
}

fn first_byte(value: &Value<'_>) -> u8 {
    match value {
        Value::Text(text) => text.bytes().next().unwrap_or(0),
        _ => 0,
    }
}
