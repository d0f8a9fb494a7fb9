//! From the rings of a run of iterations to what an observer receives, one iteration after another.

use weftscope_kernels::abi::{DeviceError, Stamp};

use super::prepared::Prepared;
use crate::{
    clock::ClockFit,
    cuda::stamps::{BEGIN, block_records, marked_ops},
    executor::{ExecError, IterationTime},
    observer::{
        BlockRecord, ClockResidual, Counter, CounterRecord, IterationEnd, Observer, OpRecord,
    },
    plan::{OpId, Plan},
};

/// What one rank wrote in one iteration.
struct Written {
    stamps: Vec<Stamp>,
    /// Stamps that found no slot, of the whole run of iterations: reported with the last.
    dropped: u64,
}

/// Reads rings and errors of `count` iterations from `first` on, and notifies the observer of each.
pub(super) fn report(
    prepared: &Prepared,
    fits: &[ClockFit],
    (first, count): (u64, u32),
    observer: &mut dyn Observer,
) -> Result<Vec<IterationTime>, ExecError> {
    let (plan, first_rank) = (&prepared.plan, prepared.first_rank);
    let (mut by_rank, mut busiest) = (Vec::new(), Vec::new());
    for (index, rank) in prepared.ranks.iter().enumerate() {
        if let Some(error) = rank.recording.first_error()? {
            return Err(timeout(plan, first_rank + index as u32, &error));
        }
        let read = rank.recording.read()?;
        let experts = rank.act().experts.as_ref().filter(|_| !read.stamps.is_empty());
        busiest.push(experts.map_or_else(|| Ok(Vec::new()), |experts| experts.busiest(plan))?);
        by_rank.push(by_iteration(read.stamps, read.dropped, count));
    }
    let event_ns = prepared.event_ns()?;
    let unknown = vec![None; plan.ops.len()];
    let isolated_ns = prepared.isolated_ns.as_ref().unwrap_or(&unknown);
    let mut times = Vec::with_capacity(count as usize);
    for index in 0..count as usize {
        let iteration = first + index as u64;
        observer.begin(plan, iteration, isolated_ns);
        // Every iteration of a run has the same batch, so that its tokens go where those of the last went.
        let ranks = by_rank.iter().map(|iterations| &iterations[index]).zip(&busiest);
        let Notified { time, lost } = notify((plan, first_rank), ranks, fits, observer);
        let time = time.unwrap_or(IterationTime { start_ns: 0, end_ns: event_ns[index] });
        observer.clocks(&residuals(first_rank, fits));
        let IterationTime { start_ns, end_ns } = time;
        observer.end(&IterationEnd { iteration, start_ns, end_ns, lost });
        times.push(time);
    }
    Ok(times)
}

/// Stamps by iteration: each begins with a mark, and nothing of the next starts before the one before has ended.
fn by_iteration(stamps: Vec<Stamp>, dropped: u64, count: u32) -> Vec<Written> {
    let mut begins: Vec<u64> =
        stamps.iter().filter(|stamp| stamp.op == BEGIN).map(|stamp| stamp.start_ns).collect();
    begins.sort_unstable();
    let mut iterations: Vec<Written> =
        (0..count).map(|_| Written { stamps: Vec::new(), dropped: 0 }).collect();
    for stamp in stamps.into_iter().filter(|stamp| stamp.op != BEGIN) {
        let index = begins.partition_point(|&begin| begin <= stamp.start_ns).saturating_sub(1);
        iterations[index.min(count as usize - 1)].stamps.push(stamp);
    }
    if let Some(last) = iterations.last_mut() {
        last.dropped = dropped;
    }
    iterations
}

/// What one iteration came to.
struct Notified {
    /// When anything was stamped.
    time: Option<IterationTime>,
    /// What was lost, by name.
    lost: Vec<(&'static str, u64)>,
}

/// Notifies the observer of one iteration of all ranks.
fn notify<'w>(
    (plan, first_rank): (&Plan, u32),
    ranks: impl Iterator<Item = (&'w Written, &'w Vec<(OpId, f64)>)>,
    fits: &[ClockFit],
    observer: &mut dyn Observer,
) -> Notified {
    let num_ops = plan.ops.len();
    let (mut overflowed, mut unreadable) = (0, 0);
    let mut time: Option<IterationTime> = None;
    for (rank, ((written, busiest), fit)) in (first_rank..).zip(ranks.zip(fits)) {
        let Written { stamps, dropped } = written;
        let (records, loss) = block_records(stamps, *dropped, rank as u16, num_ops as u32, fit);
        overflowed += loss.overflowed;
        unreadable += loss.unreadable;
        let marked = marked_ops(stamps, rank, num_ops as u32, fit);
        let spans = op_records(&records, rank, num_ops);
        observer.counters(&busiest_experts(&spans, busiest));
        for op in spans.into_iter().chain(marked) {
            let whole =
                time.get_or_insert(IterationTime { start_ns: op.start_ns, end_ns: op.end_ns });
            whole.start_ns = whole.start_ns.min(op.start_ns);
            whole.end_ns = whole.end_ns.max(op.end_ns);
            observer.op(op);
        }
        observer.blocks(&records);
    }
    let lost = vec![("stamps past the ring's room", overflowed), ("unreadable stamps", unreadable)];
    Notified { time, lost }
}

/// How well the clocks of the ranks lie on that of the first here.
fn residuals(first_rank: u32, fits: &[ClockFit]) -> Vec<ClockResidual> {
    let what = match first_rank {
        0 => "GPU clock against rank 0's, by flags over the link",
        _ => "GPU clock against that of its process' first rank, by flags over the link",
    };
    let others = (first_rank..).zip(fits).skip(1);
    others
        .map(|(rank, fit)| ClockResidual {
            rank,
            what,
            residual_p99_ns: fit.residual_p99_ns(),
            readings: fit.num_pairs() as u64,
            map: Some(*fit),
        })
        .collect()
}

/// First start to last end of each op that left records.
fn op_records(records: &[BlockRecord], rank: u32, num_ops: usize) -> Vec<OpRecord> {
    let mut spans: Vec<Option<OpRecord>> = vec![None; num_ops];
    for record in records {
        let span = spans[record.op.0 as usize].get_or_insert(OpRecord {
            op: record.op,
            rank,
            start_ns: record.start_ns,
            end_ns: record.end_ns,
        });
        span.start_ns = span.start_ns.min(record.start_ns);
        span.end_ns = span.end_ns.max(record.end_ns);
    }
    spans.into_iter().flatten().collect()
}

/// What is known of the rows of experts, from where each of these ops began.
fn busiest_experts(spans: &[OpRecord], busiest: &[(OpId, f64)]) -> Vec<CounterRecord> {
    let record = |&(op, value): &(OpId, f64)| {
        // Spans come in order of their ops.
        let span = &spans[spans.binary_search_by_key(&op, |span| span.op).ok()?];
        let (counter, rank, at_ns) = (Counter::BusiestExpert, span.rank, span.start_ns);
        Some(CounterRecord { counter, rank, at_ns, value })
    };
    let mut records: Vec<_> = busiest.iter().filter_map(record).collect();
    records.sort_by_key(|record| record.at_ns);
    records
}

fn timeout(plan: &Plan, rank: u32, error: &DeviceError) -> ExecError {
    let op = plan.ops.get(error.op as usize).map_or("clock exchange", |op| op.role.name());
    ExecError::BarrierTimeout { op: op.to_owned(), rank, block: error.block, peer: error.peer }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_fall_to_the_iteration_that_began_before_them() {
        let stamp = |at, op| Stamp { start_ns: at, end_ns: at + 5, op, ..Stamp::default() };
        let stamps =
            vec![stamp(30, 2), stamp(10, BEGIN), stamp(20, BEGIN), stamp(12, 1), stamp(20, 1)];
        let iterations = by_iteration(stamps, 3, 2);
        let ops: Vec<Vec<u32>> = iterations
            .iter()
            .map(|one| one.stamps.iter().map(|stamp| stamp.op).collect())
            .collect();
        assert_eq!(ops, [vec![1], vec![2, 1]]);
        assert_eq!((iterations[0].dropped, iterations[1].dropped), (0, 3));
    }

    #[test]
    fn where_tokens_went_is_told_from_the_start_of_the_ops_that_multiply_them() {
        let span = |op, start_ns| OpRecord { op: OpId(op), rank: 3, start_ns, end_ns: 90 };
        let told = busiest_experts(
            &[span(1, 40), span(2, 5), span(4, 20)],
            &[(OpId(4), 1.5), (OpId(1), 3.0)],
        );
        let told: Vec<_> = told.iter().map(|it| (it.rank, it.at_ns, it.value)).collect();
        assert_eq!(told, [(3, 20, 1.5), (3, 40, 3.0)]);
    }
}
