//! Where reading goes on after damage: at the next place that looks like the beginning of an event or of a pair of
//! the top level.
//!
//! Nothing is trusted but the place where the damaged event began: neither its brackets, because an array that lost its
//! end takes in the events that follow, nor its quotes, because a string that lost its end swallows the beginning of
//! what follows. So the search begins one byte behind. What is tried again there lies within what was tried before, one
//! level deeper, and levels are limited: each byte is looked at a bounded number of times, however many events are
//! damaged.

use crate::interchange::chrome::event::EVENTS_KEY;

/// What begins at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landing {
    /// An event's opening brace.
    Event,
    /// The key of a pair beside the events.
    Pair,
}

/// Bytes that something may begin with.
pub(super) const FIRST_BYTES: [u8; 2] = *b"{\"";

/// Keys of the top level that stand nowhere else.
const TOP_KEYS: [&str; 8] = [
    EVENTS_KEY,
    "schemaVersion",
    "deviceProperties",
    "distributedInfo",
    "baseTimeNanoseconds",
    "displayTimeUnit",
    "traceName",
    "weftscope",
];

/// Keys that an event may begin with.
const EVENT_KEYS: [&str; 14] = [
    "ph", "name", "cat", "pid", "tid", "ts", "dur", "args", "id", "id2", "bind_id", "s", "bp",
    "tts",
];

/// What begins with the first byte of `ahead`; `before` is the last byte before it that is no blank.
pub(super) fn landing(before: u8, ahead: &[u8]) -> Option<Landing> {
    match ahead.first()? {
        b'{' => {
            let key = first_key(&ahead[1..])?;
            // A colon before the brace makes it a value within an event, unless that event broke off there.
            let begins = key == b"ph" || (before != b':' && is_event_key(key));
            begins.then_some(Landing::Event)
        }
        b'"' => {
            let key = first_key(ahead)?;
            let is_top = TOP_KEYS.iter().any(|top| top.as_bytes() == key);
            (is_top && before != b':').then_some(Landing::Pair)
        }
        _ => None,
    }
}

/// True for the name of a field that events have.
pub(super) fn is_event_key(key: &[u8]) -> bool {
    EVENT_KEYS.iter().any(|known| known.as_bytes() == key)
}

/// The key that a text begins with, blanks before it and before its colon allowed.
pub(super) fn first_key(text: &[u8]) -> Option<&[u8]> {
    let key = after_blanks(text).strip_prefix(b"\"")?;
    let (key, rest) = key.split_at(key.iter().position(|&byte| byte == b'"')?);
    after_blanks(&rest[1..]).starts_with(b":").then_some(key)
}

/// What follows the blanks that JSON has.
fn after_blanks(text: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
    let blanks = text.iter().take_while(|byte| is_blank(byte)).count();
    &text[blanks..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_and_pairs_are_told_from_what_lies_within_them() {
        let (event, pair) = (Some(Landing::Event), Some(Landing::Pair));
        for (before, ahead, expected) in [
            (b',', r#"{"ph": "X""#, event),
            (b'[', "{\n  \"name\" : \"a\"", event),
            (b'x', r#"{"ph":"X""#, event),
            (b':', r#"{"ph":"X""#, event),
            (b':', r#"{"id": 1}"#, None),
            (b',', r#"{"device": 1}"#, None),
            (b',', "{}", None),
            (b',', r#"{"ph" "X"}"#, None),
            (b',', r#""traceEvents": ["#, pair),
            (b'}', r#""distributedInfo" : {"#, pair),
            (b':', r#""traceEvents""#, None),
            (b',', r#""traceEvents", "#, None),
            (b',', r#""name": 1"#, None),
        ] {
            assert_eq!(landing(before, ahead.as_bytes()), expected, "{ahead}");
        }
    }
}
