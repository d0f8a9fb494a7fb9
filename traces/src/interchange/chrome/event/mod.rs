//! One element of `traceEvents`, its fields borrowed from the window.

mod paths;
mod read;
mod values;

use std::borrow::Cow;

use crate::interchange::json::Value;

pub(super) use paths::Paths;
pub(super) use values::{int, ns, store, text};

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
    /// The pairs of the `args` object, in order.
    pub(super) args: Vec<(Cow<'a, str>, Value<'a>)>,
    /// `{}`.
    pub(super) is_empty: bool,
    /// The object is no event but has a list of events; nothing after its name was read.
    pub(super) is_document: bool,
}

impl<'a> RawEvent<'a> {
    /// The argument called `key`.
    pub(super) fn arg(&self, key: &str) -> Option<&Value<'a>> {
        self.args.iter().find(|(k, _)| k == key).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interchange::json::Cursor;
    use crate::{ArgStore, ArgValue};

    #[test]
    fn fields_and_arguments() {
        let text = br#"{"ph": "X", "name": "k", "pid": "Spans", "ts": 1.5, "args": {"grid": [1, 2], "x": 1.0, "y": true, "z": 18446744073709551615}, "other": {}}"#;
        let mut event = RawEvent::default();
        event.read(&mut Cursor::new(text), &mut Paths::default()).expect("an event");
        assert_eq!(event.phase, b'X');
        assert_eq!(event.pid, Some(Value::Text("Spans".into())));
        let mut args = ArgStore::default();
        event.args.iter().for_each(|(k, v)| store(&mut args, k, v));
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
