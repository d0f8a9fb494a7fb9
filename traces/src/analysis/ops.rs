//! What the questions share, gathered once: ops by rank, iterations, unions, matched collectives, waits.

mod matched_runs;

use std::sync::Arc;

use super::caveats::{Ran, caveats};
use super::gpu_ops::{cut, gpu_ops};
use super::intervals::IntervalSet;
use super::iterations::{HostSteps, assign, iteration_of, marks};
use super::plausible::{in_words, one_within_another, set_aside, short_iterations};
use super::rank_rows::{RankRows, Rows, rank_rows};
use super::structure::recover;
use super::waits::WaitMethod;
use super::{Collectives, Config, GpuOp, Iteration, RankStructure};
use crate::model::{Kind, LaneId, Span, Trace};
use matched_runs::match_and_wait;

/// A trace, narrowed by a [`Config`], with what several questions ask of it. Every analysis takes one.
///
/// Costs a sort of the ops on streams and one look at every block on an SM (for the waits at barriers).
#[derive(Clone, Debug)]
pub struct Ops<'a> {
    /// The trace.
    pub trace: &'a Trace,
    /// By rank, ascending.
    pub ranks: Vec<RankOps<'a>>,
    pub(super) window: Option<Span>,
    run: Arc<Run>,
    index: usize,
}

/// What one rank ran.
#[derive(Clone, Debug)]
pub struct RankOps<'a> {
    /// The rank.
    pub rank: u32,
    /// Kernels and copies of its streams in order of start, cut to the window; without what its streams cannot have run.
    pub ops: Vec<GpuOp>,
    /// Its iterations, by its marks and by the ranges of its host; empty without either.
    pub iterations: Vec<Iteration>,
    /// Time with computation on a stream.
    pub compute: IntervalSet,
    /// Time with communication on a stream.
    pub comm: IntervalSet,
    /// How [`GpuOp::wait_ns`] was obtained.
    pub wait_method: WaitMethod,
    /// Communication ops of the whole trace of which it is not known: no other rank has the same collective.
    pub unmatched: usize,
    /// Its passes and layers, and where they are known from; of the whole recording.
    pub structure: RankStructure,
    /// Lanes of every SM, one list an SM, SMs without slices included.
    pub(crate) sms: Vec<&'a [LaneId]>,
}

/// What traces that were gathered together share.
#[derive(Debug, Default)]
struct Run {
    ranks: Vec<u32>,
    collectives: Collectives,
    caveats: Vec<String>,
}

impl<'a> Ops<'a> {
    /// The ops of one trace.
    pub fn of(trace: &'a Trace, config: &Config) -> Self {
        let (mut gathered, run) = gather(&[trace], config);
        let ranks = gathered.pop().unwrap_or_default();
        Self { trace, ranks, window: config.window, run: Arc::new(run), index: 0 }
    }

    /// The ops of several traces, one each. Traces of one run (they name the same world size, hold different ranks, and
    /// their streams were busy at the same time) are matched, so that waiting for a rank recorded in another file is
    /// seen.
    pub fn together(traces: &[&'a Trace], config: &Config) -> Vec<Self> {
        let (gathered, run) = gather(traces, config);
        let run = Arc::new(run);
        let one = |(index, (&trace, ranks))| {
            let run = Arc::clone(&run);
            Self { trace, ranks, window: config.window, run, index }
        };
        traces.iter().zip(gathered).enumerate().map(one).collect()
    }

    /// Collectives of all traces gathered together, on the clock of the first. The window is not applied: a
    /// collective cut off on one rank would shift the turns of all later ones.
    pub fn collectives(&self) -> &Collectives {
        &self.run.collectives
    }

    /// The ranks of all traces gathered together, ascending.
    pub fn ranks_of_run(&self) -> &[u32] {
        &self.run.ranks
    }

    /// Reasons to doubt the figures, a sentence each: records that cannot be and were left out, a recording that is there
    /// twice, measured times beside modelled ones.
    pub fn caveats(&self) -> &[String] {
        &self.run.caveats
    }

    /// Which of the traces gathered together this is, as [`Member::trace`](super::Member::trace) counts them.
    pub fn index(&self) -> usize {
        self.index
    }
}

impl RankOps<'_> {
    /// SMs of the rank: what its device states, or the rows drawn when that is more.
    pub(super) fn num_sms(&self, trace: &Trace) -> usize {
        let known = trace.meta.ranks.iter().find(|info| info.rank == self.rank);
        let stated = known.map_or(0, |info| info.device.sms as usize);
        stated.max(self.sms.len())
    }

    /// The iteration of an op by position: its own, and of one in none that which started last before it, else the first.
    pub(crate) fn iteration_of(&self, op: &GpuOp) -> usize {
        iteration_of(&self.iterations, op)
    }

    /// The iteration that lasts at a time, by position; of several that started last.
    pub(super) fn iteration_at(&self, at_ns: i64) -> Option<usize> {
        let started = self.iterations.partition_point(|it| it.span.start_ns <= at_ns);
        let last = started.checked_sub(1)?;
        self.iterations[last].span.contains(at_ns).then_some(last)
    }

    /// Ops by iteration, in order of start.
    pub(crate) fn by_iteration(&self) -> Vec<Vec<GpuOp>> {
        let ops = |at: Vec<usize>| at.into_iter().map(|at| self.ops[at]).collect();
        self.indices_by_iteration().into_iter().map(ops).collect()
    }

    /// The same by their positions in [`ops`](Self::ops).
    pub(crate) fn indices_by_iteration(&self) -> Vec<Vec<usize>> {
        let mut parts = vec![Vec::new(); self.iterations.len()];
        for (index, op) in self.ops.iter().enumerate() {
            if let Some(part) = op.iteration().and_then(|at| parts.get_mut(at)) {
                part.push(index);
            }
        }
        parts
    }

    /// Leaves out what its streams cannot have run, and finds the iteration of every other op; gives reasons for doubt.
    fn find_iterations(
        &mut self,
        trace: &Trace,
        rows: &RankRows<'_>,
        host: &HostSteps<'_>,
    ) -> Vec<String> {
        let aside = set_aside(&mut self.ops);
        let marks = marks(trace, rows.iterations);
        let mut doubts = in_words(trace, self.rank, &aside);
        doubts.extend(one_within_another(trace, self.rank, &self.ops));
        doubts.extend(short_iterations(self.rank, &self.ops, &marks));
        self.iterations = assign(&marks, host, &mut self.ops);
        if self.iterations.is_empty() && !self.ops.is_empty() {
            doubts.extend(host.unused(self.rank));
        }
        doubts
    }

    /// Finds its passes and layers and writes into its ops where they belong; they must be whole.
    fn find_places(&mut self, trace: &Trace) {
        self.structure = recover(trace, self.rank, &mut self.ops, &self.iterations);
    }

    /// Time with an op of a kind that `keep` accepts.
    pub(super) fn union_of(&self, keep: impl Fn(Kind) -> bool) -> IntervalSet {
        self.ops.iter().filter(|op| keep(op.kind)).map(|op| op.span).collect()
    }
}

/// The ranks of every trace, and what they share.
fn gather<'a>(traces: &[&'a Trace], config: &Config) -> (Vec<Vec<RankOps<'a>>>, Run) {
    let rows: Vec<Rows<'a>> = traces.iter().map(|trace| rank_rows(trace, config)).collect();
    let whole = |(&trace, rows): (&&'a Trace, &Rows<'a>)| -> Vec<RankOps<'a>> {
        rows.iter().map(|(&rank, rows)| whole_rank(trace, rank, rows)).collect()
    };
    let mut gathered: Vec<Vec<RankOps<'a>>> = traces.iter().zip(&rows).map(whole).collect();
    let mut impossible = Vec::new();
    for ((&trace, rows), ranks) in traces.iter().zip(&rows).zip(&mut gathered) {
        let host = HostSteps::of(trace);
        for rank in ranks {
            impossible.extend(rank.find_iterations(trace, &rows[&rank.rank], &host));
            rank.find_places(trace);
        }
    }
    let ran: Vec<Ran<'_>> = traces
        .iter()
        .zip(&gathered)
        .flat_map(|(&trace, of)| of.iter().map(move |rank| (trace, rank.rank, rank.ops.as_slice())))
        .collect();
    let caveats = caveats(&ran).into_iter().chain(impossible).collect();
    let collectives = match_and_wait(traces, &rows, &mut gathered);
    for rank in gathered.iter_mut().flatten() {
        if let Some(window) = config.window {
            cut(&mut rank.ops, window);
        }
        rank.compute = rank.union_of(Kind::is_compute);
        rank.comm = rank.union_of(Kind::is_comm);
    }
    let mut ranks: Vec<u32> = gathered.iter().flatten().map(|rank| rank.rank).collect();
    ranks.sort_unstable();
    ranks.dedup();
    (gathered, Run { ranks, collectives, caveats })
}

/// The ranks of a trace with where their ops belong and nothing beyond; `go_on` is asked between steps of what takes long.
///
/// # Errors
/// Those of `go_on`.
pub(super) fn placed_ranks<'a, E>(
    trace: &'a Trace,
    go_on: &mut dyn FnMut() -> Result<(), E>,
) -> Result<Vec<RankOps<'a>>, E> {
    let rows = rank_rows(trace, &Config::default());
    let mut ranks = Vec::with_capacity(rows.len());
    let host = HostSteps::of(trace);
    for (&rank, rows) in &rows {
        go_on()?;
        let mut rank = whole_rank(trace, rank, rows);
        go_on()?;
        rank.find_iterations(trace, rows, &host);
        go_on()?;
        rank.find_places(trace);
        ranks.push(rank);
    }
    go_on()?;
    Ok(ranks)
}

/// A rank before its ops are matched with others' and cut to the window.
fn whole_rank<'a>(trace: &'a Trace, rank: u32, rows: &RankRows<'a>) -> RankOps<'a> {
    RankOps {
        rank,
        ops: gpu_ops(trace, rows),
        iterations: Vec::new(),
        compute: IntervalSet::default(),
        comm: IntervalSet::default(),
        wait_method: WaitMethod::SingleRank,
        unmatched: 0,
        structure: RankStructure::default(),
        sms: rows.sms.clone(),
    }
}
