//! What the panels say about a trace, worked out once, off the UI thread.

use weftscope_traces::{
    Meta, Provenance, TraceBuilder,
    analysis::{Config, Ops, Reports, Verdict, lengths_ns, verdict},
};

use super::{
    inputs::Inputs,
    places::{RankPlaces, places},
};

/// The answers of the analyses that the window shows.
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
}

impl Explanation {
    /// Asks a trace.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self::with(ops, Reports::of(ops))
    }

    /// The same where the reports are known.
    pub(super) fn with(ops: &Ops<'_>, reports: Reports) -> Self {
        let verdict = verdict(ops, &reports, &[]);
        let inputs = Inputs::of(ops);
        Self { verdict, reports, lengths_ns: lengths_ns(ops), places: places(ops), inputs }
    }

    /// What there is to say before anything was asked.
    pub fn none() -> Self {
        let provenance = Provenance::Unknown { source: String::new() };
        let empty = TraceBuilder::new(Meta::new("", provenance))
            .finish()
            .unwrap_or_else(|error| unreachable!("a trace of nothing has nothing wrong: {error}"));
        Self::of(&Ops::of(&empty, &Config::default()))
    }
}
