//! How fast do collectives move their bytes?

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::collectives::Volume;
use super::stats::median;
use super::{GpuOp, Ops};
use crate::model::SliceRef;

/// Bandwidth of the communication of a trace, all ranks together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BandwidthReport {
    /// One operation and one size each, most time first.
    pub rows: Vec<BandwidthRow>,
    /// Communication ops.
    pub ops: usize,
    /// Of them with a size that is not known: the recording does not say bytes, type or ranks.
    pub unknown: usize,
}

/// Collectives of one operation, size and number of ranks.
///
/// Bandwidths are as nccl-tests defines them, in bytes a second: algorithm bandwidth is size over time, bus bandwidth
/// that times a factor of operation and ranks, which can be held against the speed of a link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandwidthRow {
    /// `all_reduce`, `all_gather` …
    pub operation: String,
    /// Ranks that take part; `None` where only the plan's bytes are known.
    pub ranks: Option<usize>,
    /// Bytes of a rank's whole buffer; `None` where only the plan's bytes over the link are known.
    pub bytes: Option<f64>,
    /// Bytes over a link in one direction.
    pub bus_bytes: f64,
    /// How many.
    pub count: usize,
    /// Sum of their durations.
    pub total_ns: i64,
    /// Median duration, waiting for a late rank included.
    pub median_ns: i64,
    /// Algorithm bandwidth of the median duration; `None` where the buffer's size is not known.
    pub alg_per_s: Option<f64>,
    /// Bus bandwidth of the median duration.
    pub bus_per_s: f64,
    /// Bus bandwidth of the shortest.
    pub best_bus_per_s: f64,
    /// Bus bandwidth of the median time after the last rank had arrived; `None` where that is not known.
    pub arrived_bus_per_s: Option<f64>,
    /// The shortest.
    pub best: SliceRef,
    /// The longest.
    pub worst: SliceRef,
}

/// Bandwidth of all communication.
pub fn bandwidth(ops: &Ops<'_>) -> BandwidthReport {
    let mut report = BandwidthReport::default();
    let mut groups: BTreeMap<Key, Vec<&GpuOp>> = BTreeMap::new();
    for rank in &ops.ranks {
        // A window cuts ops, and what is left of one says nothing of its rate.
        let is_whole = |op: &&GpuOp| ops.trace.span_of(op.slice) == op.span;
        for op in rank.ops.iter().filter(|op| op.kind.is_comm()).filter(is_whole) {
            report.ops += 1;
            let volume = Volume::of(ops.trace, rank.rank, op);
            match volume.bus_bytes.filter(|_| !op.span.is_empty()) {
                Some(bus_bytes) => groups.entry(Key::of(volume, bus_bytes)).or_default().push(op),
                None => report.unknown += 1,
            }
        }
    }
    report.rows = groups.into_iter().filter_map(|(key, ops)| row(key, &ops)).collect();
    report.rows.sort_by_key(|row| Reverse(row.total_ns));
    report
}

/// What one row has in common. Bytes as bits, which order as the numbers do: none is negative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    operation: String,
    ranks: Option<usize>,
    bytes: Option<u64>,
    bus_bytes: u64,
}

impl Key {
    fn of(volume: Volume, bus_bytes: f64) -> Self {
        let Volume { operation, ranks, bytes, .. } = volume;
        Self { operation, ranks, bytes: bytes.map(f64::to_bits), bus_bytes: bus_bytes.to_bits() }
    }
}

fn row(key: Key, ops: &[&GpuOp]) -> Option<BandwidthRow> {
    let bus_bytes = f64::from_bits(key.bus_bytes);
    let bytes = key.bytes.map(f64::from_bits);
    let durations: Vec<i64> = ops.iter().map(|op| op.span.len_ns()).collect();
    let total_ns = durations.iter().sum();
    let best = ops.iter().min_by_key(|op| op.span.len_ns())?;
    let worst = ops.iter().max_by_key(|op| op.span.len_ns())?;
    let median_ns = median(durations)?;
    let per_s = |bytes: f64, ns: i64| bytes / (ns.max(1) as f64 / 1e9);
    let arrived: Option<Vec<i64>> = ops
        .iter()
        .map(|op| op.wait_ns.map(|wait_ns| op.span.len_ns() - wait_ns.min(op.span.len_ns())))
        .collect();
    let arrived_ns = arrived.and_then(median).filter(|&ns| ns > 0);
    Some(BandwidthRow {
        operation: key.operation,
        ranks: key.ranks,
        bytes,
        bus_bytes,
        count: ops.len(),
        total_ns,
        median_ns,
        alg_per_s: bytes.map(|bytes| per_s(bytes, median_ns)),
        bus_per_s: per_s(bus_bytes, median_ns),
        best_bus_per_s: per_s(bus_bytes, best.span.len_ns()),
        arrived_bus_per_s: arrived_ns.map(|ns| per_s(bus_bytes, ns)),
        best: best.slice,
        worst: worst.slice,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    fn report(text: &str) -> BandwidthReport {
        bandwidth(&Ops::of(&trace(text), &Config::default()))
    }

    /// 8 MB of bf16 over 4 ranks in 100 µs: 80 GB/s by the algorithm, times 2·3/4 over the bus.
    #[test]
    fn an_all_reduce_moves_twice_all_but_its_own_part() {
        let report = report(
            "rank 0
             stream 1: comm 0..100000 ncclDevKernel_AllReduce_Sum nelems=4000000 members=0,1,2,3 dtype=BFloat16; comm 200000..280000 ncclDevKernel_AllReduce_Sum nelems=4000000 members=0,1,2,3 dtype=BFloat16; comm 300000..400000 ncclDevKernel_AllReduce_Sum nelems=4000000 members=0,1,2,3 dtype=BFloat16; comm 500000..600000 mystery",
        );
        assert_eq!((report.ops, report.unknown), (4, 1));
        let row = &report.rows[0];
        assert_eq!((row.operation.as_str(), row.ranks, row.count), ("all_reduce", Some(4), 3));
        assert_eq!((row.bytes, row.median_ns), (Some(8e6), 100_000));
        let rates = [row.alg_per_s.unwrap_or(0.0), row.bus_per_s, row.best_bus_per_s];
        for (rate, expected) in rates.into_iter().zip([80e9, 120e9, 150e9]) {
            assert!((rate / expected - 1.0).abs() < 1e-12, "{rate} {expected}");
        }
        assert_eq!(row.arrived_bus_per_s, None);
    }

    #[test]
    fn waiting_is_no_transfer_and_a_plan_says_its_bytes() {
        let report = report(
            "rank 0
             stream 1: comm 0..100 all_reduce op=1 link=3000
             rank 1
             stream 1: comm 40..100 all_reduce op=1 link=3000",
        );
        let row = &report.rows[0];
        assert_eq!((row.count, row.bus_bytes, row.alg_per_s), (2, 3000.0, None));
        assert_eq!(row.median_ns, 80);
        let rates = [row.best_bus_per_s, row.arrived_bus_per_s.unwrap_or(0.0)];
        assert!(rates.iter().all(|rate| (rate / 50e9 - 1.0).abs() < 1e-12), "{rates:?}");
    }
}
