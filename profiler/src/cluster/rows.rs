//! The rows of one rank of a cluster, made one after another.

use weftscope_traces::{
    Kind, Phase, Split,
    digest::{CollectiveRow, IterationRow, OpRow, rank_ranges},
};

use super::clock::{Clock, chance};
use super::compose::Cluster;
use super::layout::Place;
use super::network::link_bytes;
use super::schedule::{GroupIteration, Met, Send, Turn};
use super::template::{Comm, Op, RankTemplate, Template};

/// Stream of what goes between groups.
const NETWORK_STREAM: u32 = 20;

/// A rank of a simulated cluster.
#[derive(Debug)]
pub struct RankRows<'a> {
    cluster: &'a Cluster,
    rank: u32,
    place: Place,
    group: u32,
    clock: Clock,
    names: Names,
}

/// Ranks of the groups that it is in.
#[derive(Debug)]
struct Names {
    shard: String,
    before: String,
    behind: String,
    replicas: String,
    world: String,
}

impl Cluster {
    /// The rows of a rank.
    pub fn rank(&self, rank: u32) -> RankRows<'_> {
        let place = self.layout.place(rank);
        let group = rank / self.layout.tp;
        let names = Names::of(self, rank, place);
        RankRows { cluster: self, rank, place, group, clock: self.clock(rank), names }
    }
}

impl<'a> RankRows<'a> {
    /// Every row of ops, iteration by iteration, in order of start.
    pub fn op_rows(&self) -> impl Iterator<Item = OpRow<'_>> {
        (0..self.cluster.spec.iterations).flat_map(move |iteration| self.rows_of(iteration))
    }

    /// The rows of its iterations.
    pub fn iteration_rows(&self) -> Vec<IterationRow> {
        (0..self.cluster.spec.iterations).map(|iteration| self.iteration_row(iteration)).collect()
    }

    fn did(&self, iteration: u32) -> &'a GroupIteration {
        &self.cluster.iterations[iteration as usize][self.group as usize]
    }

    fn rows_of(&self, iteration: u32) -> Vec<OpRow<'_>> {
        let template = self.cluster.template(self.group, iteration);
        let rank = &template.ranks[self.place.tp as usize];
        let did = self.did(iteration);
        let mut out = Rows {
            of: self,
            template,
            iteration,
            turns: vec![0; template.operations.len()],
            sends: [0, 0],
            rows: Vec::new(),
        };
        for turn in &did.turns {
            out.turn(rank, turn);
        }
        let sync = self.cluster.spec.sync;
        let spec = &self.cluster.spec;
        if let Some(met) = did.replicas {
            let group = (self.names.replicas.as_str(), spec.dp);
            out.met("replicas", group, met, sync.replicas_bytes);
        }
        if let Some(met) = did.world {
            let group = (self.names.world.as_str(), spec.ranks());
            out.met("world", group, met, sync.world_bytes);
        }
        out.rows.sort_by_key(|row| (row.start_ns, row.end_ns));
        out.rows
    }

    fn iteration_row(&self, iteration: u32) -> IterationRow {
        let rows = self.rows_of(iteration);
        // Ops of one sort follow each other on one stream, so sums are unions.
        let sum = |of: fn(&OpRow<'_>) -> Option<i64>| rows.iter().filter_map(of).sum::<i64>();
        let start_ns = rows.iter().map(|row| row.start_ns).min().unwrap_or(0);
        let end_ns = rows.iter().map(|row| row.end_ns).max().unwrap_or(start_ns);
        let len = |row: &OpRow<'_>| row.end_ns - row.start_ns;
        let of_kind = |keep: fn(Kind) -> bool| -> i64 {
            rows.iter().filter(|row| keep(row.kind)).map(len).sum()
        };
        let compute_ns = of_kind(Kind::is_compute);
        let exposed_ns = sum(|row| row.exposed_ns);
        IterationRow {
            iteration: Some(iteration.into()),
            name: format!("iteration {iteration}"),
            start_ns,
            end_ns,
            compute_ns,
            comm_ns: of_kind(Kind::is_comm),
            hidden_ns: sum(|row| row.hidden_ns),
            exposed_ns,
            exposed_memcpy_ns: 0,
            idle_ns: (end_ns - start_ns - compute_ns - exposed_ns).max(0),
            wait_ns: Some(sum(|row| row.wait_ns)),
            sm_weighted_pct: None,
            sm_ns: Some(sum(|row| row.sm_ns)),
            ops: rows.len() as i64,
            comm_ops: rows.iter().filter(|row| row.kind.is_comm()).count() as i64,
        }
    }
}

impl Names {
    fn of(cluster: &Cluster, rank: u32, place: Place) -> Self {
        let layout = cluster.layout;
        let first = rank - place.tp;
        let stage = |stage: u32| layout.rank(Place { stage, ..place });
        let before = stage(place.stage.saturating_sub(1));
        let behind = stage((place.stage + 1).min(layout.pp - 1));
        let words = |ranks: &mut dyn Iterator<Item = u32>| rank_ranges(&ranks.collect::<Vec<_>>());
        Self {
            shard: words(&mut (first..first + layout.tp)),
            before: words(&mut [before, rank].into_iter()),
            behind: words(&mut [rank, behind].into_iter()),
            replicas: words(&mut layout.replicas_of(place)),
            world: words(&mut (0..cluster.spec.ranks())),
        }
    }
}

/// Rows of an iteration while they are made.
struct Rows<'r> {
    of: &'r RankRows<'r>,
    template: &'r Template,
    iteration: u32,
    /// By operation of the template, how many there were.
    turns: Vec<i64>,
    /// The same of what was received and what was sent.
    sends: [i64; 2],
    rows: Vec<OpRow<'r>>,
}

impl<'r> Rows<'r> {
    fn turn(&mut self, rank: &'r RankTemplate, turn: &Turn) {
        let cluster = self.of.cluster;
        let (stage, layers) = (self.of.place.stage, cluster.layers_per_stage);
        if let Some(send) = turn.received {
            self.sent("recv", send.to_ns, send, 0);
        }
        let mut at_ns = turn.begin_ns;
        if stage == 0 {
            self.ops(&rank.head, at_ns, None);
            at_ns += self.template.head_ns;
        }
        for layer in 0..layers {
            let from_ns = at_ns + self.template.layer_start_ns(layer);
            self.ops(
                &rank.layers[Template::of_layer(layer)],
                from_ns,
                Some(stage * layers + layer),
            );
        }
        if stage + 1 == cluster.layout.pp {
            self.ops(&rank.tail, at_ns + self.template.layer_start_ns(layers), None);
        }
        if let Some(send) = turn.sent {
            self.sent("send", send.from_ns, send, 1);
        }
    }

    fn ops(&mut self, ops: &'r [Op], from_ns: i64, layer: Option<u32>) {
        for op in ops {
            let [start_ns, end_ns] =
                [op.start_ns, op.end_ns].map(|ns| self.of.clock.shows(from_ns + ns));
            // By a clock that is a little fast or slow, the parts change with the whole.
            let len_ns = end_ns - start_ns;
            let hidden_ns = op.hidden_ns.map(|hidden_ns| hidden_ns.min(len_ns));
            let exposed_ns = hidden_ns.map(|hidden_ns| len_ns - hidden_ns);
            let collective = op.comm.map(|comm| self.shared(comm, start_ns));
            self.rows.push(OpRow {
                iteration: Some(self.iteration.into()),
                name: &op.name,
                kind: op.kind,
                layer,
                phase: op.phase,
                split: op.split,
                stream: op.stream,
                start_ns,
                end_ns,
                sm_ns: op.sm_ns,
                hidden_ns,
                exposed_ns,
                wait_ns: op.wait_ns.map(|wait_ns| wait_ns.min(len_ns)),
                collective,
            });
        }
    }

    /// A collective of the tensor-parallel group.
    fn shared(&mut self, comm: Comm, arrival_ns: i64) -> CollectiveRow<'r> {
        let turn = self.turns[comm.operation];
        self.turns[comm.operation] += 1;
        CollectiveRow {
            operation: &self.template.operations[comm.operation],
            group: Some(&self.of.names.shard),
            group_name: None,
            ranks: Some(self.of.cluster.layout.tp),
            sequence: None,
            turn,
            arrival_ns: Some(arrival_ns),
            synchronises: comm.synchronises,
            bytes: comm.bytes,
            link_bytes: comm.link_bytes,
        }
    }

    fn sent(&mut self, name: &'static str, start_ns: i64, send: Send, which: usize) {
        let names = &self.of.names;
        let group = [names.before.as_str(), names.behind.as_str()][which];
        let bytes = self.of.cluster.send_bytes.round() as i64;
        let turn = self.sends[which];
        self.sends[which] += 1;
        let collective = CollectiveRow {
            operation: "send_recv",
            group: Some(group),
            group_name: None,
            ranks: Some(2),
            sequence: None,
            turn,
            arrival_ns: Some(self.of.clock.shows(start_ns)),
            synchronises: false,
            bytes: Some(bytes),
            link_bytes: Some(bytes),
        };
        self.network(name, [start_ns, send.end_ns], collective);
    }

    /// An all-reduce of a communicator of this name.
    fn met(&mut self, name: &'static str, group: (&'r str, u32), met: Met, bytes: u64) {
        let cluster = self.of.cluster;
        let of = [2, self.iteration.into(), self.of.rank.into(), group.1.into()];
        let spread = cluster.spec.network.end_spread_ns as f64;
        let end_ns = met.done_ns + (spread * chance(cluster.spec.seed, of)) as i64;
        let moved = link_bytes(group.1.into(), bytes as f64).round() as i64;
        let collective = CollectiveRow {
            operation: "all_reduce",
            group: Some(group.0),
            group_name: Some(name),
            ranks: Some(group.1),
            sequence: None,
            turn: 0,
            arrival_ns: Some(self.of.clock.shows(met.arrival_ns)),
            synchronises: true,
            bytes: Some(bytes as i64),
            link_bytes: Some(moved),
        };
        self.network("all_reduce", [met.arrival_ns, end_ns], collective);
    }

    /// Communication between groups: nothing is computed beside it, and who else waits is in other files.
    fn network(&mut self, name: &'static str, times: [i64; 2], collective: CollectiveRow<'r>) {
        let [start_ns, end_ns] = times.map(|ns| self.of.clock.shows(ns));
        self.rows.push(OpRow {
            iteration: Some(self.iteration.into()),
            name,
            kind: Kind::Comm,
            layer: None,
            phase: Phase::None,
            split: Split::Whole,
            stream: NETWORK_STREAM,
            start_ns,
            end_ns,
            sm_ns: None,
            hidden_ns: Some(0),
            exposed_ns: Some(end_ns - start_ns),
            wait_ns: None,
            collective: Some(collective),
        });
    }
}
