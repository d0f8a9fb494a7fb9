//! A made-up cluster, rank by rank: what it is asked for stands in its file.

use std::fs::{File, create_dir_all};
use std::path::Path;

use weftscope_traces::digest::{
    CollectiveRow, DigestOf, IterationRow, Kind, OpRow, write_iterations, write_ops,
};
use weftscope_traces::{Phase, Split};

/// Four servers of four ranks: groups of a server meet ten times an iteration, then each rank its twin on every other server.
/// All times are true ones; each server shows them by a clock of its own.
#[derive(Clone, Debug)]
pub(crate) struct MadeUp {
    pub(crate) iterations: i64,
    /// Between iterations, ns.
    pub(crate) every_ns: i64,
    /// The rank whose computation takes longer by this share, from an iteration on.
    pub(crate) slow: Option<(u32, f64, i64)>,
    /// The server whose ring partners move bytes so many times as slowly.
    pub(crate) slow_pair: Option<([u32; 2], i64)>,
    /// By server: what it shows more, ns, and millionths by which that grows.
    pub(crate) clocks: [(i64, f64); 4],
    /// Collectives say which group they are of.
    pub(crate) groups_are_known: bool,
    /// Ranks say which server they are on.
    pub(crate) servers_are_known: bool,
    /// Collectives are numbered by their program over all of the run, not by turns within an iteration.
    pub(crate) are_numbered: bool,
}

/// What each step computes, ns, and what its collective takes.
const STEP_NS: i64 = 100_000;
const MOVED_NS: i64 = 20_000;
const STEPS: i64 = 10;
/// Bytes between two servers, and what they take.
const SENT: i64 = 1_000_000;
const SEND_NS: i64 = 200_000;

impl Default for MadeUp {
    fn default() -> Self {
        Self {
            iterations: 30,
            every_ns: 2_000_000_000,
            slow: None,
            slow_pair: None,
            clocks: [(0, 0.0); 4],
            groups_are_known: true,
            servers_are_known: true,
            are_numbered: false,
        }
    }
}

struct Op {
    iteration: i64,
    layer: Option<u32>,
    kind: weftscope_traces::Kind,
    span: [i64; 2],
    comm: Option<(&'static str, String, u32, i64, i64, bool)>,
}

impl MadeUp {
    /// Writes the digest of all ranks.
    pub(crate) fn write(&self, folder: &Path) {
        let all: Vec<Vec<Op>> = self.ranks();
        for (rank, ops) in (0..).zip(&all) {
            self.write_rank(folder, rank, ops);
        }
    }

    fn shown(&self, rank: u32, ns: i64) -> i64 {
        let (offset_ns, ppm) = self.clocks[(rank / 4) as usize];
        1_790_000_000_000_000_000 + ns + offset_ns + (ppm * 1e-6 * ns as f64).round() as i64
    }

    fn compute_ns(&self, rank: u32, iteration: i64, step: i64) -> i64 {
        // No two alike, by some hundred ns, and nobody always first.
        let spread = (i64::from(rank) * 7919 + iteration * 104_729 + step * 1_299_709) % 301;
        let times = self.slow.filter(|(slow, _, from)| *slow == rank && iteration >= *from);
        (STEP_NS as f64 * (1.0 + times.map_or(0.0, |(_, more, _)| more))) as i64 + spread
    }

    fn ranks(&self) -> Vec<Vec<Op>> {
        let mut all: Vec<Vec<Op>> = (0..16).map(|_| Vec::new()).collect();
        for iteration in 0..self.iterations {
            let mut free = [iteration * self.every_ns; 16];
            for step in 0..STEPS {
                for server in 0..4_usize {
                    let ranks = 4 * server..4 * server + 4;
                    let arrived: Vec<i64> = ranks
                        .clone()
                        .map(|rank| free[rank] + self.compute_ns(rank as u32, iteration, step))
                        .collect();
                    let end = arrived.iter().copied().max().unwrap_or(0) + MOVED_NS;
                    for (rank, arrival) in ranks.clone().zip(arrived) {
                        let layer = Some(step as u32);
                        let gemm = weftscope_traces::Kind::Gemm;
                        let span = [free[rank], arrival];
                        all[rank].push(Op { iteration, layer, kind: gemm, span, comm: None });
                        let group = format!("{}-{}", 4 * server, 4 * server + 3);
                        let comm = Some(("all_reduce", group, 4, step, 5_000_000, true));
                        let kind = weftscope_traces::Kind::Comm;
                        all[rank].push(Op { iteration, layer, kind, span: [arrival, end], comm });
                        free[rank] = end + 10;
                    }
                }
            }
            self.between_servers(iteration, &mut free, &mut all);
        }
        all
    }

    /// Pairs of servers send; then twins on all servers meet.
    fn between_servers(&self, iteration: i64, free: &mut [i64; 16], all: &mut [Vec<Op>]) {
        let kind = weftscope_traces::Kind::Comm;
        for [a, b] in [[0, 1], [1, 2], [2, 3]] {
            for place in 0..4 {
                let pair = [4 * a + place, 4 * b + place];
                let times = self.slow_pair.filter(|(slow, _)| *slow == [a as u32, b as u32]);
                let took = SEND_NS * times.map_or(1, |(_, times)| times);
                let end = free[pair[0]].max(free[pair[1]]) + took;
                for rank in pair {
                    let group = format!("{},{}", pair[0], pair[1]);
                    let comm = Some(("send_recv", group, 2, 0, SENT, false));
                    all[rank].push(Op {
                        iteration,
                        layer: None,
                        kind,
                        span: [free[rank], end],
                        comm,
                    });
                    free[rank] = end + 10;
                }
            }
        }
        for place in 0..4 {
            let twins = [place, 4 + place, 8 + place, 12 + place];
            let last = twins.iter().map(|&rank| free[rank]).max().unwrap_or(0);
            for rank in twins {
                // Ends of one collective are some µs apart.
                let apart = (rank as i64 * 7_919 + iteration * 1_299_721) % 4_000;
                let end = last + 50_000 + apart;
                let comm =
                    Some(("all_reduce", format!("{place}-{}/4", 12 + place), 4, 0, 1_000, true));
                all[rank].push(Op { iteration, layer: None, kind, span: [free[rank], end], comm });
                free[rank] = end;
            }
        }
    }

    fn write_rank(&self, folder: &Path, rank: u32, ops: &[Op]) {
        let of = DigestOf {
            job: "made-up".to_owned(),
            server: self.servers_are_known.then(|| format!("s{}", rank / 4)),
            rank,
            is_unix_time: true,
            provenance: "modelled".to_owned(),
            recording: None,
        };
        let file = |kind: Kind| {
            let folder = folder.join(format!("job=made-up/rank={rank:05}/kind={}", kind.name()));
            create_dir_all(&folder).expect("room");
            File::create(folder.join("part-0.parquet")).expect("a file")
        };
        let rows = ops.iter().map(|op| self.row(rank, op));
        let go_on = &mut |_| std::ops::ControlFlow::Continue(());
        write_ops(&of, rows, &mut file(Kind::Op), go_on).expect("room");
        let iterations: Vec<IterationRow> =
            (0..self.iterations).map(|at| self.iteration(rank, ops, at)).collect();
        write_iterations(&of, &iterations, &mut file(Kind::Iteration)).expect("room");
    }

    fn row<'a>(&self, rank: u32, op: &'a Op) -> OpRow<'a> {
        let [start_ns, end_ns] = op.span.map(|ns| self.shown(rank, ns));
        let is_comm = op.comm.is_some();
        OpRow {
            iteration: Some(op.iteration),
            name: if is_comm { "comm" } else { "gemm" },
            kind: op.kind,
            layer: op.layer,
            phase: Phase::None,
            split: Split::Whole,
            stream: u32::from(is_comm),
            start_ns,
            end_ns,
            sm_ns: None,
            hidden_ns: is_comm.then_some(0),
            exposed_ns: is_comm.then_some(end_ns - start_ns),
            wait_ns: None,
            collective: op.comm.as_ref().map(|(operation, group, ranks, turn, bytes, meets)| {
                CollectiveRow {
                    operation,
                    group: self.groups_are_known.then_some(group.as_str()),
                    group_name: None,
                    ranks: Some(*ranks),
                    // Those of an iteration are fewer than a hundred.
                    sequence: self.are_numbered.then_some(op.iteration * 100 + turn),
                    turn: if self.are_numbered { 0 } else { *turn },
                    arrival_ns: Some(start_ns),
                    synchronises: *meets,
                    bytes: Some(*bytes),
                    link_bytes: Some(*bytes),
                }
            }),
        }
    }

    fn iteration(&self, rank: u32, ops: &[Op], iteration: i64) -> IterationRow {
        let own = || ops.iter().filter(|op| op.iteration == iteration);
        let sum = |comm: bool| -> i64 {
            own().filter(|op| op.comm.is_some() == comm).map(|op| op.span[1] - op.span[0]).sum()
        };
        let start = own().map(|op| op.span[0]).min().unwrap_or(0);
        let end = own().map(|op| op.span[1]).max().unwrap_or(0);
        IterationRow {
            iteration: Some(iteration),
            start_ns: self.shown(rank, start),
            end_ns: self.shown(rank, end),
            compute_ns: sum(false),
            comm_ns: sum(true),
            exposed_ns: sum(true),
            ops: own().count() as i64,
            ..IterationRow::default()
        }
    }
}
