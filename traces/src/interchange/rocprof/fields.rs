//! Objects and arrays out of values that stand as text, read as leniently as all JSON here.

use crate::interchange::json::{Cursor, Fault, Value};

/// Hands every pair of an object to `each`; of what is no object, or not whole, those before the fault.
pub(super) fn pairs<'a>(raw: &'a [u8], mut each: impl FnMut(&str, Value<'a>)) -> Result<(), Fault> {
    let mut cursor = Cursor::whole(raw);
    cursor.eat(b'{', "an object")?;
    if cursor.peek()? == b'}' {
        return Ok(());
    }
    loop {
        let key = cursor.key()?;
        let value = cursor.value()?;
        each(&key, value);
        if !cursor.more(b'}', "a comma or the closing brace")? {
            return Ok(());
        }
    }
}

/// Hands every element of an array to `each`.
pub(super) fn elements<'a>(raw: &'a [u8], mut each: impl FnMut(Value<'a>)) -> Result<(), Fault> {
    let mut cursor = Cursor::whole(raw);
    cursor.eat(b'[', "an array")?;
    if cursor.peek()? == b']' {
        return Ok(());
    }
    loop {
        each(cursor.value()?);
        if !cursor.more(b']', "a comma or the closing bracket")? {
            return Ok(());
        }
    }
}

/// A whole number, also one in quotes; one beyond `i64` by its 64 bits, as ids are.
pub(super) fn int(value: &Value<'_>) -> Option<i64> {
    let text = match value {
        Value::Number(text) => text,
        Value::Text(text) => text.trim(),
        Value::Word(_) | Value::Nested(_) => return None,
    };
    let whole =
        |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    let unsigned = || text.parse::<u64>().ok().map(|number| number as i64);
    text.parse().ok().or_else(unsigned).or_else(|| whole(text.parse().ok()?))
}

/// A number of any kind.
pub(super) fn real(value: &Value<'_>) -> Option<f64> {
    match value {
        Value::Number(text) => text.parse().ok(),
        Value::Text(text) => text.trim().parse().ok(),
        Value::Word(_) | Value::Nested(_) => None,
    }
}

/// `{"handle": 7}`, or the number itself.
pub(super) fn handle(value: &Value<'_>) -> Option<i64> {
    let Value::Nested(raw) = value else { return int(value) };
    let mut found = None;
    pairs(raw, |key, value| {
        if key == "handle" {
            found = int(&value);
        }
    })
    .ok()?;
    found
}

/// A text that is not empty.
pub(super) fn text(value: Value<'_>) -> Option<String> {
    match value {
        Value::Text(text) if !text.is_empty() => Some(text.into_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_handles_in_any_form() {
        for (text, number) in [
            ("7", Some(7)),
            ("-7", Some(-7)),
            ("\" 12 \"", Some(12)),
            ("3.0", Some(3)),
            ("18446744073709551600", Some(-16)),
            ("{\"handle\": 37946}", Some(37_946)),
            ("{\"other\": 1}", None),
            ("1.5", None),
            ("nan", None),
            ("[]", None),
        ] {
            let value = Cursor::whole(text.as_bytes()).value().expect("a value");
            assert_eq!(handle(&value), number, "{text}");
        }
    }
}
