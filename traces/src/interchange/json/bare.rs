//! Scalars by their bytes: which are numbers of JSON, and how far reaches what is none.

/// Longest stretch that is taken for a value of no JSON form.
pub(super) const MAX_BYTES: usize = 1024;

/// True for a byte that no number and no word goes past.
pub(super) fn ends_token(byte: u8) -> bool {
    ENDS_TOKEN[byte as usize]
}

static ENDS_TOKEN: [bool; 256] = {
    let mut ends = [false; 256];
    let bytes = b",}] \n\t\r\"{[:";
    let mut at = 0;
    while at < bytes.len() {
        ends[bytes[at] as usize] = true;
        at += 1;
    }
    ends
};

/// Bytes of a number without an exponent and of what ends it; `None` for everything else, a number at the end of the
/// text among it.
#[inline]
pub(super) fn plain_number_len(text: &[u8]) -> Option<usize> {
    let digits_from = |from: usize| {
        let len = text[from..].iter().position(|byte| !byte.is_ascii_digit())?;
        Some(from + len)
    };
    let first = usize::from(text.first() == Some(&b'-'));
    let mut end = digits_from(first)?;
    if end == first || (end > first + 1 && text[first] == b'0') {
        return None;
    }
    if text[end] == b'.' {
        let decimals = end + 1;
        end = digits_from(decimals)?;
        if end == decimals {
            return None;
        }
    }
    ends_token(text[end]).then_some(end)
}

/// Exactly what JSON calls a number.
pub(super) fn is_number(token: &[u8]) -> bool {
    let unsigned = token.strip_prefix(b"-").unwrap_or(token);
    let (whole, rest) = digits(unsigned);
    if whole.is_empty() || (whole.len() > 1 && whole[0] == b'0') {
        return false;
    }
    let rest = match rest {
        [b'.', decimals @ ..] => match digits(decimals) {
            ([], _) => return false,
            (_, rest) => rest,
        },
        _ => rest,
    };
    match rest {
        [] => true,
        [b'e' | b'E', b'+' | b'-', exponent @ ..] | [b'e' | b'E', exponent @ ..] => {
            !exponent.is_empty() && exponent.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

fn digits(text: &[u8]) -> (&[u8], &[u8]) {
    let len = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(len)
}

/// See [`len`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Len {
    Known(usize),
    More,
    TooLong,
}

/// Bytes of what stands where a value should: up to the comma, bracket, quote or line end behind it.
///
/// Commas and brackets within parentheses or single quotes belong to it (`tensor([1, 2])`), unless those are not
/// closed on the same line.
pub(super) fn len(text: &[u8], is_whole: bool) -> Len {
    let mut first_end = None;
    let mut parentheses = 0_u32;
    let mut in_quotes = false;
    for (at, &byte) in text.iter().enumerate().take(MAX_BYTES) {
        match byte {
            b'\n' => return Len::Known(first_end.unwrap_or(at)),
            b'\'' if at == 0 || in_quotes => in_quotes = !in_quotes,
            b',' | b'}' | b']' | b'{' | b'[' | b'"' => {
                if parentheses == 0 && !in_quotes {
                    return Len::Known(at);
                }
                first_end.get_or_insert(at);
            }
            b'(' if !in_quotes => parentheses += 1,
            b')' if !in_quotes => parentheses = parentheses.saturating_sub(1),
            _ => {}
        }
    }
    match first_end {
        Some(end) if is_whole || text.len() >= MAX_BYTES => Len::Known(end),
        None if is_whole && text.len() < MAX_BYTES => Len::Known(text.len()),
        _ if text.len() >= MAX_BYTES => Len::TooLong,
        _ => Len::More,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Oracle: serde_json, which takes nothing but JSON.
    #[test]
    fn numbers_are_those_of_json() {
        let tokens = [
            "0",
            "-0",
            "7",
            "-12",
            "0.5",
            "1e3",
            "1E+3",
            "1.25e-7",
            "1e400",
            "18446744073709551616",
            "",
            "-",
            ".5",
            "5.",
            "+1",
            "01",
            "-01",
            "1e",
            "1e+",
            "1.2.3",
            "--1",
            "0x1f",
            "1_000",
            "nan",
            "-inf",
            "1e5x",
            "1.e5",
            "e5",
        ];
        let mut numbers = 0;
        for token in tokens {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(token).is_ok();
            assert_eq!(is_number(token.as_bytes()), is_json, "{token}");
            let plain = plain_number_len(format!("{token},").as_bytes());
            let is_plain = is_json && !token.contains(['e', 'E']);
            assert_eq!(plain, is_plain.then_some(token.len()), "{token}");
            numbers += usize::from(is_json);
        }
        assert_eq!(numbers, 10);
    }
}
