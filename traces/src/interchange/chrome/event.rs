//! One element of `traceEvents`, its fields borrowed from the window.

use std::borrow::Cow;

use super::time;
use crate::ArgStore;
use crate::interchange::json::{Cursor, Fault, Value, compact};
use crate::model::BorrowedValue;

/// The key of the list of events.
pub(super) const EVENTS_KEY: &str = "traceEvents";

/// An event as written; nothing judged yet.
#[derive(Debug, Default)]
pub(super) struct RawEvent<'a> {
    /// First byte of `ph`, 0 without one.
    pub(super) phase: u8,
    /// First byte of `s` (scope of an instant), 0 without one.
    pub(super) scope: u8,
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) category: Option<Cow<'a, str>>,
    pub(super) pid: Option<Value<'a>>,
    pub(super) tid: Option<Value<'a>>,
    pub(super) ts: Option<Value<'a>>,
    pub(super) dur: Option<Value<'a>>,
    pub(super) id: Option<Value<'a>>,
    /// The `args` object as written.
    args: &'a [u8],
    /// `{}`.
    pub(super) is_empty: bool,
    /// The object is no event but has a list of events; nothing after its name was read.
    pub(super) is_document: bool,
}

impl<'a> RawEvent<'a> {
    /// Reads one object.
    pub(super) fn parse(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let mut event = Self::default();
        cursor.eat(b'{', "an event object")?;
        if cursor.peek()? == b'}' {
            cursor.pos += 1;
            event.is_empty = true;
            return Ok(event);
        }
        loop {
            let key = cursor.key()?;
            if key == EVENTS_KEY {
                event.is_document = true;
                return Ok(event);
            }
            let value = cursor.value()?;
            match key.as_ref() {
                "ph" => event.phase = first_byte(&value),
                "s" => event.scope = first_byte(&value),
                "name" => event.name = text(value),
                "cat" => event.category = text(value),
                "pid" => event.pid = Some(value),
                "tid" => event.tid = Some(value),
                "ts" => event.ts = Some(value),
                "dur" => event.dur = Some(value),
                "id" | "id2" | "bind_id" => event.id = Some(value),
                "args" => {
                    if let Value::Nested(raw @ [b'{', ..]) = value {
                        event.args = raw;
                    }
                }
                _ => {}
            }
            if !cursor.more(b'}', "a comma or the end of the event")? {
                return Ok(event);
            }
        }
    }

    /// Every argument in order; `Err` when the object is damaged.
    pub(super) fn for_each_arg(
        &self,
        mut visit: impl FnMut(Cow<'a, str>, Value<'a>),
    ) -> Result<(), Fault> {
        let mut cursor = Cursor::whole(self.args);
        if self.args.is_empty() {
            return Ok(());
        }
        cursor.eat(b'{', "arguments")?;
        if cursor.peek()? == b'}' {
            return Ok(());
        }
        loop {
            let key = cursor.key()?;
            let bare = cursor.bare;
            let value = match cursor.value()? {
                // Something in it is no JSON, so it is no more than a text.
                Value::Nested(raw) if cursor.bare > bare => Value::Text(compact(raw).into()),
                value => value,
            };
            visit(key, value);
            if !cursor.more(b'}', "a comma or the end of the arguments")? {
                return Ok(());
            }
        }
    }

    /// The argument called `key`.
    pub(super) fn arg(&self, key: &str) -> Option<Value<'a>> {
        let mut found = None;
        self.for_each_arg(|k, value| {
            if k == key && found.is_none() {
                found = Some(value);
            }
        })
        .ok()?;
        found
    }
}

/// A time field: a number of microseconds, or the same in quotes.
pub(super) fn ns(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => time::ns_from_us(number),
        Value::Text(text) => time::ns_from_us(text.trim()),
        // `.5`, `+1`: no JSON, but no doubt either.
        Value::Word(word) => time::ns_from_us(word.strip_prefix('+').unwrap_or(word)),
        Value::Nested(_) => None,
    }
}

/// A whole number, or the same in quotes.
pub(super) fn int(value: &Value<'_>) -> Option<i64> {
    let text = match value {
        Value::Number(number) => number,
        Value::Text(text) => text.trim(),
        Value::Word(word) => match word.strip_prefix("0x") {
            Some(digits) => return i64::from_str_radix(digits, 16).ok(),
            None => word,
        },
        Value::Nested(_) => return None,
    };
    text.parse().ok().or_else(|| time::scaled(text, 0).filter(|_| text.contains(['.', 'e', 'E'])))
}

/// A string as such, anything else as its JSON text.
pub(super) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(text),
        Value::Number(number) => Some(Cow::Borrowed(number)),
        Value::Word("null" | "") => None,
        Value::Word(word) => Some(Cow::Borrowed(word)),
        Value::Nested(raw) => Some(Cow::Owned(compact(raw))),
    }
}

/// Stores an argument as the trace keeps it.
pub(super) fn store(args: &mut ArgStore, key: &str, value: &Value<'_>) {
    let value = match value {
        Value::Number(number) => match number.parse::<i64>() {
            Ok(int) => BorrowedValue::Int(int),
            Err(_) => match number.parse::<f64>() {
                Ok(float) if float.is_finite() && number.contains(['.', 'e', 'E']) => {
                    BorrowedValue::Float(float)
                }
                // A number too big for i64 or f64 stays exact as it is written.
                _ => BorrowedValue::Json(number),
            },
        },
        Value::Text(text) => BorrowedValue::Text(text),
        // Nothing stands there.
        Value::Word("") => return,
        Value::Word(word @ ("true" | "false" | "null")) => BorrowedValue::Json(word),
        Value::Word(word) => BorrowedValue::Text(word),
        Value::Nested(raw) => return args.add(key, BorrowedValue::Json(&compact(raw))),
    };
    args.add(key, value);
}

fn first_byte(value: &Value<'_>) -> u8 {
    match value {
        Value::Text(text) => text.bytes().next().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ArgValue;

    #[test]
    fn fields_and_arguments() {
        let text = br#"{"ph": "X", "name": "k", "pid": "Spans", "ts": 1.5, "args": {"grid": [1, 2], "x": 1.0, "y": true, "z": 18446744073709551615}, "other": {}}"#;
        let event = RawEvent::parse(&mut Cursor::new(text)).expect("an event");
        assert_eq!(event.phase, b'X');
        assert_eq!(event.pid, Some(Value::Text("Spans".into())));
        let mut args = ArgStore::default();
        event.for_each_arg(|k, v| store(&mut args, &k, &v)).expect("whole");
        let row = args.end_row();
        let expected = [
            ("grid", ArgValue::Json("[1,2]".into())),
            ("x", ArgValue::Float(1.0)),
            ("y", ArgValue::Json("true".into())),
            ("z", ArgValue::Json("18446744073709551615".into())),
        ];
        assert_eq!(args.get(row), expected.map(|(k, v)| (k.to_owned(), v)));
    }

    #[test]
    fn ids_may_be_floats_or_quoted() {
        assert_eq!(int(&Value::Number("7")), Some(7));
        assert_eq!(int(&Value::Number("7.0")), Some(7));
        assert_eq!(int(&Value::Text("-1".into())), Some(-1));
        assert_eq!(int(&Value::Text("Spans".into())), None);
    }
}
