//! Whose clock is how far off whose.

use super::line::{Line, Reading};
use crate::analysis::stats::quantile_ns;

/// Whether the times of a rank can be off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Trust {
    /// Not against what else is on its server.
    pub(super) is_exact: bool,
    /// Its server, where somebody said.
    pub(super) server: Option<String>,
}

/// What is known of the clocks of the ranks of a run, by position.
pub(super) struct Clocks {
    /// Each rank's clock less that of the first that is known; `None` while nothing is known of it.
    lines: Vec<Option<Line>>,
    /// By position: whether that clock's times can be off.
    trust: Vec<Trust>,
    /// By position, ends of collectives held against another rank's, on the first clock.
    readings: Vec<Vec<Reading>>,
    root: usize,
}

impl Clocks {
    /// `told[at]`: a base time or a common file says how this rank's clock stands to the root's.
    pub(super) fn new(told: &[bool], trust: Vec<Trust>, root: usize) -> Self {
        let of = |(at, &told): (usize, &bool)| (told || at == root).then(Line::default);
        let lines = told.iter().enumerate().map(of).collect();
        let readings = vec![Vec::new(); told.len()];
        Self { lines, trust, readings, root }
    }

    /// The clock of `other` less that of `at`, where there is reason to believe something.
    pub(super) fn between(&self, at: usize, other: usize) -> Option<Line> {
        let (at, other) = (self.lines[at]?, self.lines[other]?);
        Some(other.plus(&at.reversed()))
    }

    pub(super) fn may_differ(&self, at: usize, other: usize) -> bool {
        let (at, other) = (&self.trust[at], &self.trust[other]);
        // What was read on a server says nothing of another's clock.
        !(at.is_exact && other.is_exact && at.server == other.server)
    }

    /// Takes `line` for the clock of `other` less that of `at`.
    pub(super) fn learn(&mut self, at: usize, other: usize, line: Line) {
        let (known_at, known_other) = (self.lines[at], self.lines[other]);
        match (known_at, known_other) {
            (Some(known), None) => self.lines[other] = Some(known.plus(&line)),
            (None, Some(known)) => self.lines[at] = Some(known.plus(&line.reversed())),
            (None, None) => {
                self.lines[at] = Some(Line::default());
                self.lines[other] = Some(line);
            }
            (Some(_), Some(known)) if other == self.root => {
                self.lines[at] = Some(known.plus(&line.reversed()));
            }
            (Some(known), Some(_)) => self.lines[other] = Some(known.plus(&line)),
        }
    }

    /// Ends of a collective whose members end together, of two ranks, each on its own clock.
    pub(super) fn read(&mut self, at: usize, other: usize, ends_ns: [i64; 2]) {
        let of = if other == self.root { at } else { other };
        let [at_ns, other_ns] = [(at, ends_ns[0]), (other, ends_ns[1])]
            .map(|(rank, ns)| ns.saturating_sub(self.line(rank).at(ns)));
        let sign = if of == other { 1 } else { -1 };
        self.readings[of].push((at_ns, sign * other_ns.saturating_sub(at_ns)));
    }

    /// Of a rank, what to take off its times.
    pub(super) fn line(&self, at: usize) -> Line {
        self.lines[at].unwrap_or_default()
    }

    /// How many ends of a rank were compared, and the distance that 99 % of them kept from those of other ranks, once
    /// clocks are corrected, ns.
    pub(super) fn agreement(&self, at: usize) -> (usize, i64) {
        let mut far: Vec<i64> =
            self.readings[at].iter().map(|reading| reading.1.saturating_abs()).collect();
        far.sort_unstable();
        (far.len(), quantile_ns(&far, 0.99).round() as i64)
    }
}
