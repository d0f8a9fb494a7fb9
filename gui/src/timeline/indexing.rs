//! What makes a trace quick to draw: the index of its slices, and each rank's ribbon.

use std::sync::Arc;

use weftscope_traces::{
    Kind, Span, Trace,
    lod::{Pyramid, Ribbon},
};

use super::{TimelineData, overview::Overview, phases::phase_marks};
use crate::jobs::spread;

/// One of the structures that drawing asks.
enum Index {
    Pyramid(Pyramid),
    Rank(OfRank),
}

/// What is drawn of a rank as a whole.
type OfRank = (Ribbon, Overview);

impl TimelineData {
    /// Indexes a trace for drawing, overlap and slack left open: pyramid, ribbons, flows. Seconds for tens of millions of
    /// slices, so off the UI thread; on all cores, the pyramid beside the ribbons.
    pub fn indexed(trace: Arc<Trace>) -> Self {
        let data = Self::rows(trace);
        let indexes = spread(data.ranks.len() + 1, |at| match at.checked_sub(1) {
            None => Index::Pyramid(Pyramid::build(&data.trace)),
            Some(rank) => Index::Rank(of_rank(&data, rank)),
        });
        let (mut whole, mut ranks) = (Pyramid::default(), Vec::new());
        for index in indexes {
            match index {
                Index::Pyramid(pyramid) => whole = pyramid,
                Index::Rank(rank) => ranks.push(rank),
            }
        }
        data.with(whole, ranks)
    }

    /// The same of a part of a trace, whose ribbons were made of all of it; those of ranks that it does not have count for nothing.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(crate) fn indexed_with(trace: Arc<Trace>, mut ribbons: Vec<(u32, Ribbon)>) -> Self {
        let data = Self::rows(trace);
        let pyramid = Pyramid::build(&data.trace);
        let mut ranks = Vec::new();
        for rows in &data.ranks {
            let at = ribbons.iter().position(|(rank, _)| *rank == rows.rank);
            let ribbon = match at {
                Some(at) => ribbons.swap_remove(at).1,
                None => Ribbon::build(&data.trace, rows.rank),
            };
            let overview = Overview::of_rank(&ribbon, data.overview_span());
            ranks.push((ribbon, overview));
        }
        data.with(pyramid, ranks)
    }

    fn with(mut self, pyramid: Pyramid, ranks: Vec<OfRank>) -> Self {
        let (ribbons, overviews): (Vec<Ribbon>, Vec<Overview>) = ranks.into_iter().unzip();
        self.pyramid = Arc::new(pyramid);
        self.ribbons = ribbons.into();
        self.overview = Arc::new(match &overviews[..] {
            [] => {
                let whole = self.overview_span();
                Overview::of_hosts(&self.trace, &self.pyramid, &self.hosts, whole)
            }
            ranks => Overview::mean(ranks),
        });
        self.comm_shares =
            self.ribbons.iter().map(|ribbon| comm_share(ribbon, self.gpu_span)).collect();
        self.phases = phase_marks(&self.trace, self.top_marks());
        self.iterations = iterations(&self);
        self
    }
}

/// The same piece by piece, where nothing may take long.
#[cfg(feature = "live")]
pub(crate) struct Indexing {
    data: TimelineData,
    pyramid: Pyramid,
    ranks: Vec<OfRank>,
}

#[cfg(feature = "live")]
impl Indexing {
    /// Slices of a piece; a rank's ribbon is one, and so is a lane however many it has.
    const PIECE: usize = 1 << 14;

    pub(crate) fn new(trace: Arc<Trace>) -> Self {
        let pyramid = Pyramid::empty(&trace);
        Self { data: TimelineData::rows(trace), pyramid, ranks: Vec::new() }
    }

    /// Makes a piece; true when that was the last.
    pub(crate) fn step(&mut self) -> bool {
        if !self.pyramid.grow(&self.data.trace, Self::PIECE) {
            return false;
        }
        if self.ranks.len() < self.data.ranks.len() {
            self.ranks.push(of_rank(&self.data, self.ranks.len()));
        }
        self.ranks.len() == self.data.ranks.len()
    }

    pub(crate) fn finish(self) -> TimelineData {
        self.data.with(self.pyramid, self.ranks)
    }
}

fn of_rank(data: &TimelineData, index: usize) -> OfRank {
    let ribbon = Ribbon::build(&data.trace, data.ranks[index].rank);
    let overview = Overview::of_rank(&ribbon, data.overview_span());
    (ribbon, overview)
}

fn iterations(data: &TimelineData) -> Vec<Span> {
    let Some(&lane) = data.mark_lanes().first() else { return Vec::new() };
    let slices = &data.trace.lane(lane).slices;
    (0..slices.len()).map(|index| slices.span(index)).collect()
}

/// The median over the columns that communicate, not the peak: one odd column must not pale all others.
fn comm_share(ribbon: &Ribbon, span: Span) -> f32 {
    const SAMPLES: usize = 512;
    let mut shares: Vec<f32> = ribbon
        .query(span, SAMPLES)
        .iter()
        .map(|column| column.kind(Kind::Comm) + column.kind(Kind::Wait))
        .filter(|&share| share > 0.0)
        .collect();
    shares.sort_by(f32::total_cmp);
    shares.get(shares.len() / 2).copied().unwrap_or(1.0).max(1e-6)
}
