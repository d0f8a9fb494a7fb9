//! Which op, and which layer, leaves how much communication exposed?

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::intervals::IntervalSet;
use super::stats::median;
use super::{GpuOp, Ops, RankOps, StructureBasis};
use crate::model::{Phase, SliceRef, Span};

/// Exposed communication of all ranks together, op by op and layer by layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExposedByReport {
    /// Communication of one name and phase each, most exposed first; what is all hidden stands last.
    pub ops: Vec<ExposedByOp>,
    /// Layers, most exposed first; empty where no layers are known.
    pub layers: Vec<ExposedByLayer>,
    /// Exposed communication of all ranks, ns. Ops that overlap each other share it, so the rows may add up to more.
    pub exposed_ns: i64,
}

/// Communication ops of one name in one phase of the layers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposedByOp {
    /// Their name.
    pub name: String,
    /// Their phase; [`Phase::None`] where phases are not known.
    pub phase: Phase,
    /// How many.
    pub count: usize,
    /// Time with any of them, rank by rank, summed, ns.
    pub comm_ns: i64,
    /// The part of it without computation of the same rank, ns.
    pub exposed_ns: i64,
    /// The rank of the one that is most exposed.
    pub rank: u32,
    /// The one that is most exposed.
    pub most: SliceRef,
}

/// A layer over all ranks and passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExposedByLayer {
    /// The layer; `None` for what lies outside of all.
    pub layer: Option<u32>,
    /// How often it ran, a rank and a pass each.
    pub count: usize,
    /// Time with its communication, ns.
    pub comm_ns: i64,
    /// The part of it without computation of the same rank, ns.
    pub exposed_ns: i64,
    /// Median over its passes and ranks of the exposed part, ns.
    pub median_exposed_ns: i64,
    /// The rank on which it was most exposed.
    pub rank: u32,
    /// That pass of it, from its first op's start to its last op's end.
    pub most: Span,
}

/// Exposed communication by op and by layer.
pub fn exposed_by(ops: &Ops<'_>) -> ExposedByReport {
    let exposed =
        |rank: &RankOps<'_>| rank.comm.len_ns() - rank.comm.intersect_len_ns(&rank.compute);
    ExposedByReport {
        ops: by_op(ops),
        layers: by_layer(ops),
        exposed_ns: ops.ranks.iter().map(exposed).sum(),
    }
}

fn by_op(ops: &Ops<'_>) -> Vec<ExposedByOp> {
    let mut groups: BTreeMap<(&str, Phase), Vec<(&RankOps<'_>, &GpuOp)>> = BTreeMap::new();
    for rank in &ops.ranks {
        for op in rank.ops.iter().filter(|op| op.kind.is_comm()) {
            let name = ops.trace.label(op.label).name.as_str();
            groups.entry((name, op.place.phase)).or_default().push((rank, op));
        }
    }
    let row = |((name, phase), group): ((&str, Phase), Vec<(&RankOps<'_>, &GpuOp)>)| {
        let alone_ns = |rank: &RankOps<'_>, op: &GpuOp| {
            op.span.len_ns() - IntervalSet::union_of([op.span]).intersect_len_ns(&rank.compute)
        };
        let (rank, most) = group.iter().copied().max_by_key(|(rank, op)| alone_ns(rank, op))?;
        let (mut comm_ns, mut exposed_ns) = (0, 0);
        for of_rank in group.chunk_by(|a, b| a.0.rank == b.0.rank) {
            let time: IntervalSet = of_rank.iter().map(|(_, op)| op.span).collect();
            comm_ns += time.len_ns();
            exposed_ns += time.len_ns() - time.intersect_len_ns(&of_rank[0].0.compute);
        }
        Some(ExposedByOp {
            name: name.to_owned(),
            phase,
            count: group.len(),
            comm_ns,
            exposed_ns,
            rank: rank.rank,
            most: most.slice,
        })
    };
    let mut rows: Vec<ExposedByOp> = groups.into_iter().filter_map(row).collect();
    rows.sort_by_key(|row| Reverse((row.exposed_ns, row.comm_ns)));
    rows
}

/// One pass of one layer on one rank.
#[derive(Default)]
struct Instance {
    comm: Vec<Span>,
    span: Option<Span>,
}

fn by_layer(ops: &Ops<'_>) -> Vec<ExposedByLayer> {
    let is_known = |rank: &&RankOps<'_>| rank.structure.basis != StructureBasis::Unknown;
    let mut layers: BTreeMap<Option<u32>, Vec<Exposed>> = BTreeMap::new();
    for rank in ops.ranks.iter().filter(is_known) {
        for (layer, Instance { comm, span }) in instances(rank) {
            let comm: IntervalSet = comm.into_iter().collect();
            let comm_ns = comm.len_ns();
            let exposed_ns = comm_ns - comm.intersect_len_ns(&rank.compute);
            let (rank, span) = (rank.rank, span.unwrap_or_default());
            layers.entry(layer).or_default().push(Exposed { rank, span, comm_ns, exposed_ns });
        }
    }
    let mut rows: Vec<ExposedByLayer> = layers.into_iter().filter_map(layer_row).collect();
    rows.retain(|row| row.layer.is_some() || row.comm_ns > 0);
    rows.sort_by_key(|row| (Reverse(row.exposed_ns), row.layer));
    rows
}

/// The layers of a rank, each as often as it ran: by layer, then by iteration and pass.
fn instances(rank: &RankOps<'_>) -> impl Iterator<Item = (Option<u32>, Instance)> {
    let is_ordered = rank.structure.basis == StructureBasis::Order;
    let mut instances: BTreeMap<(Option<u32>, usize, u32), Instance> = BTreeMap::new();
    for op in &rank.ops {
        let iteration = if is_ordered { 0 } else { rank.iteration_of(op) };
        let instance = instances.entry((op.place.layer, iteration, op.place.pass)).or_default();
        instance.span = Some(instance.span.map_or(op.span, |span| span.hull(op.span)));
        if op.kind.is_comm() {
            instance.comm.push(op.span);
        }
    }
    instances.into_iter().map(|((layer, ..), instance)| (layer, instance))
}

/// What one pass of a layer leaves exposed.
struct Exposed {
    rank: u32,
    span: Span,
    comm_ns: i64,
    exposed_ns: i64,
}

fn layer_row((layer, all): (Option<u32>, Vec<Exposed>)) -> Option<ExposedByLayer> {
    let most = all.iter().max_by_key(|it| it.exposed_ns)?;
    Some(ExposedByLayer {
        layer,
        count: all.len(),
        comm_ns: all.iter().map(|it| it.comm_ns).sum(),
        exposed_ns: all.iter().map(|it| it.exposed_ns).sum(),
        median_exposed_ns: median(all.iter().map(|it| it.exposed_ns).collect())?,
        rank: most.rank,
        most: most.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    /// Summed by hand: of `ar` in phase A 10 + 40 of 60 ns, of the other 20 of 30.
    #[test]
    fn rows_by_op_and_layer() {
        let text = "rank 0
            stream 0: gemm 0..50 up L0 pA; gemm 100..150 up L1 pA; gemm 200..210 up L1 pB
            stream 1: comm 40..60 ar L0 pA; comm 140..190 ar L1 pA; comm 200..230 gather L1 pB; comm 300..310 end";
        let trace = trace(text);
        let report = exposed_by(&Ops::of(&trace, &Config::default()));
        let ops: Vec<_> = report
            .ops
            .iter()
            .map(|row| (row.name.as_str(), row.phase, row.count, row.comm_ns, row.exposed_ns))
            .collect();
        let expected = [
            ("ar", Phase::A, 2, 70, 50),
            ("gather", Phase::B, 1, 30, 20),
            ("end", Phase::None, 1, 10, 10),
        ];
        assert_eq!(ops, expected);
        assert_eq!(trace.span_of(report.ops[0].most), Span::new(140, 190));
        let layers: Vec<_> =
            report.layers.iter().map(|row| (row.layer, row.comm_ns, row.exposed_ns)).collect();
        assert_eq!(layers, [(Some(1), 80, 60), (None, 10, 10), (Some(0), 20, 10)]);
        assert_eq!(report.exposed_ns, 80);
        assert_eq!(report.layers[0].most, Span::new(100, 230));
    }

    #[test]
    fn without_layers_there_are_no_rows_of_them() {
        let trace = trace("rank 0\nstream 0: gemm 0..50 up\nstream 1: comm 40..60 ar");
        let report = exposed_by(&Ops::of(&trace, &Config::default()));
        assert_eq!((report.ops.len(), report.layers.len(), report.exposed_ns), (1, 0, 10));
    }
}
