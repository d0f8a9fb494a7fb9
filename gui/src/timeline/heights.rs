use std::ops::RangeInclusive;

use super::row_kind::RowKind;

/// Rows that are as high as each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeightOf {
    /// Ribbons of ranks.
    Ribbon,
    /// Streams; the height is one lane's.
    Stream,
    /// Counters.
    Counter,
    /// Host threads and rows of the driver; the height is one depth's.
    Host,
    /// SMs.
    Sm,
}

impl HeightOf {
    /// What a row is as high as; headings have a height of their own.
    pub fn of(row: RowKind) -> Option<Self> {
        match row {
            RowKind::Rank(_) => Some(Self::Ribbon),
            RowKind::Stream(_) => Some(Self::Stream),
            RowKind::Counter(_) => Some(Self::Counter),
            RowKind::Host(_) => Some(Self::Host),
            RowKind::Sm(_) => Some(Self::Sm),
            RowKind::Sms(_) | RowKind::Inside(_) | RowKind::Hosts(_) | RowKind::Answer(_) => None,
        }
    }

    /// The least and the most in points: a name can be read, a shape can be seen.
    pub const fn limits(self) -> RangeInclusive<f32> {
        match self {
            Self::Ribbon => 24.0..=240.0,
            Self::Stream => 12.0..=96.0,
            Self::Counter => 12.0..=160.0,
            Self::Host => 11.0..=64.0,
            Self::Sm => 3.0..=16.0,
        }
    }
}

/// Heights of rows in points, on the 4-point grid while nobody has drawn them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RowHeights {
    /// A rank's ribbon; `None`: as high as there is room for.
    pub ribbon: Option<f32>,
    /// One lane of a stream.
    pub stream: f32,
    /// A counter.
    pub counter: f32,
    /// One depth of a host thread.
    pub host: f32,
    /// An SM.
    pub sm: f32,
}

impl Default for RowHeights {
    fn default() -> Self {
        Self { ribbon: None, stream: 20.0, counter: 20.0, host: 16.0, sm: 4.0 }
    }
}

impl RowHeights {
    /// Makes rows so high, within their limits.
    pub(super) fn set(&mut self, of: HeightOf, points: f32) {
        let limits = of.limits();
        let points = points.clamp(*limits.start(), *limits.end());
        match of {
            HeightOf::Ribbon => self.ribbon = Some(points),
            HeightOf::Stream => self.stream = points,
            HeightOf::Counter => self.counter = points,
            HeightOf::Host => self.host = points,
            HeightOf::Sm => self.sm = points,
        }
    }

    /// Makes rows as high as at first.
    pub(super) fn reset(&mut self, of: HeightOf) {
        let first = Self::default();
        match of {
            HeightOf::Ribbon => self.ribbon = first.ribbon,
            HeightOf::Stream => self.stream = first.stream,
            HeightOf::Counter => self.counter = first.counter,
            HeightOf::Host => self.host = first.host,
            HeightOf::Sm => self.sm = first.sm,
        }
    }
}
