use crate::model::{Kind, Label, SliceTable, Split};

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
pub(crate) fn bands_of_labels(labels: &[Label]) -> Vec<u8> {
    labels.iter().map(|label| Band::of(label).index() as u8).collect()
}

/// Bands of rows.
#[derive(Clone, Copy)]
pub(super) struct Bands<'a> {
    /// Of every label that there was when the index was made.
    pub(super) of_label: &'a [u8],
    /// Every label.
    pub(super) labels: &'a [Label],
}

impl Bands<'_> {
    /// Index of the band of a row.
    #[inline]
    pub(super) fn of_row(&self, slices: &SliceTable, row: usize) -> usize {
        let label = slices.label[row].0 as usize;
        match self.of_label.get(label) {
            Some(&band) => usize::from(band),
            None => Band::of(&self.labels[label]).index(),
        }
    }
}

/// Busy time per band of some slices.
pub(super) type BandTimes = [i64; Band::COUNT];

/// The kind with the most time (the smaller on ties) and, within it, the split with the most (the smaller on ties);
/// `None` when no band has any.
pub(super) fn dominant(times: &BandTimes) -> Option<Band> {
    dominant_of(times, (1 << Band::COUNT) - 1)
}

/// The same where only the bands whose bits are set can have any; the others' times are 0.
pub(super) fn dominant_of(times: &BandTimes, present: u64) -> Option<Band> {
    let mut rest = present;
    let (mut most_ns, mut most) = (0, None);
    while rest != 0 {
        let first = rest.trailing_zeros() as usize / NUM_SPLITS * NUM_SPLITS;
        rest &= !(((1 << NUM_SPLITS) - 1) << first);
        let of_kind: &[i64] = &times[first..first + NUM_SPLITS];
        let kind_ns = of_kind.iter().sum();
        if kind_ns > most_ns {
            (most_ns, most) = (kind_ns, Some((first, of_kind)));
        }
    }
    let (first, of_kind) = most?;
    let larger =
        |most: usize, split: usize| if of_kind[split] > of_kind[most] { split } else { most };
    Some(Band::from_index(first + (1..NUM_SPLITS).fold(0, larger)))
}

/// The bits that are set, from below.
pub(crate) fn bands(mut bits: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let band = (bits != 0).then(|| bits.trailing_zeros() as usize)?;
        bits &= bits - 1;
        Some(band)
    })
}
