//! The end that holds a document.

use std::sync::Arc;

use weftscope_traces::{
    Span, Trace,
    analysis::{Config, Ops},
    edit,
    excerpt::{Wanted, excerpt},
    lod::Ribbon,
};

use super::{Look, Part, sent::Contents};
use crate::{
    app::{Explanation, Queries},
    jobs::spread,
};

/// A trace with what was worked out from all of it.
pub(crate) struct Held {
    queries: Arc<Queries>,
    ribbons: Vec<(u32, Ribbon)>,
    explanation: Option<Vec<u8>>,
    whole: Span,
}

impl Held {
    /// Columns of a ribbon in view with what lies beside it, and of the rest; and at a glance.
    const COLUMNS: (i64, i64) = (3072, 512);
    const FEW_COLUMNS: (i64, i64) = (512, 64);

    /// Of a trace, with what explains it.
    pub(crate) fn of(trace: Arc<Trace>) -> Self {
        Self { explanation: Some(explained(&trace)), ..Self::drawn(trace) }
    }

    /// Of a trace, without.
    pub(crate) fn drawn(trace: Arc<Trace>) -> Self {
        let ranks: Vec<u32> = edit::ranks(&trace).into_iter().collect();
        let ribbons = spread(ranks.len(), |at| (ranks[at], Ribbon::build(&trace, ranks[at])));
        let whole = trace.span();
        Self { queries: Arc::new(Queries::of(trace)), ribbons, explanation: None, whole }
    }

    /// Takes in what explains it, once that is worked out.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn take_explanation(&mut self, explanation: Vec<u8>) {
        self.explanation = Some(explanation);
    }

    /// What explains it was sent, and is kept where it went.
    pub(crate) fn forget_explanation(&mut self) {
        self.explanation = None;
    }

    /// What of it shows a view; of none, a first look.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(crate) fn part(&self, look: Option<&Look>) -> Result<(Part, Vec<u8>), String> {
        let wanted = match look {
            Some(look) => look.wanted(self.trace()),
            None => Wanted::first(self.whole),
        };
        self.excerpted(wanted, Self::COLUMNS)
    }

    /// What a view shows at a glance: soon there, and to be followed by [`part`](Self::part).
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(crate) fn glance(&self, look: &Look) -> Result<(Part, Vec<u8>), String> {
        self.excerpted(look.glanced(self.trace()), Self::FEW_COLUMNS)
    }

    fn excerpted(&self, wanted: Wanted, columns: (i64, i64)) -> Result<(Part, Vec<u8>), String> {
        let part = excerpt(self.trace(), &wanted);
        let edges_ns = self.edges_ns(&wanted, columns);
        let ribbons = self.ribbons.iter();
        let ribbons = ribbons.map(|(rank, ribbon)| (*rank, ribbon.sampled(&edges_ns))).collect();
        let facts = Part {
            left_out: part.left_out,
            folded: part.folded,
            ops_folded: part.ops_folded,
            arrows_left_out: part.arrows_left_out,
            samples_left_out: part.samples_left_out,
            partial_lanes: part.partial_lanes,
            slices: self.trace().num_slices() as u64,
            whole: self.whole,
            wanted: Some(wanted),
        };
        let explanation = self.explanation.as_deref().unwrap_or_default();
        let contents = Contents { trace: &part.trace, ribbons, explanation };
        Ok((facts.clone(), contents.written(facts)?))
    }

    /// All of it.
    ///
    /// # Errors
    /// In words, when it cannot be written down.
    pub(crate) fn all(&self) -> Result<Vec<u8>, String> {
        let explanation = self.explanation.as_deref().unwrap_or_default();
        let contents = Contents { trace: self.trace(), ribbons: Vec::new(), explanation };
        contents.written(Part::all_of(self.trace().num_slices() as u64, self.whole))
    }

    fn trace(&self) -> &Trace {
        self.queries.trace()
    }

    /// What answers questions that need all of it.
    #[cfg(not(target_arch = "wasm32"))]
    pub(crate) fn queries(&self) -> Arc<Queries> {
        Arc::clone(&self.queries)
    }

    /// First start to last end.
    pub(crate) fn whole(&self) -> Span {
        self.whole
    }

    /// Slices of all of it.
    pub(crate) fn num_slices(&self) -> usize {
        self.trace().num_slices()
    }

    /// Edges of the columns in which ribbons are sent.
    fn edges_ns(&self, wanted: &Wanted, (inside, outside): (i64, i64)) -> Vec<i64> {
        let whole = self.whole;
        let from_ns = wanted.window.start_ns.clamp(whole.start_ns, whole.end_ns);
        let to_ns = wanted.window.end_ns.clamp(from_ns, whole.end_ns);
        let inside_ns = ((to_ns - from_ns) / inside).max(1);
        let outside_ns = (whole.len_ns() / outside).max(1);
        let mut edges_ns = Vec::new();
        for (start_ns, end_ns, step_ns) in [
            (whole.start_ns, from_ns, outside_ns),
            (from_ns, to_ns, inside_ns),
            (to_ns, whole.end_ns, outside_ns),
        ] {
            let mut at_ns = start_ns;
            while at_ns < end_ns {
                edges_ns.push(at_ns);
                at_ns = at_ns.saturating_add(step_ns);
            }
        }
        edges_ns.push(whole.end_ns);
        edges_ns.dedup();
        edges_ns
    }
}

/// What explains a trace, to be sent.
pub(crate) fn explained(trace: &Trace) -> Vec<u8> {
    Explanation::of(&Ops::of(trace, &Config::default())).kept()
}
