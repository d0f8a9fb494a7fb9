//! One run's records, unit by unit, and what came of them.

use super::align::Part;
use super::clocks::{Clocks, Trust};
use super::groups::{self, Unit};
use super::join::{Row, join, told_by_ends};
use super::keys::{Key, Keys};
use super::{Collective, Collectives, MatchMethod, Member, RankClock, RankComm, RankMatch};
use crate::analysis::runs::RunMember;
use crate::model::Span;

pub(super) struct Matching<'a> {
    ranks: &'a [RankComm<'a>],
    keys: Vec<Vec<Key>>,
    clocks: Clocks,
    /// By rank and record: belongs to a collective that was found.
    is_taken: Vec<Vec<bool>>,
    found: Vec<Found>,
}

/// A collective that was found.
struct Found {
    /// Position of each rank, and of its record.
    members: Vec<(usize, usize)>,
    method: MatchMethod,
    group_size: Option<usize>,
    /// Its ends tell of clocks.
    ends_together: bool,
}

impl<'a> Matching<'a> {
    pub(super) fn new(ranks: &'a [RankComm<'a>]) -> Self {
        let keys_of = |rank: &RankComm<'_>| {
            let keys = Keys::of(rank.trace, rank.member.rank);
            rank.ops.iter().map(|op| keys.key(op)).collect()
        };
        let root = (0..ranks.len()).min_by_key(|&at| ranks[at].member.trace).unwrap_or(0);
        let told: Vec<bool> = ranks.iter().map(|rank| rank.member.is_on_clock).collect();
        let trust = |rank: &RankComm<'_>| Trust {
            is_exact: rank.trace.meta.has_exact_clock(),
            server: rank.trace.meta.server_of(rank.member.rank).map(str::to_owned),
        };
        let trust = ranks.iter().map(trust).collect();
        Self {
            ranks,
            keys: ranks.iter().map(keys_of).collect(),
            clocks: Clocks::new(&told, trust, root),
            is_taken: ranks.iter().map(|rank| vec![false; rank.ops.len()]).collect(),
            found: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Collectives {
        let units = groups::units(&self.keys);
        // Those whose ends tell of clocks first: the others need the clocks.
        let (first, then) =
            units.known.iter().partition::<Vec<_>, _>(|unit| self.end_together(unit));
        for unit in first.into_iter().chain(then) {
            self.join(unit, None);
        }
        let rest = groups::leftover(&self.keys, &self.is_taken);
        let (first, then) = rest.iter().partition::<Vec<_>, _>(|unit| self.end_together(unit));
        for unit in first.into_iter().chain(then) {
            self.join(unit, Some(&units.groups));
        }
        self.told()
    }

    fn end_together(&self, unit: &Unit) -> bool {
        let first = unit.rows.iter().find_map(|(&rank, records)| Some((rank, *records.first()?)));
        first.is_some_and(|(rank, record)| self.keys[rank][record].operation.ends_together())
    }

    /// Joins the records of a unit. Of records that were asked before, `groups` says which group that was in.
    fn join(&mut self, unit: &Unit, groups: Option<&Vec<Vec<Option<u32>>>>) {
        let rows: Vec<Row> =
            unit.rows.iter().map(|(&rank, records)| self.row(rank, records, groups)).collect();
        let ends_together = self.end_together(unit);
        let is_one = unit.is_plan || rows.len() == 2 && unit.size.is_none_or(|size| size > 1);
        let parts = match is_one {
            true => vec![rows.iter().collect()],
            false => told_by_ends(&rows, unit.size, &self.clocks),
        };
        for rows in parts.iter().filter(|rows| rows.len() > 1) {
            let joined = join(rows, ends_together, &mut self.clocks);
            let method = match (unit.is_plan, joined.by_sequence) {
                (true, _) => MatchMethod::Plan,
                (false, true) => MatchMethod::Sequence,
                (false, false) => MatchMethod::Order,
            };
            for mut column in joined.columns {
                column.members.sort_unstable();
                for &(rank, record) in &column.members {
                    self.is_taken[rank][record] = true;
                }
                let members = column.members;
                let group_size = unit.size;
                self.found.push(Found { members, method, group_size, ends_together });
            }
        }
    }

    fn row(&self, rank: usize, records: &[usize], groups: Option<&Vec<Vec<Option<u32>>>>) -> Row {
        let comm = &self.ranks[rank];
        let part = |&record: &usize| {
            let (key, span) = (&self.keys[rank][record], comm.span(&comm.ops[record]));
            let group = groups.and_then(|groups| groups[rank][record]);
            let Span { start_ns, end_ns } = span;
            Part { start_ns, end_ns, elements: key.elements, group, sequence: key.sequence }
        };
        let mut both: Vec<(Part, usize)> =
            records.iter().map(|record| (part(record), *record)).collect();
        both.sort_by_key(|(part, record)| (part.end_ns, part.start_ns, *record));
        let (parts, records) = both.into_iter().unzip();
        Row { rank, parts, records }
    }

    fn told(mut self) -> Collectives {
        let ranks: Vec<RankMatch> = (0..self.ranks.len()).map(|at| self.rank_match(at)).collect();
        let unmatched = ranks.iter().map(|rank| rank.unmatched).sum();
        let found = std::mem::take(&mut self.found);
        let mut matched = Vec::new();
        for one in &found {
            if one.ends_together {
                self.read(&one.members);
            }
            matched.push(self.collective(one));
        }
        matched.sort_by_key(|collective| {
            collective.members.iter().map(|member| member.span.start_ns).min()
        });
        let method = matched.iter().map(|collective| collective.method).max();
        let clocks = (0..self.ranks.len()).filter_map(|at| self.clock(at)).collect();
        Collectives { matched, method, unmatched, ranks, clocks }
    }

    fn rank_match(&self, at: usize) -> RankMatch {
        let taken = self.is_taken[at].iter().filter(|taken| **taken).count();
        let RunMember { trace, rank, .. } = self.ranks[at].member;
        RankMatch { trace, rank, matched: taken, unmatched: self.is_taken[at].len() - taken }
    }

    fn read(&mut self, members: &[(usize, usize)]) {
        let end_ns = |(at, record): (usize, usize)| {
            let comm = &self.ranks[at];
            comm.span(&comm.ops[record]).end_ns
        };
        let first = members[0];
        for &other in &members[1..] {
            let ends_ns = [end_ns(first), end_ns(other)];
            if self.clocks.may_differ(first.0, other.0) {
                self.clocks.read(first.0, other.0, ends_ns);
            }
        }
    }

    fn collective(&self, found: &Found) -> Collective {
        let &Found { ref members, method, group_size, .. } = found;
        let (first, record) = members[0];
        let name = self.ranks[first].trace.label(self.ranks[first].ops[record].label).name.clone();
        let member = |&(at, record): &(usize, usize)| {
            let comm = &self.ranks[at];
            let span = comm.span(&comm.ops[record]);
            let span = span.shifted(self.clocks.line(at).at(span.end_ns).saturating_neg());
            let RunMember { trace, rank, .. } = comm.member;
            Member { trace, rank, span, slice: comm.ops[record].slice }
        };
        let members = members.iter().map(member).collect();
        Collective { name, method, members, group_size }
    }

    /// `None` where no end of the rank was compared and nothing was shifted.
    fn clock(&self, at: usize) -> Option<RankClock> {
        let comm = &self.ranks[at];
        let (readings, residual_p99_ns) = self.clocks.agreement(at);
        let line = self.clocks.line(at);
        let spans: Vec<Span> = comm.ops.iter().map(|op| comm.span(op)).collect();
        let middle_ns = spans.first()?.start_ns.midpoint(spans.last()?.end_ns);
        let RunMember { trace, rank, offset_ns, is_on_clock } = comm.member;
        (readings > 0).then(|| RankClock {
            trace,
            rank,
            offset_ns: line.at(middle_ns),
            at_ns: middle_ns.saturating_sub(offset_ns),
            drift_ns_per_s: line.drift * 1e9,
            readings,
            residual_p99_ns,
            is_untold: !is_on_clock,
        })
    }
}
