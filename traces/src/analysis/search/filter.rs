//! What a word of a query narrows to.

use super::duration::Typed;
use crate::model::{Kind, Phase, Split, TrackKind};

/// Lengths of slices, ns, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Length {
    /// The shortest.
    pub least_ns: i64,
    /// The longest.
    pub most_ns: i64,
}

impl Length {
    /// Any length.
    pub const ANY: Self = Self { least_ns: 0, most_ns: i64::MAX };

    /// Lengths in both; none when they do not meet.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        let least_ns = self.least_ns.max(other.least_ns);
        Self { least_ns, most_ns: self.most_ns.min(other.most_ns) }
    }

    /// True when something this long is meant.
    pub fn contains(self, ns: i64) -> bool {
        (self.least_ns..=self.most_ns).contains(&ns)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    Layer(u32),
    Kind(Kind),
    Split(Split),
    Phase(Phase),
    Rank(u32),
    Rows(Rows),
    Length(Length),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    Sm,
    Inside,
    Stream,
    Host,
    All,
}

impl Rows {
    pub(super) fn accepts(self, kind: &TrackKind) -> bool {
        match self {
            Self::Sm => matches!(kind, TrackKind::Sm { .. }),
            Self::Inside => matches!(kind, TrackKind::Inside { .. }),
            Self::Stream => matches!(kind, TrackKind::Stream { .. }),
            Self::Host => matches!(kind, TrackKind::HostThread { .. }),
            Self::All => true,
        }
    }
}

/// A word as a filter.
pub(super) enum Understood {
    Filter(Filter),
    /// It begins as a filter does, and goes on otherwise than it should: what should stand there.
    Wrong(String),
    /// An ordinary word, such as `at::native`.
    Name,
}

impl Filter {
    /// Understands a lower-case word.
    pub(super) fn of_word(word: &str) -> Understood {
        if let Some(rest) = word.strip_prefix("dur")
            && rest.starts_with([':', '<', '>', '='])
        {
            return length(rest)
                .map_or_else(Understood::Wrong, |length| Understood::Filter(Self::Length(length)));
        }
        let Some((key, value)) = word.split_once(':') else { return Understood::Name };
        let filter = match key {
            "layer" => value.parse().ok().map(Self::Layer),
            "rank" => value.parse().ok().map(Self::Rank),
            // Its word in the legend too.
            "kind" => {
                let is_it = |kind: &Kind| {
                    [kind.name(), kind.words()].iter().any(|it| it.eq_ignore_ascii_case(value))
                };
                Kind::ALL.into_iter().find(is_it).map(Self::Kind)
            }
            "phase" => {
                let named = |phase: &Phase| phase.name().eq_ignore_ascii_case(value);
                Phase::ALL.into_iter().find(named).map(Self::Phase)
            }
            "split" => match value {
                "0" | "first" => Some(Self::Split(Split::First)),
                "1" | "second" => Some(Self::Split(Split::Second)),
                "whole" => Some(Self::Split(Split::Whole)),
                _ => None,
            },
            "in" => match value {
                "sm" => Some(Self::Rows(Rows::Sm)),
                "inside" => Some(Self::Rows(Rows::Inside)),
                "stream" => Some(Self::Rows(Rows::Stream)),
                "host" => Some(Self::Rows(Rows::Host)),
                "all" => Some(Self::Rows(Rows::All)),
                _ => None,
            },
            _ => return Understood::Name,
        };
        filter.map_or_else(|| Understood::Wrong(expected(key)), Understood::Filter)
    }

    pub(super) fn length(&self) -> Option<Length> {
        match self {
            Self::Length(length) => Some(*length),
            _ => None,
        }
    }
}

/// What should stand behind a key.
fn expected(key: &str) -> String {
    match key {
        "kind" => format!("one of {}", Kind::ALL.map(Kind::name).join(", ")),
        "phase" => format!("one of {}", Phase::ALL.map(Phase::name).join(", ")),
        "split" => "0, 1 or whole".to_owned(),
        "in" => "sm, inside, stream, host or all".to_owned(),
        _ => "a whole number from 0".to_owned(),
    }
}

/// What follows `dur`.
fn length(rest: &str) -> Result<Length, String> {
    let typed = |text: &str| {
        let units = "a number with its unit (ns, us, ms, s), as in 100us or 1.5ms";
        Typed::parse(text).ok_or_else(|| units.to_owned())
    };
    let least = |least_ns| Length { least_ns, ..Length::ANY };
    let most = |most_ns| Length { most_ns, ..Length::ANY };
    if let Some(text) = rest.strip_prefix(">=") {
        typed(text).map(|typed| least(typed.ceil_ns()))
    } else if let Some(text) = rest.strip_prefix("<=") {
        typed(text).map(|typed| most(typed.floor_ns()))
    } else if let Some(text) = rest.strip_prefix('>') {
        typed(text).map(|typed| least(typed.floor_ns().saturating_add(1)))
    } else if let Some(text) = rest.strip_prefix('<') {
        typed(text).map(|typed| most(typed.ceil_ns() - 1))
    } else if let Some((from, to)) = rest[1..].split_once("..") {
        // An end that is left open has no limit.
        let least_ns = if from.is_empty() { 0 } else { typed(from)?.ceil_ns() };
        let most_ns = if to.is_empty() { i64::MAX } else { typed(to)?.floor_ns() };
        if least_ns > most_ns {
            return Err("the shorter duration first".to_owned());
        }
        Ok(Length { least_ns, most_ns })
    } else {
        Err("a range such as 10us..50us, or < > <= >= and a duration".to_owned())
    }
}
