//! Which ranks ran together.

use std::collections::BTreeSet;

use super::rank_rows::Rows;
use crate::model::{Origin, Span, Trace};

/// One rank of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RunMember {
    /// Which of the traces given.
    pub(super) trace: usize,
    /// Its rank.
    pub(super) rank: u32,
    /// Nanoseconds to add to the times of its trace to get those of the first; 0 where a base time is not known.
    pub(super) offset_ns: i64,
    /// That offset is known: same trace, base times of both, or one simulated run.
    pub(super) is_on_clock: bool,
}

impl RunMember {
    /// What members are ordered by.
    fn place(&self) -> (usize, u32) {
        (self.trace, self.rank)
    }
}

/// Which ranks of some traces ran together, as far as their times tell: their traces name the same world size, they are
/// different ranks (or of one trace), all modelled or none, and their streams were busy at the same time, or no clock says when.
///
/// So files of one run opened together are one run, and recordings made one after another are not, whether they lie
/// in several traces or were merged into one.
pub(super) fn runs(traces: &[&Trace], rows: &[Rows<'_>]) -> Vec<Vec<RunMember>> {
    let offsets_ns = traces.iter().map(|trace| clock_offset_ns(traces[0], trace));
    let mut timed: Vec<(Member, Span)> = Vec::new();
    let mut untimed: Vec<Member> = Vec::new();
    for (trace, told_ns) in offsets_ns.enumerate() {
        let is_on_clock = trace == 0 || told_ns.is_some();
        let offset_ns = told_ns.unwrap_or(0);
        for (&rank, rows) in &rows[trace] {
            let member = RunMember { trace, rank, offset_ns, is_on_clock };
            let kind = (traces[trace].meta.world_size, is_modelled(traces, &member));
            match is_on_clock {
                true => timed.push(((kind, member), rows.busy.shifted(offset_ns))),
                false => untimed.push((kind, member)),
            }
        }
    }
    let mut runs = by_time(timed);
    for (kind, member) in untimed {
        match runs.iter_mut().find(|run| run.kind == kind && !run.ranks.contains(&member.rank)) {
            Some(run) => run.add(member),
            None => runs.push(OpenRun::new(kind, member, Span::default())),
        }
    }
    runs.sort_by_key(|run| run.members[0].place());
    runs.into_iter().map(|run| run.members).collect()
}

/// World size, and whether a model made it.
type KindOfRun = (u32, bool);
type Member = (KindOfRun, RunMember);

/// A run while its members come in.
struct OpenRun {
    kind: KindOfRun,
    members: Vec<RunMember>,
    ranks: BTreeSet<u32>,
    busy: Span,
}

impl OpenRun {
    fn new(kind: KindOfRun, member: RunMember, busy: Span) -> Self {
        Self { kind, members: vec![member], ranks: BTreeSet::from([member.rank]), busy }
    }

    fn add(&mut self, member: RunMember) {
        self.members.push(member);
        self.ranks.insert(member.rank);
    }
}

/// Those that are busy at the same time, or joined by others that are. In order of start, only runs that still last can
/// take another: usually one.
fn by_time(mut timed: Vec<(Member, Span)>) -> Vec<OpenRun> {
    timed.sort_by_key(|((kind, member), busy)| (*kind, busy.start_ns, member.place()));
    let mut runs: Vec<OpenRun> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for ((kind, member), busy) in timed {
        open.retain(|&at| runs[at].kind == kind && runs[at].busy.end_ns > busy.start_ns);
        let fits = |at: &&usize| {
            runs[**at].busy.overlaps(busy) && !runs[**at].ranks.contains(&member.rank)
        };
        match open.iter().find(fits) {
            Some(&at) => {
                runs[at].add(member);
                runs[at].busy = runs[at].busy.hull(busy);
            }
            None => {
                open.push(runs.len());
                runs.push(OpenRun::new(kind, member, busy));
            }
        }
    }
    for run in &mut runs {
        run.members.sort_by_key(RunMember::place);
    }
    runs
}

/// How far the times of a trace count from later than those of the first, where both say from when.
fn clock_offset_ns(first: &Trace, trace: &Trace) -> Option<i64> {
    let [first_ns, ns] = [first, trace].map(|trace| trace.meta.base_time_unix_ns);
    let is_told = first_ns != 0 && ns != 0;
    let is_one = std::ptr::eq(first, trace) || first.meta.shares_untold_clock(&trace.meta);
    is_told.then(|| ns.saturating_sub(first_ns)).or_else(|| is_one.then_some(0))
}

/// What a model made ran with nothing that a clock saw.
fn is_modelled(traces: &[&Trace], member: &RunMember) -> bool {
    let provenance = traces[member.trace].meta.provenance.of_rank(Some(member.rank));
    provenance.origin() == Some(Origin::Modelled)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::Config;
    use super::super::rank_rows::rank_rows;
    use super::super::testing::trace;
    use super::*;

    proptest! {
        /// Oracle: ranks of one trace that share a nanosecond are joined until nothing changes.
        #[test]
        fn ranks_busy_at_the_same_time_ran_together(
            busy in proptest::collection::vec((0..200_i64, 0..40_i64), 1..20),
        ) {
            let mut text = String::new();
            for (rank, (start, len)) in busy.iter().enumerate() {
                let end = start + len;
                let _infallible = writeln!(text, "rank {rank}\n stream 7: gemm {start}..{end} up");
            }
            let trace = trace(&text);
            let found = runs(&[&trace], &[rank_rows(&trace, &Config::default())]);
            let mut found: Vec<Vec<u32>> = found
                .into_iter()
                .map(|run| run.into_iter().map(|member| member.rank).collect())
                .collect();
            found.sort();
            let mut twin: Vec<(Vec<u32>, Span)> = busy
                .iter()
                .enumerate()
                .map(|(rank, &(start, len))| (vec![rank as u32], Span::new(start, start + len)))
                .collect();
            while let Some((a, b)) = (0..twin.len())
                .flat_map(|a| (0..a).map(move |b| (a, b)))
                .find(|&(a, b)| twin[a].1.overlaps(twin[b].1))
            {
                let (ranks, span) = twin.swap_remove(a);
                twin[b].0.extend(ranks);
                twin[b].1 = twin[b].1.hull(span);
            }
            let mut twin: Vec<Vec<u32>> = twin.into_iter().map(|(ranks, _)| ranks).collect();
            twin.iter_mut().for_each(|ranks| ranks.sort_unstable());
            twin.sort();
            prop_assert_eq!(found, twin);
        }
    }
}
