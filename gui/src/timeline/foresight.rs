//! What is known of the next trace of a run before it is shown: it will be drawn as the one before was. So its list is made
//! with the trace, on the thread that makes it, and the frame that shows it first has nothing to look up.

use std::sync::{Mutex, PoisonError};

use weftscope_traces::{LaneId, Span, Trace, lod::Pyramid};

use super::{prepare::DrawList, scale::resolution_ns};

/// How a trace was last drawn.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Time seen.
    pub(super) window: Span,
    /// The window that shows all of the trace.
    pub(super) fit: Span,
    /// Width of the plot in device pixels.
    pub(super) pixels: f64,
    /// Lanes on the screen.
    pub(super) lanes: Vec<LaneId>,
}

impl Sight {
    /// Of a trace of which `fit` shows all, drawn so many device pixels wide.
    #[cfg(all(test, feature = "live"))]
    pub(crate) fn of(window: Span, fit: Span, pixels: f64, lanes: Vec<LaneId>) -> Self {
        Self { window, fit, pixels, lanes }
    }

    /// Time seen, `None` when that was all of it; what is shorter than how many ns was not told apart; lanes on the screen.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(crate) fn facts(&self) -> (Option<Span>, i64, &[LaneId]) {
        let window = (self.window != self.fit).then_some(self.window);
        let resolution_ns = resolution_ns(self.window.len_ns() as f64 / self.pixels.max(1.0));
        (window, resolution_ns, &self.lanes)
    }
}

/// What passes between the thread that draws a trace and those that make it and its successor.
#[derive(Debug, Default)]
pub struct Foresight {
    /// A list made before the first frame, until that takes it.
    ready: Mutex<Option<DrawList>>,
    seen: Mutex<Option<Sight>>,
}

impl Foresight {
    /// How the trace was last drawn, if it was.
    pub fn seen(&self) -> Option<Sight> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn see(&self, sight: Sight) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(sight);
    }

    /// Makes the list for a first frame that sees of a trace what was seen of the one before; all of it fits into `fit`.
    pub(super) fn prepare(&self, trace: &Trace, pyramid: &Pyramid, fit: Span, before: &Sight) {
        let window = window_after(before.window, before.fit, fit);
        let resolution_ns = resolution_ns(window.len_ns() as f64 / before.pixels.max(1.0));
        let is_there = |lane: &LaneId| trace.lanes.get(lane.0 as usize).is_some();
        let lanes: Vec<_> = before.lanes.iter().copied().filter(is_there).collect();
        let mut list = DrawList::new(window, resolution_ns);
        list.prepare_by_all(trace, pyramid, &lanes);
        *self.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(list);
    }

    /// The list that was made before the first frame, once.
    pub(super) fn take_ready(&self) -> Option<DrawList> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The window of a trace that takes the place of another, of which `window` was seen: all of it where all was in view or its
/// length is quite another.
pub(super) fn window_after(window: Span, old_fit: Span, new_fit: Span) -> Span {
    let is_all = window == old_fit || is_other_length(old_fit.len_ns(), new_fit.len_ns());
    if is_all { new_fit } else { window }
}

/// Half as long again, or less than two thirds: what the window showed is no longer what it shows.
fn is_other_length(old_ns: i64, new_ns: i64) -> bool {
    2 * old_ns.max(new_ns) > 3 * old_ns.min(new_ns)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use weftscope_traces::{
        ArgsId, Kind, Label, Meta, Provenance, TraceBuilder, TrackKind, lod::LodItem,
    };

    use super::*;
    use crate::timeline::TimelineData;

    /// An SM with a block every ten microseconds, `blocks` of them.
    fn data(blocks: i64) -> TimelineData {
        let provenance = Provenance::Modelled { source: "test".into() };
        let mut builder = TraceBuilder::new(Meta::new("test", provenance));
        let label = builder.label(Label { kind: Kind::Gemm, ..Label::default() });
        let track = builder.track(None, "SM 0", TrackKind::Sm { rank: 0, sm: 0 });
        let lane = builder.lane(track);
        for block in 0..blocks {
            let span = Span::new(block * 10_000, block * 10_000 + 9_000);
            builder.push(lane, span, label, ArgsId::NONE, 0);
        }
        TimelineData::new(Arc::new(builder.finish().unwrap()))
    }

    fn items(list: &DrawList, window: Span) -> Vec<LodItem> {
        list.items(LaneId(0), window).to_vec()
    }

    #[test]
    fn the_next_trace_is_ready_as_a_frame_would_make_it() {
        let (old, new) = (data(100), data(110));
        let part = Span::new(200_000, 300_000);
        for (window, expected) in [(old.fit_span(), new.fit_span()), (part, part)] {
            // Lanes of which the next trace knows nothing may have been seen.
            let lanes = vec![LaneId(0), LaneId(7)];
            old.foresight.see(Sight { window, fit: old.fit_span(), pixels: 700.0, lanes });
            new.foresee(&old.foresight.seen().unwrap());
            let ready = new.foresight.take_ready().unwrap();
            let resolution_ns = resolution_ns(expected.len_ns() as f64 / 700.0);
            assert!(ready.serves(expected, resolution_ns));
            let mut made = DrawList::new(expected, resolution_ns);
            made.prepare(&new.trace, &new.pyramid, [LaneId(0)]);
            assert!(!items(&made, expected).is_empty());
            assert_eq!(items(&ready, expected), items(&made, expected));
            assert!(new.foresight.take_ready().is_none(), "once");
        }
    }
}
