//! A pull tokenizer over a window of bytes.
//!
//! Zero-copy and restartable: when the window ends inside a value the caller gets [`Fault::More`], refills and
//! starts that value again. Strings are read leniently, because profilers write control characters, stray
//! backslashes and broken UTF-8 into kernel names; what was mended is counted in [`Cursor::mended`]. So are values:
//! what stands where a number should and is none in JSON (`nan`, `-inf`, `.5`, `0x1f`, nothing at all) becomes a word
//! and is counted in [`Cursor::bare`]. The grammar around the values is not bent: where it does not hold, the text is
//! damaged there, and everything after that place belongs to whoever looks for the next whole piece.

use std::borrow::Cow;
use std::ops::Range;

use super::bare;
use super::string::unescape;

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
    /// `true`, `false` or `null`; or what is no JSON value, as written, empty where nothing is.
    Word(&'a str),
    /// Array or object, as written.
    Nested(&'a [u8]),
}

/// A place in a window.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    /// The same, where it is known to be text.
    text: Option<&'a str>,
    pub(crate) pos: usize,
    /// No bytes follow those of the window.
    is_whole: bool,
    /// Strings that needed mending.
    pub(crate) mended: u64,
    /// Values that are none in JSON, and where the first stands.
    pub(crate) bare: u64,
    pub(crate) first_bare: usize,
}

/// Deepest nesting of arrays and objects within one value.
const MAX_DEPTH: u32 = 64;

impl<'a> Cursor<'a> {
    /// A window that can be refilled.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, text: None, pos: 0, is_whole: false, mended: 0, bare: 0, first_bare: 0 }
    }

    /// A window that is known to be text.
    pub(crate) fn of_text(text: &'a str) -> Self {
        Self { text: Some(text), ..Self::new(text.as_bytes()) }
    }

    /// A value cut out of its text, nothing follows.
    pub(crate) fn whole(bytes: &'a [u8]) -> Self {
        Self { is_whole: true, ..Self::new(bytes) }
    }

    /// What is not consumed.
    pub(crate) fn ahead(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    /// What was consumed since a place.
    pub(crate) fn between(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.pos]
    }

    /// Next byte that is no blank, not consumed.
    #[inline]
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
    #[inline]
    pub(crate) fn key(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek()? != b'"' {
            return self.bad("a key in quotes");
        }
        let key = self.string()?;
        self.eat(b':', "a colon after the key")?;
        Ok(key)
    }

    /// Any value.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Value<'a>, Fault> {
        match self.peek()? {
            b'"' => Ok(Value::Text(self.string()?)),
            b'{' | b'[' => {
                let start = self.pos;
                self.skip_nested()?;
                Ok(Value::Nested(&self.bytes[start..self.pos]))
            }
            _ => self.scalar(),
        }
    }

    /// Passes over an array or object, which must be well-formed but for its values.
    fn skip_nested(&mut self) -> Result<(), Fault> {
        let mut open = Open::default();
        loop {
            let is_closed = match self.peek()? {
                first @ (b'{' | b'[') => {
                    if open.depth == MAX_DEPTH {
                        return self.bad("nesting of less than 64 levels");
                    }
                    self.pos += 1;
                    open.push(first == b'{');
                    self.peek()? == open.closing()
                }
                b'"' => {
                    self.skip_string()?;
                    self.after_value(&mut open)?
                }
                _ => {
                    self.scalar()?;
                    self.after_value(&mut open)?
                }
            };
            if is_closed {
                self.pos += 1;
                open.pop();
                while open.depth > 0 && self.after_value(&mut open)? {
                    self.pos += 1;
                    open.pop();
                }
            }
            if open.depth == 0 {
                return Ok(());
            }
            if open.closing() == b'}' {
                self.skip_key()?;
            }
        }
    }

    /// After a value: passes over the comma; true where the closing bracket stands.
    fn after_value(&mut self, open: &mut Open) -> Result<bool, Fault> {
        let close = open.closing();
        if self.more(close, "a comma or the closing bracket")? {
            return Ok(false);
        }
        self.pos -= 1;
        Ok(true)
    }

    fn skip_key(&mut self) -> Result<(), Fault> {
        if self.peek()? != b'"' {
            return self.bad("a key in quotes");
        }
        self.skip_string()?;
        self.eat(b':', "a colon after the key")
    }

    fn bad<T>(&self, wanted: &'static str) -> Result<T, Fault> {
        Err(Fault::Bad { at: self.pos, wanted })
    }

    /// A number, a word, or what stands in its place.
    fn scalar(&mut self) -> Result<Value<'a>, Fault> {
        let start = self.pos;
        let rest = &self.bytes[start..];
        if let Some(len) = bare::plain_number_len(rest) {
            self.pos += len;
            return Ok(Value::Number(self.word_at(start..self.pos)));
        }
        let len = match rest.iter().position(|&byte| bare::ends_token(byte)) {
            Some(len) => len,
            None if self.is_whole => rest.len(),
            None if rest.len() > bare::MAX_BYTES => return self.bad("a value"),
            None => return Err(Fault::More),
        };
        let token = &rest[..len];
        if bare::is_number(token) {
            self.pos += len;
            return Ok(Value::Number(self.word_at(start..self.pos)));
        }
        if matches!(token, b"true" | b"false" | b"null") {
            self.pos += len;
            return Ok(Value::Word(self.word_at(start..self.pos)));
        }
        let len = match bare::len(rest, self.is_whole) {
            bare::Len::Known(len) => len,
            bare::Len::More => return Err(Fault::More),
            bare::Len::TooLong => return self.bad("a value"),
        };
        if self.bare == 0 {
            self.first_bare = start;
        }
        self.bare += 1;
        self.pos += len;
        let word = rest[..len].trim_ascii_end().len();
        Ok(Value::Word(self.word_at(start..start + word)))
    }

    /// Bytes as text, where they are.
    fn text_at(&self, range: Range<usize>) -> Option<&'a str> {
        match self.text {
            Some(text) => text.get(range),
            None => std::str::from_utf8(&self.bytes[range]).ok(),
        }
    }

    /// Bytes of a bare word as text; what is no UTF-8 is not worth keeping.
    pub(crate) fn word_at(&self, range: Range<usize>) -> &'a str {
        self.text_at(range).unwrap_or("\u{fffd}")
    }

    fn skip_string(&mut self) -> Result<(), Fault> {
        self.pos += 1;
        loop {
            let rest = self.bytes.get(self.pos..).ok_or(Fault::More)?;
            let at = memchr::memchr2(b'"', b'\\', rest).ok_or(Fault::More)?;
            self.pos += at + 1;
            if rest[at] == b'"' {
                return Ok(());
            }
            self.pos += 1;
        }
    }

    /// A string; the cursor stands on its opening quote.
    #[inline]
    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let start = self.pos + 1;
        let rest = self.bytes.get(start..).ok_or(Fault::More)?;
        let plain = plain_len(rest).ok_or(Fault::More)?;
        if rest[plain] == b'"'
            && let Some(text) = self.text_at(start..start + plain)
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

/// Bytes before the first that ends a string or has to be looked at: a quote, a backslash, a control character.
fn plain_len(bytes: &[u8]) -> Option<usize> {
    let (eights, rest) = bytes.as_chunks::<8>();
    for (at, eight) in eights.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*eight));
        if special != 0 {
            return Some(8 * at + special.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|&byte| matches!(byte, b'"' | b'\\' | ..0x20))?;
    Some(bytes.len() - rest.len() + at)
}

/// The lowest bit that is set is the high bit of the first of eight bytes that is special.
fn special_bytes(eight: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A byte's high bit is set where the byte is less than n, rightly so up to the first such byte.
    let less = |bytes: u64, n: u64| bytes.wrapping_sub(ONES * n) & !bytes & (ONES << 7);
    let is = |byte: u8| less(eight ^ (ONES * u64::from(byte)), 1);
    less(eight, 0x20) | is(b'"') | is(b'\\')
}

/// Which brackets are open, innermost in the lowest bit: 1 for an object.
#[derive(Default)]
struct Open {
    objects: u64,
    depth: u32,
}

impl Open {
    fn push(&mut self, is_object: bool) {
        self.objects = self.objects << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn pop(&mut self) {
        self.objects >>= 1;
        self.depth -= 1;
    }

    fn closing(&self) -> u8 {
        if self.objects & 1 == 1 { b'}' } else { b']' }
    }
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
        assert_eq!(value("[[], [1, [2,],], {}]"), Ok(Value::Nested(b"[[], [1, [2,],], {}]")));
        assert_eq!(value("null "), Ok(Value::Word("null")));
    }

    #[test]
    fn a_cut_value_asks_for_more_wherever_it_is_cut() {
        let text = r#"{"a": [1, "x\"y", {"b": true}], "c": -2.5} "#;
        for end in 0..text.len() - 1 {
            assert_eq!(value(&text[..end]), Err(Fault::More), "{}", &text[..end]);
        }
    }

    #[test]
    fn what_is_no_value_is_a_word_and_counted() {
        for (text, word) in [
            ("nan,", "nan"),
            ("-inf}", "-inf"),
            ("NaN]", "NaN"),
            (".5,", ".5"),
            ("5.\n", "5."),
            ("+1 ,", "+1"),
            ("0x1f}", "0x1f"),
            ("01,", "01"),
            ("ncclFloat32, ", "ncclFloat32"),
            ("<object at 0x7f>}", "<object at 0x7f>"),
            ("tensor([1, 2], device='x')}", "tensor([1, 2], device='x')"),
            ("'a, b'}", "'a, b'"),
            ("foo(1, 2\n}", "foo(1"),
            (",", ""),
            ("}", ""),
            ("nullable,", "nullable"),
        ] {
            let mut cursor = Cursor::new(text.as_bytes());
            assert_eq!(cursor.value(), Ok(Value::Word(word)), "{text}");
            assert_eq!(cursor.bare, 1, "{text}");
        }
        let text = r#"{"a": [nan, 1, .5], "b": , "c": inf}"#;
        let mut cursor = Cursor::new(text.as_bytes());
        assert_eq!(cursor.value(), Ok(Value::Nested(text.as_bytes())));
        assert_eq!((cursor.bare, cursor.first_bare), (4, 7));
    }

    /// Damage is met where it is, not at the end of the text.
    #[test]
    fn brackets_that_do_not_fit_are_found_where_they_stand() {
        for (text, at) in [
            (r#"{"a": [1, 2}, {"#, 11),
            (r#"{"a": {"b": 1, {"ph""#, 15),
            (r#"{"a" 1}"#, 5),
            (r#"{"a": "b "c" d"}"#, 10),
            (r#"["a" "b"]"#, 5),
        ] {
            let Err(Fault::Bad { at: found, .. }) = value(text) else { panic!("{text}") };
            assert_eq!(found, at, "{text}");
        }
        let deep = "[".repeat(1000);
        assert!(matches!(value(&deep), Err(Fault::Bad { at: 64, .. })));
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

    /// Oracle: one byte after another.
    #[test]
    fn what_is_special_in_a_string_is_found() {
        for n in 0..20_000_u64 {
            let mut hash = n;
            let bytes: Vec<u8> = (0..n % 40)
                .map(|_| {
                    hash = hash.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n | 1);
                    let byte = (hash >> 56) as u8;
                    if n % 3 == 0 && byte < 0x30 { byte | 0x80 } else { byte }
                })
                .collect();
            let first = bytes.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20);
            assert_eq!(plain_len(&bytes), first, "{bytes:?}");
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
