use crate::model::{Kind, Label, Split};

/// What a stretch of time is coloured by: the kind gives the hue, the split its shade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Band {
    /// Hue.
    pub kind: Kind,
    /// Shade.
    pub split: Split,
}

impl Band {
    /// Number of bands: every kind in every split.
    pub const COUNT: usize = Kind::ALL.len() * NUM_SPLITS;

    /// Every band, by [`index`](Self::index): kinds in drawing order, within a kind whole, first, second.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT).map(Self::from_index)
    }

    /// The band of a label.
    pub fn of(label: &Label) -> Self {
        Self { kind: label.kind, split: label.split }
    }

    /// Position among all bands, `0..COUNT`.
    pub fn index(self) -> usize {
        self.kind as usize * NUM_SPLITS + self.split as usize
    }

    /// The band at `index`; indices past the end give the last one.
    pub const fn from_index(index: usize) -> Self {
        let index = if index < Self::COUNT { index } else { Self::COUNT - 1 };
        let split = match index % NUM_SPLITS {
            0 => Split::Whole,
            1 => Split::First,
            _ => Split::Second,
        };
        Self { kind: Kind::ALL[index / NUM_SPLITS], split }
    }
}

/// Whole, first, second.
const NUM_SPLITS: usize = 3;

/// The band of every label, so that inner loops read a byte instead of a label.
pub(super) fn bands_of_labels(labels: &[Label]) -> Vec<u8> {
    labels.iter().map(|label| Band::of(label).index() as u8).collect()
}

/// Busy time per band of some slices.
pub(super) type BandTimes = [i64; Band::COUNT];

/// The kind with the most time (the smaller on ties) and, within it, the split with the most (the smaller on ties);
/// `None` when no band has any.
pub(super) fn dominant(times: &BandTimes) -> Option<Band> {
    let kind_time = |kind: usize| times[kind * NUM_SPLITS..][..NUM_SPLITS].iter().sum::<i64>();
    let (kind, most) = (0..Kind::ALL.len()).map(|kind| (kind, kind_time(kind))).reduce(larger)?;
    if most <= 0 {
        return None;
    }
    let splits = (0..NUM_SPLITS).map(|split| (split, times[kind * NUM_SPLITS + split]));
    let (split, _) = splits.reduce(larger)?;
    Some(Band::from_index(kind * NUM_SPLITS + split))
}

/// The pair with the larger time, the first on ties.
fn larger(a: (usize, i64), b: (usize, i64)) -> (usize, i64) {
    if b.1 > a.1 { b } else { a }
}
