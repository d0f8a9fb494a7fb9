//! What the panels say about a trace, worked out once, off the UI thread.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use weftscope_traces::{
    Meta, Provenance, TraceBuilder,
    analysis::{Config, OpPlaces, Ops, Reports, Verdict, lengths_ns, verdict},
};

use super::{
    inputs::Inputs,
    places::{RankPlaces, places},
};

/// The answers of the analyses that the window shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// What limits the run, in a sentence, without a look at other strategies.
    pub verdict: Verdict,
    /// The answer of every analysis.
    pub reports: Reports,
    /// How long each iteration takes, ns.
    pub lengths_ns: Vec<f64>,
    /// Where to look first for what the reports sum up, by rank.
    pub places: Vec<RankPlaces>,
    /// What figures are computed from, beside the reports.
    pub inputs: Inputs,
    /// Where ops belong of which labels do not tell. Not sent: as large as the ops, which are all there to be asked again.
    #[serde(skip)]
    pub(super) op_places: Arc<OpPlaces>,
}

impl Explanation {
    /// Asks a trace.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self::with(ops, Reports::of(ops))
    }

    /// The same where the reports are known.
    pub(super) fn with(ops: &Ops<'_>, reports: Reports) -> Self {
        let verdict = verdict(ops, &reports, &[]);
        Self {
            verdict,
            reports,
            lengths_ns: lengths_ns(ops),
            places: places(ops),
            inputs: Inputs::of(ops),
            op_places: Arc::new(OpPlaces::of(ops)),
        }
    }

    /// The same with what was not sent, of the trace that came, or the part of one: of that too all ops are there.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(super) fn placed(self: Arc<Self>, trace: &weftscope_traces::Trace) -> Arc<Self> {
        use weftscope_traces::analysis::StructureBasis;

        let mut ranks = self.reports.structure.ranks.iter();
        let is_told = ranks.any(|rank| rank.basis == StructureBasis::Order);
        if !is_told || !self.op_places.is_empty() {
            return self;
        }
        let op_places = Arc::new(OpPlaces::of_trace(trace));
        Arc::new(Self { op_places, ..Self::clone(&self) })
    }

    /// What there is to say before anything was asked.
    pub fn none() -> Self {
        let provenance = Provenance::Unknown { source: String::new() };
        let empty = TraceBuilder::new(Meta::new("", provenance))
            .finish()
            .unwrap_or_else(|error| unreachable!("a trace of nothing has nothing wrong: {error}"));
        Self::of(&Ops::of(&empty, &Config::default()))
    }

    /// In bytes, to be sent.
    #[cfg(feature = "live")]
    pub(super) fn kept(&self) -> Vec<u8> {
        let ranks = self.reports.overlap.ranks.iter();
        let kept = Kept {
            explanation: self,
            computing_sms: ranks.map(|rank| rank.computing_sms).collect(),
        };
        // What has no JSON form is nothing, which the other end finds out.
        serde_json::to_vec(&kept).unwrap_or_default()
    }

    /// What was [`kept`](Self::kept).
    ///
    /// # Errors
    /// In words, when it is none.
    #[cfg(all(feature = "live", not(target_arch = "wasm32")))]
    pub(super) fn of_kept(bytes: &[u8]) -> Result<Self, String> {
        let kept: Kept<Self> = serde_json::from_slice(bytes)
            .map_err(|error| format!("what explains the picture is not understood: {error}"))?;
        let mut explanation = kept.explanation;
        for (rank, sms) in explanation.reports.overlap.ranks.iter_mut().zip(kept.computing_sms) {
            rank.computing_sms = sms;
        }
        Ok(explanation)
    }
}

/// With what reports do not write down.
#[cfg(feature = "live")]
#[derive(Serialize, Deserialize)]
struct Kept<E> {
    explanation: E,
    /// By rank.
    computing_sms: Vec<Option<weftscope_traces::analysis::ComputingSms>>,
}
