//! Times and sizes as people type them.

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

/// A share of something, typed in percent: `3%`, `0.5 %`, `3`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// 0.03 of `3%`.
    pub share: f64,
}

impl FromStr for Share {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.trim().trim_end_matches('%').trim_end();
        let percent: f64 = number
            .parse()
            .map_err(|_| format!("{text:?} is no percentage; write for example 3%"))?;
        if !(0.0..=1e6).contains(&percent) {
            return Err(format!("{text:?} is out of range"));
        }
        Ok(Self { share: percent / 100.0 })
    }
}

/// A picture size, e.g. `1920x1080`, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

impl Size {
    const LEAST: u32 = 64;
    const MOST: u32 = 16_384;
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is no size; write for example 1920x1080");
        let (width, height) = text.split_once(['x', 'X', '×']).ok_or_else(form)?;
        let side = |text: &str| text.trim().parse::<u32>().map_err(|_| form());
        let (width, height) = (side(width)?, side(height)?);
        let fits = |side| (Self::LEAST..=Self::MOST).contains(&side);
        if !fits(width) || !fits(height) {
            return Err(format!(
                "{text:?} is out of range; each side must be {} to {} pixels",
                Self::LEAST,
                Self::MOST
            ));
        }
        Ok(Self { width, height })
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

    #[test]
    fn shares_are_percentages() {
        let share = |text: &str| text.parse::<Share>().map(|share| share.share);
        assert_eq!([share("3%"), share("0.5 %"), share("12")], [Ok(0.03), Ok(0.005), Ok(0.12)]);
        assert!(share("-1%").is_err() && share("x").is_err() && share("nan").is_err());
    }

    #[test]
    fn sizes_and_skews_have_their_form() {
        assert_eq!("1920x1080".parse(), Ok(Size { width: 1920, height: 1080 }));
        assert!("1920".parse::<Size>().is_err());
        assert!("0x10".parse::<Size>().is_err());
        assert!("99999999x100".parse::<Size>().is_err());
        assert_eq!("3:50us".parse(), Ok(Skew { rank: 3, late: Time { ns: 50_000 } }));
        assert!("3".parse::<Skew>().is_err() && "a:1us".parse::<Skew>().is_err());
    }
}
