//! Shares and sizes as people type them; times are in [`crate::times`].

use std::str::FromStr;

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::times::{Skew, Time};

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
