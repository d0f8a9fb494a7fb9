//! All that ran in a thousand columns, for the strip over the rows: worked out with the trace, not with a frame.

use weftscope_traces::{
    Span, Trace, TrackId,
    lod::{Band, LodItem, Pyramid, Ribbon},
};

/// The share of each band in equal parts of the whole trace: the mean of all ranks; without ranks, how busy the host
/// threads are.
#[derive(Clone, Debug)]
pub(super) struct Overview(Vec<[f32; Band::COUNT]>);

impl Default for Overview {
    fn default() -> Self {
        Self(vec![[0.0; Band::COUNT]; Self::COLUMNS])
    }
}

impl Overview {
    /// A column is two to three pixels of a wide screen.
    const COLUMNS: usize = 1024;

    /// One rank's.
    pub(super) fn of_rank(ribbon: &Ribbon, whole: Span) -> Self {
        let full = ribbon.basis().full_scale();
        let columns = ribbon.query(whole, Self::COLUMNS);
        Self(columns.iter().map(|column| column.share.map(|share| share / full)).collect())
    }

    /// The mean of several, which are not none.
    pub(super) fn mean(parts: &[Self]) -> Self {
        let mut mean = Self::default();
        for part in parts {
            for (sum, column) in mean.0.iter_mut().zip(&part.0) {
                for (sum, share) in sum.iter_mut().zip(column) {
                    *sum += share / parts.len() as f32;
                }
            }
        }
        mean
    }

    /// The share of each column's time in which outermost calls run, averaged over the host threads.
    pub(super) fn of_hosts(
        trace: &Trace,
        pyramid: &Pyramid,
        hosts: &[TrackId],
        whole: Span,
    ) -> Self {
        let mut overview = Self::default();
        let threads = hosts.len().max(1) as f32;
        let column_ns = (whole.len_ns() as f64 / Self::COLUMNS as f64).max(1.0);
        let mut items = Vec::new();
        for lane in hosts.iter().filter_map(|&host| trace.track(host).lanes.first()) {
            pyramid.query(trace, *lane, whole, column_ns as i64, &mut items);
            for item in &items {
                overview.add(item, whole.start_ns, column_ns, threads);
            }
        }
        overview
    }

    fn add(&mut self, item: &LodItem, start_ns: i64, column_ns: f64, threads: f32) {
        let band = Band { kind: item.kind, split: item.split }.index();
        let covers = item.busy_ns as f64 / item.span().len_ns().max(1) as f64;
        let at = |time_ns: i64| (time_ns - start_ns) as f64 / column_ns;
        let (from, to) = (at(item.start_ns), at(item.end_ns));
        for (index, column) in self.0.iter_mut().enumerate().skip(from as usize) {
            let share = to.min(index as f64 + 1.0) - from.max(index as f64);
            if share <= 0.0 {
                break;
            }
            column[band] += (share * covers) as f32 / threads;
        }
    }

    /// Its columns, from the start of the trace to its end.
    pub(super) fn columns(&self) -> &[[f32; Band::COUNT]] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weftscope_traces::{
        ArgsId, CounterSeries, Kind, Label, Meta, Provenance, TraceBuilder, TrackKind,
    };

    use super::*;
    use crate::timeline::TimelineData;

    /// The mean of the columns is the mean of the ribbons over all of the trace, whatever the columns are.
    #[test]
    fn columns_add_up_to_the_whole() {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let [gemm, comm] =
            [Kind::Gemm, Kind::Comm].map(|kind| builder.label(Label { kind, ..Label::default() }));
        for rank in 0..2 {
            for sm in 0..3 {
                let track = builder.track(None, "SM", TrackKind::Sm { rank, sm });
                let lane = builder.lane(track);
                for block in 0..40 + 10 * i64::from(rank) {
                    let start_ns = block * 7_001 + i64::from(sm) * 13;
                    let label = if block % 5 == 0 { comm } else { gemm };
                    let span = Span::new(start_ns, start_ns + 5_000 + block);
                    builder.push(lane, span, label, ArgsId::NONE, 0);
                }
            }
        }
        let data = TimelineData::new(Arc::new(builder.finish().unwrap()));
        let whole = data.overview_span();
        for band in Band::all() {
            let columns = data.overview.columns();
            let mean: f32 = columns.iter().map(|column| column[band.index()]).sum::<f32>()
                / columns.len() as f32;
            let ribbons = data.ribbons.iter();
            let expected: f32 = ribbons
                .map(|ribbon| {
                    let share = ribbon.mean_over(whole).share[band.index()];
                    share / ribbon.basis().full_scale() / 2.0
                })
                .sum();
            assert!((mean - expected).abs() < 1e-3, "{band:?}: {mean} {expected}");
        }
    }

    /// A counter sampled a second before a kernel of 100 µs: the kernel fills its stream all the same.
    #[test]
    fn samples_long_before_leave_room_for_what_ran() {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let gemm = builder.label(Label { kind: Kind::Gemm, ..Label::default() });
        let track = builder.track(None, "stream", TrackKind::Stream { rank: 0, stream: 0 });
        let lane = builder.lane(track);
        builder.push(lane, Span::new(0, 100_000), gemm, ArgsId::NONE, 0);
        builder.counter(CounterSeries {
            name: "HBM".into(),
            unit: "B/s".into(),
            rank: Some(0),
            at_ns: vec![-1_000_000_000, 50_000],
            value: vec![1.0, 2.0],
        });
        let data = TimelineData::new(Arc::new(builder.finish().unwrap()));
        assert!(data.whole_span().contains(-1_000_000_000), "it can be gone to");
        let busy = |column: &&[f32; Band::COUNT]| column.iter().any(|&share| share > 0.0);
        let count = data.overview.columns().iter().filter(busy).count();
        assert!(count as f32 >= 0.9 * Overview::COLUMNS as f32, "{count}");
    }
}
