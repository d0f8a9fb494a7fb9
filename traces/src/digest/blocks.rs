//! How long the thread blocks of each op hold their places on SMs.

use std::collections::HashMap;

use crate::analysis::RankOps;
use crate::model::{Kind, LabelId, SliceTable, Span, Trace};

/// SM time of a rank's ops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SmTimes {
    /// By op, as [`RankOps::ops`] has them: the lengths of its blocks' stretches, summed, ns. `None` of an op without blocks.
    pub by_op_ns: Vec<Option<i64>>,
    /// Stretches of blocks that were looked at.
    pub blocks: u64,
    /// Of them those that lie in no op of theirs, which no row has.
    pub outside: u64,
}

/// SM time by op; `None` where the rank has no thread blocks.
///
/// A block belongs to the op with its label that runs when it starts, of several to the one that started last; a wait to the
/// op of the plan that it says, else to the communication that runs. Linear in the blocks: those of a slot are in order, so each is found where the last one was.
pub fn sm_times(trace: &Trace, rank: &RankOps<'_>) -> Option<SmTimes> {
    let has_blocks =
        |lanes: &&[crate::LaneId]| lanes.iter().any(|&lane| !trace.lane(lane).slices.is_empty());
    if !rank.sms.iter().any(has_blocks) {
        return None;
    }
    let runs = Runs::of(trace, rank);
    let mut times = SmTimes { by_op_ns: vec![None; rank.ops.len()], ..SmTimes::default() };
    let mut near = vec![0; runs.lists.len()];
    for &lane in rank.sms.iter().copied().flatten() {
        times.add(&trace.lane(lane).slices, &runs, &mut near);
    }
    Some(times)
}

impl SmTimes {
    fn add(&mut self, slices: &SliceTable, runs: &Runs, near: &mut [usize]) {
        self.blocks += slices.len() as u64;
        for row in 0..slices.len() {
            let list = runs.of_label[slices.label[row].0 as usize];
            let span = slices.span(row);
            let found = match list {
                Some(list) => runs.at(list as usize, span, &mut near[list as usize]),
                None => None,
            };
            match found {
                Some(op) => *self.by_op_ns[op].get_or_insert(0) += span.len_ns(),
                None => self.outside += 1,
            }
        }
    }
}

/// The ops of a rank by label, each list in order of start.
struct Runs {
    /// By label: its list; `None` where no op is of it.
    of_label: Vec<Option<u32>>,
    lists: Vec<Vec<Run>>,
}

#[derive(Clone, Copy)]
struct Run {
    span: Span,
    /// Position among the ops of the rank.
    op: usize,
}

impl Runs {
    fn of(trace: &Trace, rank: &RankOps<'_>) -> Self {
        let mut of_label: Vec<Option<u32>> = vec![None; trace.labels.len()];
        let mut lists: Vec<Vec<Run>> = Vec::new();
        let mut of_plan: HashMap<u32, u32> = HashMap::new();
        let mut comm: Vec<Run> = Vec::new();
        for (op, it) in rank.ops.iter().enumerate() {
            let LabelId(label) = it.label;
            let list = *of_label[label as usize].get_or_insert_with(|| {
                lists.push(Vec::new());
                lists.len() as u32 - 1
            });
            if let Some(facts) = &trace.label(it.label).facts {
                of_plan.entry(facts.op).or_insert(list);
            }
            let run = Run { span: it.span, op };
            lists[list as usize].push(run);
            comm.extend(it.kind.is_comm().then_some(run));
        }
        // Waits have labels of their own, which may not say the op: they are of the communication that runs.
        let any = lists.len() as u32;
        lists.push(comm);
        for (of, label) in of_label.iter_mut().zip(&trace.labels) {
            let planned = label.facts.as_ref().and_then(|facts| of_plan.get(&facts.op));
            let waits = (label.kind == Kind::Wait).then_some(any);
            *of = of.or(planned.copied()).or(waits);
        }
        Self { of_label, lists }
    }

    /// The op of a list in which a block lies, looked for first where the last one was.
    fn at(&self, list: usize, block: Span, near: &mut usize) -> Option<usize> {
        let runs = &self.lists[list];
        let started = |run: &Run| run.span.start_ns <= block.start_ns;
        let is_last =
            |at: usize| runs.get(at).is_some_and(started) && !runs.get(at + 1).is_some_and(started);
        let last = match (is_last(*near), is_last(*near + 1)) {
            (true, _) => Some(*near),
            (_, true) => Some(*near + 1),
            _ => runs.partition_point(started).checked_sub(1),
        };
        *near = last.unwrap_or(0);
        // What starts with an op is of it, be both empty.
        let Span { start_ns, .. } = block;
        let holds = |run: &&Run| start_ns < run.span.end_ns || start_ns == run.span.start_ns;
        if let Some(run) = last.and_then(|at| runs.get(at)).filter(holds) {
            return Some(run.op);
        }
        // Clocks of blocks and of ops may differ a little.
        let next = runs.get(last.map_or(0, |at| at + 1));
        next.filter(|run| run.span.start_ns < block.end_ns).map(|run| run.op)
    }
}
