//! Times as people type them, on the command line and in addresses.

use std::str::FromStr;

/// A time with its unit, e.g. `1.2ms`; kept in whole nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    /// Nanoseconds.
    pub ns: i64,
}

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let unit_at = text.find(|c: char| c.is_alphabetic() || c == 'µ').unwrap_or(text.len());
        let (number, unit) = text.split_at(unit_at);
        let scale = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "" => return Err(format!("{text:?} has no unit; write for example 1.2ms")),
            _ => return Err(format!("unknown unit {unit:?}; known are ns, us, ms, s")),
        };
        let number: f64 = number.trim().parse().map_err(|_| format!("{number:?} is no number"))?;
        let ns = (number * scale).round();
        // 2^53 ns are 104 days; within them a float is exact.
        if !ns.is_finite() || ns.abs() > 9.0e15 {
            return Err(format!("{text:?} is out of range"));
        }
        Ok(Self { ns: ns as i64 })
    }
}

/// How late a rank starts each iteration: `RANK:TIME`, e.g. `3:50us`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// Which rank.
    pub rank: u32,
    /// How late.
    pub late: Time,
}

impl FromStr for Skew {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is no skew; write for example 3:50us");
        let (rank, late) = text.split_once(':').ok_or_else(form)?;
        Ok(Self { rank: rank.trim().parse().map_err(|_| form())?, late: late.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_need_units() {
        let ns = |text: &str| text.parse::<Time>().map(|time| time.ns);
        assert_eq!(ns("1.2ms"), Ok(1_200_000));
        assert_eq!(ns("0s"), Ok(0));
        assert_eq!(ns("-3 us"), Ok(-3_000));
        assert_eq!(ns("2.5µs"), Ok(2_500));
        assert!(ns("12").unwrap_err().contains("no unit"));
        assert!(ns("1h").unwrap_err().contains("unknown unit"));
        assert!(ns("x1ms").is_err() && ns("ms").is_err() && ns("1e300s").is_err());
    }
}
