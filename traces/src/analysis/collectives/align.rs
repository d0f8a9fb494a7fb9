//! The same collectives in the records of two ranks, where either may lack some.
//!
//! Members of one collective end together, so on clocks that agree the ends say who belongs to whom, and a record that is
//! missing shifts nothing. Whether clocks agree is not known beforehand: the difference that makes most ends meet is
//! looked for among no difference, that of equal sequence numbers and those of equal turns, some records missing at the
//! front of either. A difference of clocks has to explain more than missing records would.
//!
//! Costs n log n of the records.

use std::collections::HashMap;

use super::line::{Line, PLAUSIBLE_NS, Reading};
use crate::analysis::stats::median;

/// One rank's part in a collective, as far as alignment asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    /// `None` fits any.
    pub(super) elements: Option<i64>,
    /// Its process group, where that was asked already and gave no partner: nothing else of a known group fits.
    pub(super) group: Option<u32>,
    pub(super) sequence: Option<i64>,
}

/// What is known before two rows are aligned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The row's clock less that of the reference.
    pub(super) line: Line,
    /// There is reason to believe that; else nothing is known of the clocks.
    pub(super) is_told: bool,
    /// The line may be mistaken.
    pub(super) may_differ: bool,
    /// The operation's members end together.
    pub(super) ends_together: bool,
}

/// How members of two rows were found.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alignment {
    /// Positions in the reference and in the row, ascending in both.
    pub(super) pairs: Vec<(usize, usize)>,
    /// The row's clock less that of the reference: as told, where ends are no farther off it than clocks that agree show.
    pub(super) line: Line,
    pub(super) by_sequence: bool,
    /// Pairs whose ends meet on that line.
    pub(super) meeting: usize,
}

/// Records that may be missing at the front of either row for turns to be tried.
const MOST_SHIFT: i64 = 8;
/// Pairs looked at for one difference of clocks.
const SAMPLE: usize = 4096;
/// Times a line is fitted to the pairs that it finds.
const REFITS: usize = 4;

/// Aligns two rows, both in order of end.
pub(super) fn align(reference: &[Part], row: &[Part], known: Known) -> Alignment {
    let rows = Rows { reference, row, tolerance_ns: tolerance_ns(reference, row) };
    let by_sequence = rows.by_sequence();
    let line = rows.best_line(&known, &by_sequence);
    let meeting = rows.meeting(&line);
    let agrees = |pair: &(usize, usize)| line.residual(rows.reading(*pair)).abs() <= PLAUSIBLE_NS;
    let agreeing = by_sequence.iter().filter(|pair| agrees(pair)).count();
    let most = reference.len().min(row.len());
    let is_told = !by_sequence.is_empty()
        && (agreeing * 2 > by_sequence.len()
            && by_sequence.iter().filter(|pair| rows.meets(&line, **pair)).count() * 2 >= agreeing
            || meeting.len() * 2 < most && by_sequence.len() * 2 >= most);
    let count = meeting.len();
    let anchors = if is_told { by_sequence } else { meeting };
    let pairs = rows.filled(anchors, &line, known.ends_together);
    let is_as_told = known.is_told && line.is_near(&known.line, rows.span_ns(), PLAUSIBLE_NS);
    let line = if is_as_told { known.line } else { line };
    Alignment { pairs, line, by_sequence: is_told, meeting: count }
}

struct Rows<'a> {
    reference: &'a [Part],
    row: &'a [Part],
    /// Ends that meet are this near.
    tolerance_ns: i64,
}

/// A quarter of the usual time from one end to the next, so that an end meets but one.
fn tolerance_ns(reference: &[Part], row: &[Part]) -> i64 {
    let step = |parts: &[Part]| {
        let steps = parts.windows(2).map(|pair| pair[1].end_ns.saturating_sub(pair[0].end_ns));
        median(steps.collect())
    };
    let steps = [step(reference), step(row)];
    let least = steps.into_iter().flatten().min();
    least.map_or(PLAUSIBLE_NS, |step| (step / 4).clamp(1, PLAUSIBLE_NS))
}

impl Rows<'_> {
    /// First and last end of the reference.
    fn span_ns(&self) -> (i64, i64) {
        let end_ns = |part: Option<&Part>| part.map_or(0, |part| part.end_ns);
        (end_ns(self.reference.first()), end_ns(self.reference.last()))
    }

    fn reading(&self, (at, other): (usize, usize)) -> Reading {
        let end_ns = self.reference[at].end_ns;
        (end_ns, self.row[other].end_ns.saturating_sub(end_ns))
    }

    fn fits(&self, (at, other): (usize, usize)) -> bool {
        let (a, b) = (&self.reference[at], &self.row[other]);
        let is_other_group = a.group.is_some() && b.group.is_some();
        !is_other_group && a.elements.zip(b.elements).is_none_or(|(a, b)| a == b)
    }

    fn meets(&self, line: &Line, pair: (usize, usize)) -> bool {
        line.residual(self.reading(pair)).saturating_abs() <= self.tolerance_ns
    }

    /// Pairs whose ends meet on a line, both rows passed through once.
    fn meeting(&self, line: &Line) -> Vec<(usize, usize)> {
        let (mut at, mut other) = (0, 0);
        let mut pairs = Vec::new();
        while at < self.reference.len() && other < self.row.len() {
            let rest_ns = line.residual(self.reading((at, other)));
            if rest_ns.saturating_abs() <= self.tolerance_ns && self.fits((at, other)) {
                pairs.push((at, other));
                (at, other) = (at + 1, other + 1);
            } else if rest_ns > 0 {
                at += 1;
            } else {
                other += 1;
            }
        }
        pairs
    }

    /// Pairs of equal sequence number, where numbers are unique and ascend in both; else none.
    fn by_sequence(&self) -> Vec<(usize, usize)> {
        let mut places: HashMap<i64, usize> = HashMap::new();
        for (at, part) in self.reference.iter().enumerate() {
            let Some(sequence) = part.sequence else { continue };
            if places.insert(sequence, at).is_some() {
                return Vec::new();
            }
        }
        let mut pairs: Vec<(usize, usize)> = Vec::new();
        for (other, part) in self.row.iter().enumerate() {
            let Some(&at) = part.sequence.and_then(|sequence| places.get(&sequence)) else {
                continue;
            };
            let ascends = pairs.last().is_none_or(|&(before, _)| before < at);
            if !ascends || !self.fits((at, other)) {
                return Vec::new();
            }
            pairs.push((at, other));
        }
        pairs
    }

    /// The difference of clocks that makes most ends meet.
    fn best_line(&self, known: &Known, by_sequence: &[(usize, usize)]) -> Line {
        let most = self.reference.len().min(self.row.len());
        let as_told = self.meeting(&known.line).len();
        let is_settled = known.is_told && (as_told * 10 >= most * 9 || !known.may_differ);
        if is_settled || known.is_told && !known.ends_together {
            return known.line;
        }
        let mut best = (if known.is_told { as_told as f64 } else { -1.0 }, known.line);
        // Of equally good ones the first: numbers before turns, and of turns the least shifted.
        let from_sequence = self.through(by_sequence);
        for line in from_sequence.into_iter().chain(self.lines_of_turns()) {
            let line = self.refitted(line);
            let meeting = self.meeting(&line).len() as f64;
            let is_as_told =
                known.is_told && line.is_near(&known.line, self.span_ns(), PLAUSIBLE_NS);
            let costs = if known.is_told && !is_as_told { 1.0 + most as f64 / 10.0 } else { 0.0 };
            if meeting - costs > best.0 {
                best = (meeting - costs, line);
            }
        }
        if known.is_told && best.0 <= 0.0 && self.is_impossible(&best.1) {
            return self.through(&self.turns(0).collect::<Vec<_>>()).unwrap_or(best.1);
        }
        best.1
    }

    /// Nothing meets, there are as many on both, and most would have ended on one rank before they began on the other: no clock shows that.
    fn is_impossible(&self, line: &Line) -> bool {
        let all = self.reference.len();
        let is_apart = |pair: &(usize, usize)| self.gap_ns(line, *pair) > PLAUSIBLE_NS;
        let apart = self.turns(0).filter(is_apart).count();
        all == self.row.len() && apart * 2 > all && self.turns(0).all(|pair| self.fits(pair))
    }

    /// How long after the end of one the other begins; below 0 where both run at some time.
    fn gap_ns(&self, line: &Line, (at, other): (usize, usize)) -> i64 {
        let (a, b) = (&self.reference[at], &self.row[other]);
        let shift_ns = line.at(a.end_ns);
        let later_ns = b.start_ns.saturating_sub(shift_ns).saturating_sub(a.end_ns);
        later_ns.max(a.start_ns.saturating_sub(b.end_ns.saturating_sub(shift_ns)))
    }

    /// Pairs by turn, `shift` more records of the row gone before.
    fn turns(&self, shift: i64) -> impl Iterator<Item = (usize, usize)> + Clone + '_ {
        let (at, other) = (shift.min(0).unsigned_abs() as usize, shift.max(0) as usize);
        (at..self.reference.len()).zip(other..self.row.len())
    }

    /// The commonest difference of ends for each way in which some records may be missing at either end.
    fn lines_of_turns(&self) -> Vec<Line> {
        let longer = self.row.len() as i64 - self.reference.len() as i64;
        let mut shifts: Vec<i64> = (-MOST_SHIFT..=MOST_SHIFT).collect();
        shifts.extend((longer - MOST_SHIFT..=longer + MOST_SHIFT).filter(|s| s.abs() > MOST_SHIFT));
        shifts.sort_by_key(|shift| shift.abs());
        shifts.into_iter().filter_map(|shift| self.commonest(shift)).collect()
    }

    fn commonest(&self, shift: i64) -> Option<Line> {
        let pairs = self.turns(shift);
        let every = pairs.clone().count().div_ceil(SAMPLE).max(1);
        let fitting = pairs.step_by(every).filter(|&pair| self.fits(pair));
        let mut differences: Vec<i64> = fitting.map(|pair| self.reading(pair).1).collect();
        differences.sort_unstable();
        let (mut first, mut most, mut of_most) = (0, 0, 0..0);
        for last in 0..differences.len() {
            while differences[last] - differences[first] > 2 * self.tolerance_ns {
                first += 1;
            }
            if last + 1 - first > most {
                (most, of_most) = (last + 1 - first, first..last + 1);
            }
        }
        median(differences.get(of_most)?.to_vec()).map(Line::constant)
    }

    /// A line through the ends of some pairs.
    fn through(&self, pairs: &[(usize, usize)]) -> Option<Line> {
        let readings: Vec<Reading> = pairs.iter().map(|&pair| self.reading(pair)).collect();
        Line::through(&readings, self.tolerance_ns)
    }

    /// The line through the pairs that meet on it, again and again: a drift comes out, little by little.
    fn refitted(&self, mut line: Line) -> Line {
        let mut meeting = self.meeting(&line);
        for _ in 0..REFITS {
            let Some(next) = self.through(&meeting) else { break };
            let found = self.meeting(&next);
            if found.len() < meeting.len() || next == line {
                break;
            }
            (line, meeting) = (next, found);
        }
        line
    }

    /// Pairs, and between them those that can be nothing else: as many on both, or at work at the same time.
    fn filled(
        &self,
        anchors: Vec<(usize, usize)>,
        line: &Line,
        ends_together: bool,
    ) -> Vec<(usize, usize)> {
        let is_anchored = !anchors.is_empty();
        let mut pairs = Vec::with_capacity(anchors.len());
        let mut from = (0, 0);
        let end = (self.reference.len(), self.row.len());
        for to in anchors.into_iter().chain([end]) {
            let (here, there) = (from.0..to.0, from.1..to.1);
            let all: Vec<(usize, usize)> = here.clone().zip(there.clone()).collect();
            let possible = |&pair: &(usize, usize)| {
                let may_be_apart = !is_anchored || !ends_together;
                self.fits(pair) && (may_be_apart || self.gap_ns(line, pair) <= self.tolerance_ns)
            };
            if here.len() == there.len() && all.iter().all(possible) {
                pairs.extend(all);
            } else {
                self.at_work_together(here, there, line, &mut pairs);
            }
            if to != end {
                pairs.push(to);
            }
            from = (to.0 + 1, to.1 + 1);
        }
        pairs
    }

    fn at_work_together(
        &self,
        here: std::ops::Range<usize>,
        there: std::ops::Range<usize>,
        line: &Line,
        pairs: &mut Vec<(usize, usize)>,
    ) {
        let (mut at, mut other) = (here.start, there.start);
        while at < here.end && other < there.end {
            let (a, b) = (&self.reference[at], &self.row[other]);
            let shift_ns = line.at(a.end_ns);
            let (start_ns, end_ns) = (b.start_ns - shift_ns, b.end_ns - shift_ns);
            if a.start_ns < end_ns && start_ns < a.end_ns && self.fits((at, other)) {
                pairs.push((at, other));
                (at, other) = (at + 1, other + 1);
            } else if a.end_ns < end_ns {
                at += 1;
            } else {
                other += 1;
            }
        }
    }
}
