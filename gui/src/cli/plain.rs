//! Standard output and error to which names out of files can be written: what would steer a terminal is shown instead.

use std::borrow::Cow;
use std::io::{self, StderrLock, StdoutLock, Write};

/// A writer whose control characters become visible ones; lines and tabs stay.
pub(super) struct Plain<W>(W);

/// Standard output for people.
pub(super) fn stdout() -> Plain<StdoutLock<'static>> {
    Plain(io::stdout().lock())
}

/// Standard error, of what a command says beside its answer.
pub(super) fn stderr() -> Plain<StderrLock<'static>> {
    Plain(io::stderr().lock())
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(plain(&String::from_utf8_lossy(bytes)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The text with every control character but line ends and tabs as the sign that Unicode has for it, or `�`; marks that
/// turn the direction of writing likewise.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let steers = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let shown = |c: char| match c as u32 {
        _ if !steers(c) => c,
        code @ 0..0x20 => char::from_u32(0x2400 + code).unwrap_or('\u{fffd}'),
        0x7f => '\u{2421}',
        _ => '\u{fffd}',
    };
    Cow::Owned(text.chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        let text = "a\u{1b}[31mred\u{9b}2J\u{7f}\u{202e}b\tc\n\r";
        assert_eq!(plain(text), "a␛[31mred\u{fffd}2J␡\u{fffd}b\tc\n␍");
        let mut out = Plain(Vec::new());
        write!(out, "{text} größer").expect("room");
        assert_eq!(out.0, "a␛[31mred\u{fffd}2J␡\u{fffd}b\tc\n␍ größer".as_bytes());
        assert!(matches!(plain("gemm"), Cow::Borrowed(_)));
    }
}
