//! What some rows add up to, at a cost that follows the bands they have and not the bands there are.

use super::band::{Band, BandTimes, bands, dominant_of};

/// Length and row of the longest slice of some rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Longest {
    pub(super) len_ns: i64,
    pub(super) row: u32,
}

impl Longest {
    /// Nothing yet: shorter than any slice.
    pub(super) const NONE: Self = Self { len_ns: -1, row: u32::MAX };

    /// The longer of two, the first row on ties.
    pub(super) fn max(self, other: Self) -> Self {
        let wins =
            other.len_ns > self.len_ns || (other.len_ns == self.len_ns && other.row < self.row);
        if wins { other } else { self }
    }
}

/// Busy time per band and the longest row. Kept from fold to fold: clearing it costs what was added.
#[derive(Debug)]
pub(super) struct Sums {
    /// By [`Band::index`]; 0 where `present` does not say that there is more.
    times_ns: BandTimes,
    /// A bit a band that was met.
    present: u64,
    busy_ns: i64,
    longest: Longest,
}

// A bit a band.
const _: () = assert!(Band::COUNT <= u64::BITS as usize);

impl Sums {
    pub(super) fn new() -> Self {
        Self { times_ns: [0; Band::COUNT], present: 0, busy_ns: 0, longest: Longest::NONE }
    }

    /// Nothing was added.
    pub(super) fn clear(&mut self) {
        bands(self.present).for_each(|band| self.times_ns[band] = 0);
        (self.present, self.busy_ns, self.longest) = (0, 0, Longest::NONE);
    }

    /// Adds time of a band.
    #[inline]
    pub(super) fn add(&mut self, band: usize, len_ns: i64) {
        self.times_ns[band] += len_ns;
        self.present |= 1 << band;
        self.busy_ns += len_ns;
    }

    /// Adds a row; rows come in order.
    #[inline]
    pub(super) fn add_row(&mut self, band: usize, len_ns: i64, row: usize) {
        self.add(band, len_ns);
        let is_longer = len_ns > self.longest.len_ns;
        // Two values chosen: no branch, whose way nobody could foresee.
        self.longest.len_ns = if is_longer { len_ns } else { self.longest.len_ns };
        self.longest.row = if is_longer { row as u32 } else { self.longest.row };
    }

    /// Some row of those that were added may be this one.
    pub(super) fn may_be_longest(&mut self, other: Longest) {
        self.longest = self.longest.max(other);
    }

    /// Time of all bands.
    pub(super) fn busy_ns(&self) -> i64 {
        self.busy_ns
    }

    /// The longest row, the first on ties.
    pub(super) fn longest(&self) -> Longest {
        self.longest
    }

    /// The bands that were met, with their times.
    pub(super) fn bands(&self) -> impl Iterator<Item = (u8, i64)> + '_ {
        bands(self.present).map(|band| (band as u8, self.times_ns[band]))
    }

    /// The band with the most time; `None` when none has any.
    pub(super) fn dominant(&self) -> Option<Band> {
        if self.present.is_power_of_two() {
            // The common case of small folds.
            return (self.busy_ns > 0)
                .then(|| Band::from_index(self.present.trailing_zeros() as usize));
        }
        dominant_of(&self.times_ns, self.present)
    }
}
