//! Seconds as days.

use web_time::SystemTime;

/// The time now, as [`utc`]; `None` on a computer whose clock stands before 1970.
pub(crate) fn now() -> Option<String> {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(utc(unix.as_secs()))
}

/// The same to the second, as `2026-11-27T06:50:04Z` (RFC 3339).
#[cfg(not(target_arch = "wasm32"))]
pub(crate) fn to_the_second() -> Option<String> {
    let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(rfc_3339(unix.as_secs()))
}

#[cfg(not(target_arch = "wasm32"))]
fn rfc_3339(unix_s: u64) -> String {
    let minute = utc(unix_s);
    let minute = minute.trim_end_matches(" UTC").replace(' ', "T");
    format!("{minute}:{:02}Z", unix_s % 60)
}

/// Today, as `2026-11-27`.
pub(crate) fn today() -> Option<String> {
    now()?.split_whitespace().next().map(str::to_owned)
}

/// Seconds since 1970 as a date of the Gregorian calendar, e.g. `2026-11-27 06:50 UTC`: days are counted in years that begin
/// in March, so that the leap day comes last (Hinnant, "chrono-compatible low-level date algorithms").
fn utc(unix_s: u64) -> String {
    let (days, minutes) = (unix_s / 86_400 + 719_468, unix_s % 86_400 / 60);
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let from_march = (5 * day + 2) / 153;
    let day = day - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02} UTC", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn today_is_a_day() {
        let (today, now) = (today().unwrap(), now().unwrap());
        assert!(today.len() == 10 && now.starts_with(&today[..8]), "{today} {now}");
    }

    /// As `date -u -d @SECONDS` has it: the first second, leap days of 2000 and 2024, both sides of a new year.
    #[test]
    fn seconds_are_dates() {
        for (unix_s, date) in [
            (0, "1970-01-01 00:00 UTC"),
            (951_782_400, "2000-02-29 00:00 UTC"),
            (1_709_251_199, "2024-02-29 23:59 UTC"),
            (1_709_251_200, "2024-03-01 00:00 UTC"),
            (1_798_761_599, "2026-12-31 23:59 UTC"),
            (1_798_761_600, "2027-01-01 00:00 UTC"),
        ] {
            assert_eq!(utc(unix_s), date);
        }
    }
}
