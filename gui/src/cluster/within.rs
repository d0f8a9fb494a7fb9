//! One iteration over time: of each rank what it does from its own start on.

use std::ops::ControlFlow;

use weftscope_traces::digest::{OpTimes, read_op_times};

use super::{Cluster, Measure, read::each_part};
use crate::jobs::{Cancelled, JobControl, spread};

/// Stretches into which an iteration is cut.
pub const BINS: usize = 240;
/// Ranks that are read between two looks whether it is still wanted.
const AT_ONCE: usize = 8;

/// One iteration of all ranks over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Within {
    /// Its column.
    pub column: usize,
    /// Of the longest rank, ns: what all stretches are together.
    pub len_ns: i64,
    /// By rank, then stretch: shares of it that are exposed, and that are waited.
    ranks: Vec<Option<Bins>>,
    /// What could not be read: place and cause.
    pub unread: Vec<String>,
}

/// Shares of each stretch.
#[derive(Clone, Debug, Default, PartialEq)]
struct Bins {
    busy: Vec<f32>,
    exposed: Vec<f32>,
    waiting: Vec<f32>,
}

impl Within {
    /// What of a stretch of a rank is as the measure says. `None`: not known.
    pub fn value(&self, rank: usize, bin: usize, measure: Measure) -> Option<f64> {
        let bins = self.ranks.get(rank)?.as_ref()?;
        let share = match measure {
            Measure::Exposed => *bins.exposed.get(bin)?,
            Measure::Waiting => *bins.waiting.get(bin)?,
            Measure::Idle => 1.0 - bins.busy.get(bin)?.min(1.0),
            Measure::Compute | Measure::Slower => {
                bins.busy.get(bin)?.min(1.0) - bins.exposed.get(bin)?
            }
        };
        Some(f64::from(share.clamp(0.0, 1.0)))
    }
}

/// Reads one iteration of all ranks, op by op.
///
/// # Errors
/// When it was cancelled.
pub fn within(cluster: &Cluster, column: usize, control: &JobControl) -> Result<Within, Cancelled> {
    let lens = cluster.ranks.iter().filter_map(|rank| rank.rows[column].as_ref());
    let len_ns = lens.map(|row| row.end_ns - row.start_ns).max().unwrap_or(0).max(1);
    let (mut ranks, mut unread) = (Vec::with_capacity(cluster.ranks.len()), Vec::new());
    let all: Vec<usize> = (0..cluster.ranks.len()).collect();
    for some in all.chunks(AT_ONCE) {
        control.step(ranks.len() as u64, all.len() as u64)?;
        for bins in spread(some.len(), |at| one(cluster, (some[at], column), len_ns)) {
            ranks.push(bins.unwrap_or_else(|cause| {
                unread.push(cause);
                None
            }));
        }
    }
    Ok(Within { column, len_ns, ranks, unread })
}

fn one(
    cluster: &Cluster,
    (rank, column): (usize, usize),
    len_ns: i64,
) -> Result<Option<Bins>, String> {
    let rank = &cluster.ranks[rank];
    let Some(row) = &rank.rows[column] else { return Ok(None) };
    let none = || vec![0.0; BINS];
    let mut bins = Bins { busy: none(), exposed: none(), waiting: none() };
    // Until when something has been running: ops come in order of start.
    let mut busy_until_ns = row.start_ns;
    let take = &mut |op: OpTimes| {
        if op.iteration == row.iteration {
            let at = |ns: i64| ns - row.start_ns;
            let from_ns = op.start_ns.max(busy_until_ns);
            add(&mut bins.busy, (at(from_ns), at(op.end_ns)), 1.0, len_ns);
            busy_until_ns = busy_until_ns.max(op.end_ns);
            let long_ns = (op.end_ns - op.start_ns).max(1) as f64;
            if let Some(exposed_ns) = op.exposed_ns {
                // Where in the op it is exposed is not in a digest: all over it.
                let share = exposed_ns as f64 / long_ns;
                add(&mut bins.exposed, (at(op.start_ns), at(op.end_ns)), share, len_ns);
            }
            if let Some(wait_ns) = op.wait_ns {
                // A late rank is waited for first.
                add(&mut bins.waiting, (at(op.start_ns), at(op.start_ns + wait_ns)), 1.0, len_ns);
            }
        }
        ControlFlow::Continue(())
    };
    each_part(&rank.ops, |file| read_op_times(file, take), |()| {})?;
    Ok(Some(bins))
}

/// Adds a stretch of time, counted so much, to the bins that it lies in.
fn add(bins: &mut [f32], (from_ns, to_ns): (i64, i64), weight: f64, len_ns: i64) {
    let bin_ns = len_ns as f64 / bins.len() as f64;
    let place = |ns: i64| (ns as f64 / bin_ns).clamp(0.0, bins.len() as f64);
    let (from, to) = (place(from_ns), place(to_ns));
    let (first, last) = (from as usize, (to.ceil() as usize).min(bins.len()));
    for (bin, held) in bins.iter_mut().enumerate().take(last).skip(first) {
        let inside = to.min(bin as f64 + 1.0) - from.max(bin as f64);
        if inside > 0.0 {
            *held += (inside * weight) as f32;
        }
    }
}
