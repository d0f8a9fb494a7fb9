//! The collectives of every run, and the waits that follow.
//!
//! Which ranks ran together is told by their times first. Clocks that are far off take a run apart; its collectives put it
//! together again, where enough of them end together on all ranks once the difference is taken off: two recordings
//! made one after another do not repeat each other to some µs.

use crate::analysis::collectives::{Collectives, RankComm, RankMatch, match_run, meets};

use super::RankOps;
use crate::analysis::rank_rows::Rows;
use crate::analysis::runs::{RunMember, runs};
use crate::analysis::waits::{Arrivals, waits};
use crate::model::Trace;

/// Collectives of a rank from which on their ends can say that it ran with others.
const ENOUGH: usize = 8;
/// Ends of which 99 % are nearer than this are those of one run, ns.
const NEAR_NS: i64 = 20_000;

/// Matches the collectives of every run and writes into the ops how long they waited.
pub(super) fn match_and_wait(
    traces: &[&Trace],
    rows: &[Rows<'_>],
    gathered: &mut [Vec<RankOps<'_>>],
) -> Collectives {
    let mut all = Collectives::default();
    for (run, found) in united(traces, matched(traces, rows, gathered)) {
        let arrivals = (run.len() > 1).then(|| Arrivals::of(&found));
        for of_rank in &run {
            let RunMember { trace, rank, .. } = of_rank.member;
            let of_trace = &mut gathered[trace];
            let Some(at) = position(of_trace, rank) else { continue };
            let rank = &mut of_trace[at];
            let waits = waits(of_rank, &rank.sms, arrivals.as_ref());
            rank.wait_method = waits.method;
            let unmatched = waits.by_op_ns.iter().filter(|wait| wait.is_none()).count();
            rank.unmatched = arrivals.as_ref().map_or(0, |_| unmatched);
            let comm = rank.ops.iter_mut().filter(|op| meets(traces[trace], op));
            comm.zip(waits.by_op_ns).for_each(|(op, wait_ns)| op.wait_ns = wait_ns);
        }
        all.extend(found);
    }
    all
}

/// Where a rank stands among those of its trace, which ascend.
fn position(ranks: &[RankOps<'_>], rank: u32) -> Option<usize> {
    ranks.binary_search_by_key(&rank, |of| of.rank).ok()
}

/// Communication of the ranks of a run, and the collectives that it is of.
type Matched<'a> = (Vec<RankComm<'a>>, Collectives);

fn matched<'a>(
    traces: &[&'a Trace],
    rows: &[Rows<'_>],
    gathered: &[Vec<RankOps<'_>>],
) -> Vec<Matched<'a>> {
    let comm = |member: RunMember| {
        let of_trace = &gathered[member.trace];
        let rank = &of_trace[position(of_trace, member.rank)?];
        let trace = traces[member.trace];
        let ops = rank.ops.iter().filter(|op| meets(trace, op)).copied().collect();
        Some(RankComm { member, trace, ops })
    };
    let of_run = |mut run: Vec<RunMember>| {
        run.sort_by_key(|member| member.rank);
        let run: Vec<RankComm<'a>> = run.into_iter().filter_map(comm).collect();
        let found = match_run(&run);
        (run, found)
    };
    runs(traces, rows).into_iter().map(of_run).collect()
}

/// Runs that only their clocks keep apart become one.
fn united<'a>(traces: &[&'a Trace], runs: Vec<Matched<'a>>) -> Vec<Matched<'a>> {
    // Ranks of one trace have one clock.
    if traces.len() < 2 {
        return runs;
    }
    let is_enough = |run: &Matched<'_>| run.0.iter().all(|rank| rank.ops.len() >= ENOUGH);
    let (runs, mut alone): (Vec<_>, Vec<_>) = runs.into_iter().partition(is_enough);
    let mut out: Vec<Matched<'a>> = Vec::new();
    for run in runs {
        let together = out.iter().enumerate().find_map(|(at, known)| {
            may_be_one(traces, &known.0, &run.0)
                .then(|| together(&known.0, &run.0))?
                .map(|one| (at, one))
        });
        match together {
            Some((at, one)) => out[at] = one,
            None => out.push(run),
        }
    }
    out.append(&mut alone);
    out
}

fn may_be_one(traces: &[&Trace], one: &[RankComm<'_>], other: &[RankComm<'_>]) -> bool {
    let all = || one.iter().chain(other);
    let world = |rank: &RankComm<'_>| traces[rank.member.trace].meta.world_size as usize;
    let server =
        |rank: &RankComm<'_>| rank.trace.meta.server_of(rank.member.rank).map(str::to_owned);
    let are_of_several = all().any(|rank| server(rank) != all().next().and_then(server));
    let is_off = |rank: &RankComm<'_>| are_of_several || !rank.trace.meta.has_exact_clock();
    let apart = |a: &RankComm<'_>| {
        other.iter().all(|b| a.member.rank != b.member.rank && a.member.trace != b.member.trace)
    };
    let Some(size) = all().next().map(world) else { return false };
    one.iter().all(apart)
        && all().count() <= size
        && all().all(|rank| world(rank) == size && is_off(rank))
}

/// Both as one run, where their collectives say that they are.
fn together<'a>(one: &[RankComm<'a>], other: &[RankComm<'a>]) -> Option<Matched<'a>> {
    let mut run: Vec<RankComm<'a>> = one.iter().chain(other).cloned().collect();
    run.sort_by_key(|rank| rank.member.rank);
    let found = match_run(&run);
    // Partners of a rank may be in a file that comes later.
    let is_matched = |rank: &RankMatch| rank.matched == 0 || rank.matched >= 4 * rank.unmatched;
    let is_one = found.ranks.iter().all(is_matched)
        && found.clocks.iter().all(|clock| clock.residual_p99_ns <= NEAR_NS);
    // Groups of which each lies within one of the two say nothing of both together.
    let of_one = |trace: usize| one.iter().any(|rank| rank.member.trace == trace);
    let across = found.matched.iter().filter(|collective| {
        let first = of_one(collective.members[0].trace);
        collective.members.iter().any(|member| of_one(member.trace) != first)
    });
    (is_one && across.count() >= ENOUGH).then_some((run, found))
}
