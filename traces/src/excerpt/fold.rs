//! A long lane, in which neighbours too short to be told apart become one slice a band.

use super::Wanted;
use crate::{
    LabelId, SliceTable, Span,
    lod::{Band, bits},
};

/// A lane that is folded.
#[derive(Clone, Copy)]
pub(super) struct Folding<'a> {
    pub(super) slices: &'a SliceTable,
    /// Band of every label.
    pub(super) bands: &'a [u8],
    pub(super) wanted: &'a Wanted,
}

/// What becomes of it, in order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Folded {
    /// A slice as it is.
    Row(usize),
    /// What is busy of a stretch with one band: from when, and as long as all of its slices; the label is that of the longest.
    Several { span: Span, label: LabelId, count: u32 },
}

/// Slices of a stretch by band.
struct Stretch {
    bucket: (i64, i64),
    first: usize,
    count: usize,
    bands: [OfBand; Band::COUNT],
    /// A bit a band that was met.
    present: u64,
}

#[derive(Clone, Copy)]
struct OfBand {
    busy_ns: i64,
    count: u32,
    longest_ns: i64,
    label: LabelId,
}

impl OfBand {
    const NONE: Self = Self { busy_ns: 0, count: 0, longest_ns: 0, label: LabelId(0) };
}

impl Folding<'_> {
    /// Hands over what becomes of the lane, from its start to its end.
    pub(super) fn each(&self, mut take: impl FnMut(Folded)) {
        let slices = self.slices;
        let mut open: Option<Stretch> = None;
        for row in 0..slices.len() {
            let span = slices.span(row);
            if span.len_ns() >= self.wanted.resolution_at(span.start_ns) {
                self.close(open.take(), &mut take);
                take(Folded::Row(row));
                continue;
            }
            let bucket = self.wanted.bucket(span.start_ns);
            if open.as_ref().is_some_and(|stretch| stretch.bucket != bucket) {
                self.close(open.take(), &mut take);
            }
            let label = slices.label[row];
            let band = usize::from(self.bands[label.0 as usize]);
            open.get_or_insert_with(|| Stretch::new(bucket, row)).add(band, span, label);
        }
        self.close(open, &mut take);
    }

    /// Bands follow one another: they are disjoint, and end no later than the last slice does.
    fn close(&self, stretch: Option<Stretch>, take: &mut impl FnMut(Folded)) {
        let Some(stretch) = stretch else { return };
        if stretch.count == 1 {
            return take(Folded::Row(stretch.first));
        }
        let mut at_ns = self.slices.start_ns[stretch.first];
        for band in bits(stretch.present) {
            let OfBand { busy_ns, count, label, .. } = stretch.bands[band];
            let span = Span::new(at_ns, at_ns + busy_ns);
            take(Folded::Several { span, label, count });
            at_ns = span.end_ns;
        }
    }
}

impl Stretch {
    fn new(bucket: (i64, i64), first: usize) -> Self {
        Self { bucket, first, count: 0, bands: [OfBand::NONE; Band::COUNT], present: 0 }
    }

    fn add(&mut self, band: usize, span: Span, label: LabelId) {
        let of = &mut self.bands[band];
        if of.count == 0 || span.len_ns() > of.longest_ns {
            (of.longest_ns, of.label) = (span.len_ns(), label);
        }
        of.busy_ns += span.len_ns();
        of.count += 1;
        self.count += 1;
        self.present |= 1 << band;
    }
}
