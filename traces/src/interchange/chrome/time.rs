//! Decimal microseconds ↔ integer nanoseconds, without a float in between.
//!
//! Kineto writes epoch-like microseconds with three decimals (`4529887881674.150`): 16 significant digits, more
//! than an `f64` holds once the base time is added.

/// Nanoseconds of a JSON number of microseconds, rounded half away from zero; `None` when it does not fit.
pub(super) fn ns_from_us(text: &str) -> Option<i64> {
    plain_us(text.as_bytes()).or_else(|| scaled(text, 3))
}

/// The common form, `[-]digits[.up to three digits]` with at most 15 digits before the point, in 64-bit arithmetic.
fn plain_us(text: &[u8]) -> Option<i64> {
    let (sign, digits) = match text {
        [b'-', rest @ ..] => (-1, rest),
        _ => (1, text),
    };
    let mut ns: i64 = 0;
    let mut decimals = None;
    if digits.len() > 19 {
        return None;
    }
    for (at, &byte) in digits.iter().enumerate() {
        match byte {
            b'0'..=b'9' => ns = ns.checked_mul(10)?.checked_add(i64::from(byte - b'0'))?,
            b'.' if decimals.is_none() && (1..=15).contains(&at) => {
                decimals = Some(digits.len() - at - 1);
            }
            _ => return None,
        }
    }
    let unit = match decimals {
        None if digits.is_empty() => return None,
        None if digits.len() <= 15 => 1000,
        Some(0) => 1000,
        Some(1) => 100,
        Some(2) => 10,
        Some(3) => 1,
        _ => return None,
    };
    Some(sign * ns * unit)
}

/// The integer nearest to a decimal number times `10^shift`; `None` when it is no number or does not fit.
pub(super) fn scaled(text: &str, shift: i32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (mantissa, exponent) = match digits.find(['e', 'E']) {
        Some(at) => (&digits[..at], digits[at + 1..].parse::<i32>().ok()?),
        None => (digits, 0),
    };
    if !mantissa.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut value: i128 = 0;
    let mut decimals = 0;
    let mut after_point = false;
    for byte in mantissa.bytes() {
        match byte {
            b'0'..=b'9' => {
                // Past 30 digits only zeros or noise below a picosecond remain.
                if value < 10_i128.pow(30) {
                    value = value * 10 + i128::from(byte - b'0');
                    decimals += i32::from(after_point);
                } else if !after_point {
                    return None;
                }
            }
            b'.' if !after_point => after_point = true,
            _ => return None,
        }
    }
    let power = shift.checked_add(exponent)?.checked_sub(decimals)?;
    let value = if power >= 0 {
        if value == 0 {
            0
        } else {
            value.checked_mul(10_i128.checked_pow(power.unsigned_abs())?)?
        }
    } else {
        match 10_i128.checked_pow(power.unsigned_abs()) {
            Some(unit) => (value + unit / 2) / unit,
            None => 0,
        }
    };
    i64::try_from(if negative { -value } else { value }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microseconds_are_exact() {
        for (text, ns) in [
            ("4529887881674.150", 4_529_887_881_674_150),
            ("0", 0),
            ("-0.001", -1),
            ("1e3", 1_000_000),
            ("1.5E-3", 2),
            ("0.0004", 0),
            ("0.0005", 1),
            ("-0.0005", -1),
            ("12", 12_000),
            ("999999999999999.999", 999_999_999_999_999_999),
            ("-7.5", -7_500),
            ("3.", 3_000),
            (".5", 500),
            ("9007199254740993.001", 9_007_199_254_740_993_001),
            ("1700000000000000.1234567890123456789012345678901234567", 1_700_000_000_000_000_123),
            ("0e999999", 0),
            ("1e-400", 0),
        ] {
            assert_eq!(ns_from_us(text), Some(ns), "{text}");
        }
        for text in [
            "1e300",
            "99999999999999999999",
            "9999999999999999999",
            "1.2.3",
            "x",
            "-inf",
            "1e99999999999",
            "",
            "-",
            ".",
            "e5",
        ] {
            assert_eq!(ns_from_us(text), None, "{text}");
        }
    }
}
