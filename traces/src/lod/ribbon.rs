use super::band::Band;
use super::ribbon_basis::RibbonBasis;
use super::ribbon_build::{self, UNITS};
use super::steps::Steps;
use crate::model::{Kind, Span, Split, Trace};

/// A folded rank: the share of its SMs by band over time.
///
/// Built once (one sort of the block edges), asked at any zoom at a cost that follows the number of columns.
#[derive(Clone, Debug)]
pub struct Ribbon {
    pub(super) basis: RibbonBasis,
    /// By [`Band::index`], in [`UNITS`] per SM.
    pub(super) bands: Vec<Steps>,
}

/// Mean share by band over one column of a ribbon.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RibbonColumn {
    /// By [`Band::index`].
    pub share: [f32; Band::COUNT],
}

impl Default for RibbonColumn {
    fn default() -> Self {
        Self { share: [0.0; Band::COUNT] }
    }
}

impl RibbonColumn {
    /// Share of a kind in one split.
    pub fn band(&self, kind: Kind, split: Split) -> f32 {
        self.share[Band { kind, split }.index()]
    }

    /// Share of a kind in all splits.
    pub fn kind(&self, kind: Kind) -> f32 {
        [Split::Whole, Split::First, Split::Second].map(|split| self.band(kind, split)).iter().sum()
    }

    /// Share of every kind, by position in [`Kind::ALL`].
    pub fn by_kind(&self) -> [f32; Kind::ALL.len()] {
        Kind::ALL.map(|kind| self.kind(kind))
    }

    /// Sum over all bands; idle is the [full scale](RibbonBasis::full_scale) less this.
    pub fn busy(&self) -> f32 {
        self.share.iter().sum()
    }
}

impl Ribbon {
    /// The ribbon of one rank: from its SM rows, or from its streams when it has none.
    pub fn build(trace: &Trace, rank: u32) -> Self {
        let (basis, bands) = ribbon_build::build(trace, rank);
        Self { basis, bands }
    }

    /// What the shares are shares of.
    pub fn basis(&self) -> RibbonBasis {
        self.basis
    }

    /// Mean share by band in `num_columns` equal parts of `window`.
    ///
    /// Column `k` covers `[start + ⌊k·len/n⌋, start + ⌊(k+1)·len/n⌋)`; when that is empty (more columns than
    /// nanoseconds) the one nanosecond at its start.
    pub fn query(&self, window: Span, num_columns: usize) -> Vec<RibbonColumn> {
        let edges: Vec<i64> = (0..=num_columns).map(|k| edge_ns(window, k, num_columns)).collect();
        // Each column's two ends one after the other, still ascending: an empty column's second end is only one
        // nanosecond on, where the next column's first may be before it, so those are asked apart.
        let is_fine = edges.windows(2).all(|pair| pair[0] < pair[1]);
        let mut columns = vec![RibbonColumn::default(); num_columns];
        for (band, steps) in self.bands.iter().enumerate().filter(|(_, steps)| !steps.is_empty()) {
            if is_fine {
                let mut before = 0;
                steps.integrals(&edges, |index, integral| {
                    if index > 0 {
                        let len_ns = edges[index] - edges[index - 1];
                        columns[index - 1].share[band] = self.mean(integral - before, len_ns);
                    }
                    before = integral;
                });
            } else {
                for (column, pair) in columns.iter_mut().zip(edges.windows(2)) {
                    let ends = [pair[0], pair[1].max(pair[0] + 1)];
                    let mut at = [0; 2];
                    steps.integrals(&ends, |index, integral| at[index] = integral);
                    column.share[band] = self.mean(at[1] - at[0], ends[1] - ends[0]);
                }
            }
        }
        columns
    }

    /// Mean over the whole window.
    pub fn mean_over(&self, window: Span) -> RibbonColumn {
        self.query(window, 1).pop().unwrap_or_default()
    }

    fn mean(&self, integral: i64, len_ns: i64) -> f32 {
        let whole = match self.basis {
            RibbonBasis::Sms { sms } => f64::from(UNITS) * f64::from(sms),
            RibbonBasis::Streams | RibbonBasis::Nothing => f64::from(UNITS),
        };
        (integral as f64 / (len_ns as f64 * whole)) as f32
    }
}

fn edge_ns(window: Span, k: usize, num_columns: usize) -> i64 {
    let offset = i128::from(window.len_ns()) * k as i128 / num_columns.max(1) as i128;
    // The offset is at most the window's length, which is an i64.
    window.start_ns + offset as i64
}
