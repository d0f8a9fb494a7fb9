//! A pull tokenizer over a window of bytes.
//!
//! Zero-copy and restartable: when the window ends inside a value the caller gets [`Fault::More`], refills and
//! starts that value again. Strings are read leniently, because profilers write control characters, stray
//! backslashes and broken UTF-8 into kernel names; what was mended is counted in [`Cursor::mended`].

use std::borrow::Cow;

/// Why a value could not be read from the bytes at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The window ends inside the value.
    More,
    /// Not JSON: where in the window, and what was wanted.
    Bad { at: usize, wanted: &'static str },
}

/// One value; nested ones stay text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(&'a str),
    /// `true`, `false` or `null`.
    Word(&'static str),
    /// Array or object, as written.
    Nested(&'a [u8]),
}

/// A place in a window.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    pub(crate) pos: usize,
    /// Strings that needed mending.
    pub(crate) mended: u64,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, pos: 0, mended: 0 }
    }

    /// Next byte that is no blank, not consumed.
    pub(crate) fn peek(&mut self) -> Result<u8, Fault> {
        while let Some(&byte) = self.bytes.get(self.pos) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Ok(byte);
            }
            self.pos += 1;
        }
        Err(Fault::More)
    }

    /// Consumes `byte` after blanks.
    pub(crate) fn eat(&mut self, byte: u8, wanted: &'static str) -> Result<(), Fault> {
        if self.peek()? != byte {
            return self.bad(wanted);
        }
        self.pos += 1;
        Ok(())
    }

    /// After an element: true when another follows. A comma before the closing byte is tolerated.
    pub(crate) fn more(&mut self, close: u8, wanted: &'static str) -> Result<bool, Fault> {
        let mut byte = self.peek()?;
        if byte == b',' {
            self.pos += 1;
            byte = self.peek()?;
            if byte != close {
                return Ok(true);
            }
        }
        if byte != close {
            return self.bad(wanted);
        }
        self.pos += 1;
        Ok(false)
    }

    /// A key and its colon.
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek()? != b'"' {
            return self.bad("a key in quotes");
        }
        let key = self.string()?;
        self.eat(b':', "a colon after the key")?;
        Ok(key)
    }

    /// Any value.
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek()? {
            b'"' => Ok(Value::Text(self.string()?)),
            b'{' | b'[' => {
                let start = self.pos;
                self.skip_nested()?;
                Ok(Value::Nested(&self.bytes[start..self.pos]))
            }
            b'-' | b'0'..=b'9' => Ok(Value::Number(self.number()?)),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            // Python's writers put these where a number stands.
            b'N' => self.word("NaN"),
            b'I' => self.word("Infinity"),
            _ => self.bad("a value"),
        }
    }

    /// Skips an array or object by its brackets, strings respected.
    pub(crate) fn skip_nested(&mut self) -> Result<(), Fault> {
        let mut open = 0_u32;
        loop {
            match self.bytes.get(self.pos).ok_or(Fault::More)? {
                b'{' | b'[' => open += 1,
                b'}' | b']' => {
                    open -= 1;
                    if open == 0 {
                        self.pos += 1;
                        return Ok(());
                    }
                }
                b'"' => {
                    self.skip_string()?;
                    continue;
                }
                _ => {}
            }
            self.pos += 1;
        }
    }

    fn bad<T>(&self, wanted: &'static str) -> Result<T, Fault> {
        Err(Fault::Bad { at: self.pos, wanted })
    }

    fn word(&mut self, word: &'static str) -> Result<Value<'a>, Fault> {
        let rest = &self.bytes[self.pos..];
        if rest.len() < word.len() && word.as_bytes().starts_with(rest) {
            return Err(Fault::More);
        }
        if !rest.starts_with(word.as_bytes()) {
            return self.bad("a value");
        }
        self.pos += word.len();
        Ok(Value::Word(word))
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.pos;
        let rest = &self.bytes[start..];
        let len = rest
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'))
            .ok_or(Fault::More)?;
        self.pos += len;
        match std::str::from_utf8(&rest[..len]) {
            Ok(text) if text.bytes().any(|b| b.is_ascii_digit()) => Ok(text),
            // "-Infinity" begins like a number.
            _ if rest[len..].starts_with(b"Infinity") => {
                self.pos += "Infinity".len();
                Ok("-inf")
            }
            _ => Err(Fault::Bad { at: start, wanted: "a number" }),
        }
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        self.pos += 1;
        loop {
            match self.bytes.get(self.pos).ok_or(Fault::More)? {
                b'"' => {
                    self.pos += 1;
                    return Ok(());
                }
                b'\\' => self.pos += 2,
                _ => self.pos += 1,
            }
        }
    }

    /// A string; the cursor stands on its opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.pos + 1;
        let rest = self.bytes.get(start..).ok_or(Fault::More)?;
        let plain =
            rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20).ok_or(Fault::More)?;
        if rest[plain] == b'"'
            && let Ok(text) = std::str::from_utf8(&rest[..plain])
        {
            self.pos = start + plain + 1;
            return Ok(Cow::Borrowed(text));
        }
        self.skip_string()?;
        let raw = &self.bytes[start..self.pos - 1];
        let (text, clean) = unescape(raw);
        self.mended += u64::from(!clean);
        Ok(Cow::Owned(text))
    }
}

/// Decodes the inside of a string; false when something in it was not JSON and had to be mended.
fn unescape(raw: &[u8]) -> (String, bool) {
    let lossy = String::from_utf8_lossy(raw);
    let mut clean = matches!(lossy, Cow::Borrowed(_));
    let mut text = String::with_capacity(lossy.len());
    let mut chars = lossy.chars();
    while let Some(c) = chars.next() {
        if c < ' ' {
            clean = false;
            text.push(' ');
            continue;
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some(c @ ('"' | '\\' | '/')) => text.push(c),
            Some('u') => {
                let before = chars.clone();
                match unicode(&mut chars) {
                    Some(c) => text.push(c),
                    None => {
                        chars = before;
                        clean = false;
                        text.push('\u{fffd}');
                    }
                }
            }
            other => {
                clean = false;
                text.push('\\');
                text.extend(other);
            }
        }
    }
    (text, clean)
}

/// The character of a `\u` escape (or of a surrogate pair of them) whose `\u` is already read.
fn unicode(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let high = hex4(chars)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high);
    }
    if chars.next()? != '\\' || chars.next()? != 'u' {
        return None;
    }
    let low = hex4(chars)?;
    if !(0xdc00..0xe000).contains(&low) {
        return None;
    }
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
}

fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + chars.next()?.to_digit(16)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<Value<'_>, Fault> {
        Cursor::new(text.as_bytes()).value()
    }

    #[test]
    fn values() {
        assert_eq!(value("\"a b\""), Ok(Value::Text("a b".into())));
        assert_eq!(value(r#""a\"\u00e9\ud83d\ude00\n""#), Ok(Value::Text("a\"é😀\n".into())));
        assert_eq!(value("-1.5e3,"), Ok(Value::Number("-1.5e3")));
        assert_eq!(value("{\"a\": [\"}\", {}]} "), Ok(Value::Nested(b"{\"a\": [\"}\", {}]}")));
        assert_eq!(value("null"), Ok(Value::Word("null")));
        assert!(matches!(value("?"), Err(Fault::Bad { at: 0, .. })));
    }

    #[test]
    fn a_cut_value_asks_for_more_wherever_it_is_cut() {
        let text = r#"{"a": [1, "x\"y", {"b": true}], "c": -2.5} "#;
        for end in 0..text.len() - 1 {
            assert_eq!(value(&text[..end]), Err(Fault::More), "{}", &text[..end]);
        }
    }

    #[test]
    fn broken_strings_are_mended_and_counted() {
        for (raw, text) in [
            (&b"\"a\x01b\""[..], "a b"),
            (b"\"C:\\dir\"", "C:\\dir"),
            (b"\"\xff\"", "\u{fffd}"),
            (br#""\ud800x""#, "\u{fffd}d800x"),
        ] {
            let mut cursor = Cursor::new(raw);
            assert_eq!(cursor.value(), Ok(Value::Text(text.into())));
            assert_eq!(cursor.mended, 1);
        }
    }

    /// Oracle: serde_json reads the same strings.
    #[test]
    fn escapes_agree_with_serde_json() {
        for text in ["", "plain", "q\"q", "tab\t", "nul\u{0}", "é😀\u{2028}", "back\\slash/"] {
            let json = serde_json::to_string(text).expect("a string");
            let mut cursor = Cursor::new(json.as_bytes());
            assert_eq!(cursor.value(), Ok(Value::Text(text.into())));
            assert_eq!(cursor.mended, 0);
        }
    }
}
