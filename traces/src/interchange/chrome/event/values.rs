//! What the values of fields are: times, ids, texts; and arguments as the trace keeps them.

use std::borrow::Cow;

use crate::ArgStore;
use crate::interchange::chrome::time;
use crate::interchange::json::{Value, compact};
use crate::model::BorrowedValue;

/// A time field: a number of microseconds, or the same in quotes.
pub(in crate::interchange::chrome) fn ns(value: &Value<'_>) -> Option<i64> {
    match value {
        Value::Number(number) => time::ns_from_us(number),
        Value::Text(text) => time::ns_from_us(text.trim()),
        // `.5`, `+1`: no JSON, but no doubt either.
        Value::Word(word) => time::ns_from_us(word.strip_prefix('+').unwrap_or(word)),
        Value::Nested(_) => None,
    }
}

/// A whole number, or the same in quotes.
pub(in crate::interchange::chrome) fn int(value: &Value<'_>) -> Option<i64> {
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
pub(in crate::interchange::chrome) fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(text) => Some(text),
        Value::Number(number) => Some(Cow::Borrowed(number)),
        Value::Word("null" | "") => None,
        Value::Word(word) => Some(Cow::Borrowed(word)),
        Value::Nested(raw) => Some(Cow::Owned(compact(raw))),
    }
}

/// Stores an argument as the trace keeps it.
pub(in crate::interchange::chrome) fn store(args: &mut ArgStore, key: &str, value: &Value<'_>) {
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
