//! Which views of several servers go together: those that end nearest to one moment.

use std::{collections::VecDeque, sync::Arc};

use weftscope_traces::Trace;

/// Views of a server that are kept: its link may be ahead of another's by so many.
const KEPT: usize = 8;
/// A server that has told nothing for so much longer than another is not waited for, ns.
const SILENT_NS: i64 = 2_000_000_000;

/// The last views of each server.
#[derive(Debug)]
pub(super) struct Views(Vec<VecDeque<View>>);

#[derive(Debug)]
struct View {
    trace: Arc<Trace>,
    /// Unix time.
    end_ns: i64,
}

impl Views {
    /// Of so many servers, none yet.
    pub(super) fn of(servers: usize) -> Self {
        Self((0..servers).map(|_| VecDeque::new()).collect())
    }

    /// Another of this server.
    pub(super) fn take(&mut self, server: usize, trace: Arc<Trace>) {
        let views = &mut self.0[server];
        if views.len() == KEPT {
            views.pop_front();
        }
        let end_ns = trace.meta.base_time_unix_ns.saturating_add(trace.span().end_ns);
        views.push_back(View { trace, end_ns });
    }

    /// Nothing more comes of this server, and others go on.
    pub(super) fn forget(&mut self, server: usize) {
        self.0[server].clear();
    }

    /// Views of one stretch of time, one a server, in order of the servers: as late as all of those have told that have told lately. Empty
    /// before the first.
    pub(super) fn together(&self) -> Vec<Arc<Trace>> {
        let last_ns = |views: &VecDeque<View>| views.back().map(|view| view.end_ns);
        let Some(newest_ns) = self.0.iter().filter_map(last_ns).max() else { return Vec::new() };
        let is_heard = |end_ns: &i64| newest_ns.saturating_sub(*end_ns) <= SILENT_NS;
        let moment_ns = self.0.iter().filter_map(last_ns).filter(is_heard).min();
        let moment_ns = moment_ns.unwrap_or(newest_ns);
        let nearest = |views: &VecDeque<View>| {
            let heard = views.iter().filter(|view| is_heard(&view.end_ns));
            let view = heard.min_by_key(|view| view.end_ns.abs_diff(moment_ns))?;
            Some(Arc::clone(&view.trace))
        };
        self.0.iter().filter_map(nearest).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use weftscope_traces::{
        ArgsId, Label, Meta, Provenance, Span, TraceBuilder, TrackKind, model::RankInfo,
    };

    use super::*;

    /// A view of a tenth of a second that ends at this Unix time, ms.
    pub(in super::super) fn view(rank: u32, end_ms: i64) -> Arc<Trace> {
        let mut meta = Meta::new("made", Provenance::Measured { source: "test".to_owned() });
        // Not before 1970: 0 stands for unknown.
        meta.base_time_unix_ns = 1_000_000_000 * i64::from(rank + 1);
        meta.ranks.push(RankInfo { rank, ..RankInfo::default() });
        let base_ns = meta.base_time_unix_ns;
        let mut builder = TraceBuilder::new(meta);
        let label = builder.label(Label { name: "gemm".to_owned(), ..Label::default() });
        let stream = TrackKind::Stream { rank, stream: 7 };
        let track = builder.track(None, "stream 7".to_owned(), stream);
        let end_ns = end_ms * 1_000_000 - base_ns;
        let span = Span::new(end_ns - 100_000_000, end_ns);
        builder.push_packed(track, span, label, ArgsId::NONE, 1);
        Arc::new(builder.finish().unwrap())
    }

    /// Their ranks and ends, ms.
    fn shown(views: &Views) -> Vec<(u32, i64)> {
        let facts = |trace: Arc<Trace>| {
            let end_ns = trace.meta.base_time_unix_ns + trace.span().end_ns;
            (trace.meta.ranks[0].rank, end_ns / 1_000_000)
        };
        views.together().into_iter().map(facts).collect()
    }

    #[test]
    fn views_of_one_moment_go_together_however_far_ahead_a_link_is() {
        let mut views = Views::of(3);
        assert!(shown(&views).is_empty());
        views.take(0, view(0, 20_000));
        assert_eq!(shown(&views), [(0, 20_000)], "others have told nothing yet");
        for end_ms in [20_100, 20_200, 20_300, 20_400] {
            views.take(0, view(0, end_ms));
        }
        views.take(2, view(2, 20_203));
        assert_eq!(shown(&views), [(0, 20_200), (2, 20_203)]);
        views.take(2, view(2, 20_398));
        assert_eq!(shown(&views), [(0, 20_400), (2, 20_398)]);
        // One that has been silent for long holds nobody up, and is not shown beside what is so much later.
        views.take(0, view(0, 23_000));
        assert_eq!(shown(&views), [(0, 23_000)]);
        views.take(2, view(2, 23_001));
        assert_eq!(shown(&views), [(0, 23_000), (2, 23_001)]);
        views.forget(2);
        assert_eq!(shown(&views), [(0, 23_000)]);
    }

    #[test]
    fn few_are_kept() {
        let mut views = Views::of(1);
        (0..100).for_each(|at| views.take(0, view(0, 30_000 + at)));
        assert_eq!(views.0[0].len(), KEPT);
    }
}
