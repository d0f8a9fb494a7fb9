//! Where the times of a trace come from, of the whole or of each rank.

use std::borrow::Cow;

use crate::words;
use serde::{Deserialize, Serialize};

/// Measured or computed, as far as it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Recorded on hardware.
    Measured,
    /// Computed by the simulator.
    Modelled,
    /// The file does not say.
    Unknown,
}

impl Origin {
    /// `measured`, `modelled` or `unknown`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Modelled => "modelled",
            Self::Unknown => "unknown",
        }
    }
}

/// Where the times come from. There is no default: whatever builds a trace must say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Provenance {
    /// Recorded on hardware.
    Measured {
        /// Recorder, e.g. `PyTorch profiler (CUPTI 13.0.1)`.
        source: String,
    },
    /// Computed by the simulator.
    Modelled {
        /// Simulator and machine file, e.g. `weftscope-engine 0.1.0, h100x8`.
        source: String,
    },
    /// The file does not say whether a clock or a model made them.
    Unknown {
        /// Who wrote it, e.g. `VizTracer 0.16.3`; empty when it does not say that either.
        source: String,
    },
    /// Of each rank by itself: files were merged that differ in this.
    PerRank {
        /// By rank.
        ranks: Vec<RankProvenance>,
    },
}

/// Where the times of one rank come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankProvenance {
    /// The rank; `None` for what belongs to no rank.
    pub rank: Option<u32>,
    /// Measured or computed.
    pub origin: Origin,
    /// Recorder or simulator; empty when not known.
    pub source: String,
}

impl Provenance {
    /// Of the whole, from what holds for each rank.
    pub(crate) fn of_ranks(mut ranks: Vec<RankProvenance>) -> Option<Self> {
        ranks.sort_by_key(|of| of.rank);
        let first = ranks.first()?;
        let alike = ranks.iter().all(|of| (of.origin, &of.source) == (first.origin, &first.source));
        Some(if alike {
            Self::of(first.origin, first.source.clone())
        } else {
            Self::PerRank { ranks }
        })
    }

    fn of(origin: Origin, source: String) -> Self {
        match origin {
            Origin::Measured => Self::Measured { source },
            Origin::Modelled => Self::Modelled { source },
            Origin::Unknown => Self::Unknown { source },
        }
    }

    /// What holds for all times; `None` when ranks differ in it.
    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::Measured { .. } => Some(Origin::Measured),
            Self::Modelled { .. } => Some(Origin::Modelled),
            Self::Unknown { .. } => Some(Origin::Unknown),
            Self::PerRank { ranks } => {
                let first = ranks.first()?.origin;
                ranks.iter().all(|of| of.origin == first).then_some(first)
            }
        }
    }

    /// `measured`, `modelled`, `unknown` or `mixed`.
    pub fn name(&self) -> &'static str {
        self.origin().map_or("mixed", Origin::name)
    }

    /// What a badge says: `measured`, `modelled`, `mixed`, `recorded by VizTracer 0.16.3` or `unknown origin`.
    pub fn badge(&self) -> String {
        let source = self.source();
        match self.origin() {
            Some(Origin::Unknown) if source.is_empty() => "unknown origin".to_owned(),
            Some(Origin::Unknown) => format!("recorded by {source}"),
            _ => self.name().to_owned(),
        }
    }

    /// What holds of the times, as the end of a sentence about them: `measured by PyTorch profiler`, `recorded by
    /// VizTracer 0.16.3, which does not say how`, `of unknown origin`.
    pub fn sentence(&self) -> String {
        let source = self.source();
        match self.origin() {
            Some(Origin::Unknown) if source.is_empty() => "of unknown origin".to_owned(),
            Some(Origin::Unknown) => format!("recorded by {source}, which does not say how"),
            _ => format!("{} by {source}", self.name()),
        }
    }

    /// The recorder or simulator; where ranks differ, each with its ranks, e.g. `CUPTI 13 (measured: rank 0),
    /// weftscope-engine 0.1.0 (modelled: ranks 1–3)`.
    pub fn source(&self) -> Cow<'_, str> {
        match self {
            Self::Measured { source } | Self::Modelled { source } | Self::Unknown { source } => {
                Cow::Borrowed(source)
            }
            Self::PerRank { ranks } => Cow::Owned(sources(ranks)),
        }
    }

    /// Rank by rank, where ranks differ; else empty.
    pub fn ranks(&self) -> &[RankProvenance] {
        match self {
            Self::PerRank { ranks } => ranks,
            _ => &[],
        }
    }

    /// What holds for one rank (`None`: for what belongs to none). Of a rank that [`Self::PerRank`] does not list, the
    /// whole.
    pub fn of_rank(&self, rank: Option<u32>) -> Self {
        let Self::PerRank { ranks } = self else { return self.clone() };
        match ranks.iter().find(|of| of.rank == rank) {
            Some(of) => Self::of(of.origin, of.source.clone()),
            None => self.clone(),
        }
    }

    /// What holds for each of `ranks`.
    pub(crate) fn split(&self, ranks: impl Iterator<Item = Option<u32>>) -> Vec<RankProvenance> {
        let of = |rank: Option<u32>| {
            let all = match self.of_rank(rank) {
                Self::Measured { source } => vec![(Origin::Measured, source)],
                Self::Modelled { source } => vec![(Origin::Modelled, source)],
                Self::Unknown { source } => vec![(Origin::Unknown, source)],
                Self::PerRank { ranks } => {
                    ranks.into_iter().map(|of| (of.origin, of.source)).collect()
                }
            };
            all.into_iter().map(move |(origin, source)| RankProvenance { rank, origin, source })
        };
        ranks.flat_map(of).collect()
    }

    /// Ranks numbered anew.
    pub(super) fn renumber(&mut self, new: impl Fn(u32) -> u32) {
        if let Self::PerRank { ranks } = self {
            for of in ranks.iter_mut() {
                of.rank = of.rank.map(&new);
            }
            ranks.sort_by_key(|of| of.rank);
        }
    }
}

/// Each recorder or simulator once, in order of the first rank that it tells of.
fn sources(ranks: &[RankProvenance]) -> String {
    let mixed = ranks.iter().any(|of| of.origin != ranks[0].origin);
    let mut grouped: Vec<(&RankProvenance, Vec<Option<u32>>)> = Vec::new();
    for of in ranks {
        let same = |(other, _): &&mut (&RankProvenance, _)| {
            (other.origin, &other.source) == (of.origin, &of.source)
        };
        match grouped.iter_mut().find(same) {
            Some((_, members)) => members.push(of.rank),
            None => grouped.push((of, vec![of.rank])),
        }
    }
    let each = grouped.into_iter().map(|(of, members)| {
        let which = in_words(&members);
        let source = if of.source.is_empty() { "not told" } else { &of.source };
        if mixed {
            format!("{source} ({}: {which})", of.origin.name())
        } else {
            format!("{source} ({which})")
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

/// `rank 0`, `ranks 0, 2–4`, `no rank`.
fn in_words(members: &[Option<u32>]) -> String {
    let ranks: Vec<u32> = members.iter().copied().flatten().collect();
    words::ranks(&ranks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rank: u32, origin: Origin, source: &str) -> RankProvenance {
        RankProvenance { rank: Some(rank), origin, source: source.to_owned() }
    }

    #[test]
    fn what_is_alike_is_told_once_and_what_differs_by_rank() {
        let (measured, modelled) = (Origin::Measured, Origin::Modelled);
        let alike = Provenance::of_ranks(vec![of(1, measured, "a"), of(0, measured, "a")]);
        assert_eq!(alike, Some(Provenance::Measured { source: "a".to_owned() }));
        let sources = vec![of(0, measured, "a"), of(1, measured, "b")];
        let sources = Provenance::of_ranks(sources).expect("two ranks");
        assert_eq!((sources.name(), &*sources.source()), ("measured", "a (rank 0), b (rank 1)"));
        let ranks = [4, 0, 2, 3].map(|rank| of(rank, modelled, "sim"));
        let ranks = ranks.into_iter().chain([of(1, measured, "a")]).collect();
        let mixed = Provenance::of_ranks(ranks).expect("five ranks");
        assert_eq!(mixed.origin(), None);
        assert_eq!(mixed.name(), "mixed");
        assert_eq!(mixed.source(), "sim (modelled: ranks 0, 2–4), a (measured: rank 1)");
        assert_eq!(mixed.of_rank(Some(1)).name(), "measured");
        assert_eq!(mixed.of_rank(Some(4)), Provenance::Modelled { source: "sim".to_owned() });
        assert_eq!(mixed.of_rank(None), mixed);
        assert_eq!(Provenance::of_ranks(Vec::new()), None);
        let half = Provenance::of_ranks(vec![of(0, measured, "a"), of(1, Origin::Unknown, "")]);
        let half = half.expect("two ranks");
        assert_eq!(
            (half.name(), &*half.source()),
            ("mixed", "a (measured: rank 0), not told (unknown: rank 1)")
        );
    }

    #[test]
    fn what_is_not_told_is_not_called_measured() {
        let told = |source: &str| {
            let provenance = Provenance::Unknown { source: source.to_owned() };
            (provenance.name(), provenance.badge(), provenance.sentence())
        };
        assert_eq!(told(""), ("unknown", "unknown origin".into(), "of unknown origin".into()));
        let (name, badge, sentence) = told("VizTracer 1");
        assert_eq!((name, badge.as_str()), ("unknown", "recorded by VizTracer 1"));
        assert_eq!(sentence, "recorded by VizTracer 1, which does not say how");
        let measured = Provenance::Measured { source: "CUPTI".to_owned() };
        assert_eq!(
            (measured.badge(), measured.sentence()),
            ("measured".into(), "measured by CUPTI".into())
        );
    }
}
