//! What a tensor-parallel group does in its layers, simulated block by block and digested once, to be repeated.

use std::sync::Arc;

use weftscope_engine::{choose, sim::Simulator, spec::RunSpec};
use weftscope_traces::{
    Kind, Phase, Split,
    analysis::{Config, Ops, overlap},
    digest::{self, OpRow},
};

use super::error::ClusterError;
use crate::record::{RunError, record_plan};

/// Layers that are simulated: the second and third are amid others and stand for all.
const LAYERS: u32 = 4;
/// The layers that are repeated: a weave hands on from one to the next, so both of a pair are kept.
const PAIR: [u32; 2] = [1, 2];

/// What a tensor-parallel group does.
#[derive(Clone, Debug)]
pub(super) struct Template {
    /// By rank of the group.
    pub(super) ranks: Vec<RankTemplate>,
    /// From the start to the first layer, ns.
    pub(super) head_ns: i64,
    /// From layer to layer, of each of the pair, ns.
    pub(super) layer_ns: [i64; 2],
    /// From where the next layer would begin to where the last one's ops have ended, ns.
    pub(super) overhang_ns: i64,
    /// What follows the last layer, ns.
    pub(super) tail_ns: i64,
    /// Operations of its collectives.
    pub(super) operations: Vec<String>,
}

/// What one rank of the group does; times count from the start of the part.
#[derive(Clone, Debug, Default)]
pub(super) struct RankTemplate {
    pub(super) head: Vec<Op>,
    /// Of each of the pair.
    pub(super) layers: [Vec<Op>; 2],
    pub(super) tail: Vec<Op>,
}

/// An op of the digest, at its place in the part.
#[derive(Clone, Debug)]
pub(super) struct Op {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    pub(super) split: Split,
    pub(super) stream: u32,
    pub(super) start_ns: i64,
    pub(super) end_ns: i64,
    pub(super) sm_ns: Option<i64>,
    pub(super) hidden_ns: Option<i64>,
    pub(super) wait_ns: Option<i64>,
    pub(super) comm: Option<Comm>,
}

/// A collective over the group.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comm {
    /// Among [`Template::operations`].
    pub(super) operation: usize,
    pub(super) synchronises: bool,
    pub(super) bytes: Option<i64>,
    pub(super) link_bytes: Option<i64>,
}

impl Template {
    /// Simulates a group whose ranks' computation takes so many times as long.
    pub(super) fn simulate(group: &RunSpec, slowdown: &[f64]) -> Result<Self, ClusterError> {
        let mut spec = group.clone();
        spec.knobs.layers = Some(LAYERS);
        spec.model.layers = spec.model.layers.max(LAYERS);
        let mut plan = choose::plan(&spec).map_err(RunError::from)?;
        // The cut is chosen for ranks that are alike: nobody tunes for a slow one.
        let mut slowed = RunSpec::clone(&plan.spec);
        slowed.knobs.slowdown = slowdown.to_vec();
        plan.spec = Arc::new(slowed);
        let plan = Arc::new(plan);
        let mut simulator = Simulator::new(&spec.machine);
        let trace = record_plan(&mut simulator, &plan, 1, &mut |_| true)?;
        let ops = Ops::of(&trace, &Config::default());
        let overlap = overlap(&ops);
        let ranks = ops.ranks.iter().zip(&overlap.ranks);
        let digests: Vec<_> = ranks.map(|(rank, of)| digest::of_rank(&ops, rank, of)).collect();
        let rows: Vec<Vec<OpRow<'_>>> = digests.iter().map(|it| it.op_rows().collect()).collect();
        Self::of_rows(&rows)
    }

    fn of_rows(rows: &[Vec<OpRow<'_>>]) -> Result<Self, ClusterError> {
        let all = || rows.iter().flatten();
        let start_of = |layer: u32| {
            let of_layer = all().filter(|row| row.layer == Some(layer) && row.kind.is_compute());
            of_layer.map(|row| row.start_ns).min()
        };
        let none = ClusterError::Template("a layer computes nothing");
        let [first, pair, second, next] = [0, PAIR[0], PAIR[1], PAIR[1] + 1].map(start_of);
        let (Some(first), Some(pair), Some(second), Some(next)) = (first, pair, second, next)
        else {
            return Err(none);
        };
        if !(first < pair && pair < second && second < next) {
            return Err(ClusterError::Template("layers do not follow each other"));
        }
        // Where a rank falls behind, the next pair begins when no stream of any is still at this one.
        let next = pair + rows.iter().map(|rows| longest_ns(rows)).fold(next - pair, i64::max);
        let begin = all().map(|row| row.start_ns).min().unwrap_or(first);
        let is_tail = |row: &&OpRow<'_>| row.layer.is_none() && row.start_ns >= first;
        let tail = all().filter(is_tail).map(|row| row.start_ns).min();
        let ends = |layer: u32| {
            all().filter(move |row| row.layer == Some(layer)).map(|row| row.end_ns).max()
        };
        let end = all().map(|row| row.end_ns).max().unwrap_or(next);
        let mut operations = Vec::new();
        let mut part = |rows: &[OpRow<'_>], from_ns: i64, keep: &dyn Fn(&OpRow<'_>) -> bool| {
            rows.iter()
                .filter(|row| keep(row))
                .map(|row| Op::of(row, from_ns, &mut operations))
                .collect::<Vec<Op>>()
        };
        let mut rank = |rows: &Vec<OpRow<'_>>| RankTemplate {
            head: part(rows, begin, &|row| row.layer.is_none() && row.start_ns < first),
            layers: [
                part(rows, pair, &|row| row.layer == Some(PAIR[0])),
                part(rows, second, &|row| row.layer == Some(PAIR[1])),
            ],
            tail: tail.map_or_else(Vec::new, |tail| {
                part(rows, tail, &|row| row.layer.is_none() && row.start_ns >= first)
            }),
        };
        let ranks = rows.iter().map(&mut rank).collect();
        Ok(Self {
            ranks,
            head_ns: first - begin,
            layer_ns: [second - pair, next - second],
            overhang_ns: (ends(PAIR[1]).unwrap_or(next) - next).max(0),
            tail_ns: tail.map_or(0, |tail| end - tail),
            operations,
        })
    }

    /// Which of the pair stands for a layer of a stage.
    pub(super) fn of_layer(layer: u32) -> usize {
        (layer % 2) as usize
    }

    /// When a layer of a stage begins, after the start of the first, ns.
    pub(super) fn layer_start_ns(&self, layer: u32) -> i64 {
        let [even, odd] = self.layer_ns;
        i64::from(layer / 2) * (even + odd) + i64::from(layer % 2) * even
    }
}

/// From the first op of the first layer of the pair to that of the layer behind it, on the stream on which it is longest, ns.
fn longest_ns(rows: &[OpRow<'_>]) -> i64 {
    let first = |stream: u32, layer: u32| {
        let own = rows.iter().filter(|row| row.stream == stream && row.layer == Some(layer));
        own.map(|row| row.start_ns).min()
    };
    let mut streams: Vec<u32> = rows.iter().map(|row| row.stream).collect();
    streams.sort_unstable();
    streams.dedup();
    let one = |&stream: &u32| Some(first(stream, PAIR[1] + 1)? - first(stream, PAIR[0])?);
    streams.iter().filter_map(one).max().unwrap_or(0)
}

impl Op {
    fn of(row: &OpRow<'_>, from_ns: i64, operations: &mut Vec<String>) -> Self {
        let comm = row.collective.map(|it| {
            let known = operations.iter().position(|known| known == it.operation);
            let operation = known.unwrap_or_else(|| {
                operations.push(it.operation.to_owned());
                operations.len() - 1
            });
            let (bytes, link_bytes) = (it.bytes, it.link_bytes);
            Comm { operation, synchronises: it.synchronises, bytes, link_bytes }
        });
        Self {
            name: row.name.to_owned(),
            kind: row.kind,
            phase: row.phase,
            split: row.split,
            stream: row.stream,
            start_ns: row.start_ns - from_ns,
            end_ns: row.end_ns - from_ns,
            sm_ns: row.sm_ns,
            hidden_ns: row.hidden_ns,
            wait_ns: row.wait_ns,
            comm,
        }
    }
}
