//! The inside of a string of JSON, with whatever profilers put there.

use std::borrow::Cow;

/// Decodes the inside of a string; false when something in it was not JSON and had to be mended.
pub(super) fn unescape(raw: &[u8]) -> (String, bool) {
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
