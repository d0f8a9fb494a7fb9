//! Where ops and their blocks belong of which labels do not tell.

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::ops::placed_ranks;
use super::{GpuOp, Ops, Place, RankOps, StructureBasis, op_of_block};
use crate::model::{LaneId, SliceRef, Trace, TrackKind};

/// Layer, half and phase of every op of which the order of kernels tells them and its label does not, see
/// [`structure`](super::structure()), and of the blocks of those ops. Empty where labels tell all of it. Costs 16 bytes a
/// slice on the lanes of such ops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpPlaces {
    /// By lane, then by row up to the last that has one.
    lanes: BTreeMap<LaneId, Vec<Option<Place>>>,
    /// By rank: which of them are its, ascending.
    of_rank: BTreeMap<u32, Vec<LaneId>>,
}

impl OpPlaces {
    /// Of all ranks.
    pub fn of(ops: &Ops<'_>) -> Self {
        Self::of_ranks(&ops.ranks)
    }

    /// Of all ranks of a trace whose ops nobody has gathered: looks at no block and matches no collectives.
    pub fn of_trace(trace: &Trace) -> Self {
        let Ok(places) = Self::unless(trace, &mut || Ok::<(), Infallible>(()));
        places
    }

    /// The same; `go_on` is asked between steps of what takes long whether it is still wanted.
    ///
    /// # Errors
    /// Those of `go_on`.
    pub fn unless<E>(trace: &Trace, go_on: &mut dyn FnMut() -> Result<(), E>) -> Result<Self, E> {
        Ok(Self::of_ranks(&placed_ranks(trace, go_on)?))
    }

    /// Where this op or block belongs; `None` where its label says all that is known of it.
    pub fn get(&self, trace: &Trace, slice: SliceRef) -> Option<Place> {
        let of_op = |op: SliceRef| *self.lanes.get(&op.lane)?.get(op.index as usize)?;
        of_op(slice).or_else(|| of_op(self.op_of(trace, slice)?))
    }

    /// True when labels tell all that is known.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// The op that has a place here of which this is a block.
    fn op_of(&self, trace: &Trace, block: SliceRef) -> Option<SliceRef> {
        let TrackKind::Sm { rank, .. } = trace.track(trace.lane(block.lane).track).kind else {
            return None;
        };
        op_of_block(trace, self.of_rank.get(&rank)?.iter().copied(), block)
    }

    fn of_ranks(ranks: &[RankOps<'_>]) -> Self {
        let mut places = Self::default();
        for rank in ranks.iter().filter(|rank| rank.structure.basis == StructureBasis::Order) {
            for op in &rank.ops {
                places.put(rank.rank, op);
            }
        }
        places
    }

    fn put(&mut self, rank: u32, op: &GpuOp) {
        if (Place { pass: 0, ..op.place }) == Place::default() {
            return;
        }
        let (lane, row) = (op.slice.lane, op.slice.index as usize);
        let places = self.lanes.entry(lane).or_insert_with(|| {
            self.of_rank.entry(rank).or_default().push(lane);
            Vec::new()
        });
        if places.len() <= row {
            places.resize(row + 1, None);
        }
        places[row] = Some(op.place);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Config, testing::trace};

    /// Five layers of eleven kernels on a stream, told by nothing but their order, with two blocks each, one behind the other.
    fn layers() -> Trace {
        const LAYER: &str = "gemm.qkv elementwise.rope attention.fa gemm.o comm.ar norm.add_norm \
                             gemm.up elementwise.silu gemm.down comm.ar norm.add_norm";
        let ops = [&["elementwise.embed norm.first"][..], &[LAYER; 5], &["gemm.logits"]].concat();
        let ops = ops.join(" ").split(' ').map(str::to_owned).collect::<Vec<_>>();
        let written = |parts: &[(usize, usize)]| {
            let all = ops.iter().enumerate().flat_map(|(at, op)| {
                let (kind, name) = op.split_once('.').unwrap();
                let one = move |&(from, to): &(usize, usize)| {
                    format!("{kind} {}..{} {name}", at * 12 + from, at * 12 + to)
                };
                parts.iter().map(one)
            });
            all.collect::<Vec<_>>().join("; ")
        };
        let (ops, blocks) = (written(&[(0, 10)]), written(&[(0, 5), (5, 10)]));
        trace(&format!("rank 0\nstream 7: {ops}\nsm 3: {blocks}"))
    }

    #[test]
    fn a_block_belongs_where_its_op_does() {
        let trace = layers();
        let places = OpPlaces::of(&Ops::of(&trace, &Config::default()));
        let mut in_layers = 0;
        for (lane, per_op) in [(LaneId(0), 1), (LaneId(1), 2)] {
            for index in 0..trace.lane(lane).slices.len() as u32 {
                let place = places.get(&trace, SliceRef { lane, index });
                // Two kernels stand before the first layer, and one behind the last.
                let of_op = (index / per_op).checked_sub(2).filter(|&op| op < 55);
                let expected = of_op.map(|op| op / 11);
                assert_eq!(place.and_then(|place| place.layer), expected, "{lane:?} {index}");
                in_layers += u32::from(expected.is_some());
            }
        }
        assert_eq!(in_layers, 3 * 55);
    }

    #[test]
    fn places_alone_are_those_of_all_that_is_asked() {
        let trace = layers();
        assert_eq!(OpPlaces::of_trace(&trace), OpPlaces::of(&Ops::of(&trace, &Config::default())));
        assert!(!OpPlaces::of_trace(&trace).is_empty());
    }

    #[test]
    fn whoever_wants_it_no_longer_waits_for_no_more_than_a_step() {
        let trace = layers();
        let asked = |most: usize| {
            let mut asked = 0;
            let all = OpPlaces::unless(&trace, &mut || {
                asked += 1;
                if asked > most { Err("enough") } else { Ok(()) }
            });
            (all, asked)
        };
        let (all, steps) = asked(usize::MAX);
        assert_eq!(all, Ok(OpPlaces::of_trace(&trace)));
        assert!(steps > 3, "{steps}");
        for most in 0..steps {
            assert_eq!(asked(most), (Err("enough"), most + 1));
        }
    }
}
