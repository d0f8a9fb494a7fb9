//! Times of arrival as traces write them: seconds, or a date and a time of day.

/// Seconds of `12.5`, or since 1970 of `2023-11-16 18:15:46.6805900`, with `T` for the blank and an offset from UTC if it has one.
pub(super) fn seconds(text: &str) -> Option<f64> {
    if let Ok(seconds) = text.parse::<f64>() {
        return (seconds.is_finite() && seconds.abs() < 1e11).then_some(seconds);
    }
    let (date, time) = text.split_once(['T', ' '])?;
    let days = days_since_1970(&numbers(date, '-')?)?;
    let (time, offset_s) = without_offset(time)?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let [hours, minutes, seconds] = numbers(time, ':')?;
    let in_range = hours < 24 && minutes < 60 && seconds <= 60;
    let is_digits = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    let whole = days * 86_400 + hours * 3600 + minutes * 60 + seconds - offset_s;
    (in_range && is_digits).then_some(whole as f64 + fraction)
}

/// The time of day, and the seconds by which its zone is ahead of UTC.
fn without_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (time, offset) = time.split_at(at);
    let (sign, offset) = (if offset.starts_with('-') { -1 } else { 1 }, &offset[1..]);
    let (hours, minutes) = offset.split_once(':').unwrap_or((offset, "0"));
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours < 24 && minutes < 60).then_some((time, sign * (hours * 3600 + minutes * 60)))
}

fn numbers(text: &str, separator: char) -> Option<[i64; 3]> {
    let mut parts = text.split(separator);
    let mut next = || parts.next()?.parse::<u32>().ok().map(i64::from);
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some(numbers)
}

/// Days of the Gregorian calendar: years that begin in March have their leap day last (Howard Hinnant, "chrono-compatible
/// low-level date algorithms").
fn days_since_1970(&[year, month, day]: &[i64; 3]) -> Option<i64> {
    if !(1970..10_000).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds by `date -u -d … +%s`.
    #[test]
    fn dates_are_seconds_since_1970() {
        assert_eq!(seconds("1970-01-01 00:00:00"), Some(0.0));
        assert_eq!(seconds("2000-02-29T12:00:00Z"), Some(951_825_600.0));
        assert_eq!(seconds("2023-11-16 18:15:46.6805900"), Some(1_700_158_546.680_59));
        assert_eq!(seconds("2024-05-10 02:00:00.5+02:00"), Some(1_715_299_200.5));
        assert_eq!(seconds("2024-05-09 19:00:00-05"), Some(1_715_299_200.0));
        assert_eq!(seconds("5"), Some(5.0));
        assert_eq!(seconds("-0.25"), Some(-0.25));
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "nan",
            "inf",
            "1e300",
            "monday",
            "2023-13-01 00:00:00",
            "2023-11-16",
            "2023-11-16 25:00:00",
            "2023-11-16 18:15",
            "2023-11-16 18:15:46.",
            "2023-11-16 18:15:46.x",
            "2023-11-16-1 18:15:46",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
