//! Where on the timeline something is: what a student is asked to click on.

use weftscope_traces::{
    Span,
    analysis::{exposed_spans, gap_spans},
};

use super::facts::Facts;

/// A sort of place, by the name that lessons ask for it.
#[derive(Debug)]
pub struct PlaceRule {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a line.
    pub about: &'static str,
    of: fn(&Facts) -> Vec<Place>,
}

/// A stretch of a rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The rank.
    pub rank: u32,
    /// When.
    pub span: Span,
}

/// Every sort of place.
pub static PLACES: &[PlaceRule] = &[
    PlaceRule {
        name: "exposed",
        about: "communication with no computation of the same rank beside it",
        of: |facts| of_ranks(facts, |facts, rank| spans(exposed_spans(&facts.trace, rank).spans())),
    },
    PlaceRule {
        name: "longest_exposed",
        about: "the longest stretch of it on each rank",
        of: |facts| {
            of_ranks(facts, |facts, rank| longest(exposed_spans(&facts.trace, rank).spans()))
        },
    },
    PlaceRule {
        name: "longest_gap",
        about: "the longest stretch of each rank in which nothing runs",
        of: |facts| of_ranks(facts, |facts, rank| longest(gap_spans(&facts.trace, rank).spans())),
    },
    PlaceRule {
        name: "tightest_phase",
        about: "the phase with the least slack, in every layer",
        of: |facts| {
            let phases = &facts.reports.phases;
            let tight = phases.instances.iter().filter(|one| Some(one.phase) == phases.tightest);
            let tight = tight.filter(|one| one.slack.is_some());
            tight.map(|one| Place { rank: one.rank, span: one.span }).collect()
        },
    },
    PlaceRule {
        name: "straggler",
        about: "anything of the rank that comes last",
        of: |facts| {
            let rank = facts.reports.skew.straggler;
            rank.map(|rank| Place { rank, span: facts.trace.span() }).into_iter().collect()
        },
    },
];

impl PlaceRule {
    /// The sort of this name.
    pub fn of_name(name: &str) -> Option<&'static Self> {
        PLACES.iter().find(|rule| rule.name == name)
    }

    /// Where it is in a run.
    ///
    /// # Errors
    /// When it is nowhere.
    pub fn find(&self, facts: &Facts) -> Result<Vec<Place>, String> {
        let places = (self.of)(facts);
        if places.is_empty() {
            Err(format!("nothing of this run is {}", self.name))
        } else {
            Ok(places)
        }
    }
}

fn of_ranks(facts: &Facts, of: fn(&Facts, u32) -> Vec<Span>) -> Vec<Place> {
    let ranks = facts.reports.overlap.ranks.iter().map(|rank| rank.rank);
    let places = |rank| of(facts, rank).into_iter().map(move |span| Place { rank, span });
    ranks.flat_map(places).collect()
}

fn spans(spans: &[Span]) -> Vec<Span> {
    spans.to_vec()
}

fn longest(spans: &[Span]) -> Vec<Span> {
    spans.iter().copied().max_by_key(|span| span.len_ns()).into_iter().collect()
}
