use std::collections::BTreeMap;

use super::{Ops, Place, StructureBasis};
use crate::model::{LaneId, SliceRef};

/// Layer, half and phase of every op of which the order of kernels tells them and its label does not, see
/// [`structure`](super::structure()). Empty where labels tell all of it. Costs 16 bytes a slice on the lanes of such ops.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpPlaces {
    /// By lane, then by row up to the last that has one.
    lanes: BTreeMap<LaneId, Vec<Option<Place>>>,
}

impl OpPlaces {
    /// Of all ranks.
    pub fn of(ops: &Ops<'_>) -> Self {
        let mut places = Self::default();
        let told = ops.ranks.iter().filter(|rank| rank.structure.basis == StructureBasis::Order);
        for op in told.flat_map(|rank| &rank.ops) {
            if (Place { pass: 0, ..op.place }) != Place::default() {
                places.put(op.slice, op.place);
            }
        }
        places
    }

    /// Where this op belongs; `None` where its label says all that is known of it.
    pub fn get(&self, slice: SliceRef) -> Option<Place> {
        *self.lanes.get(&slice.lane)?.get(slice.index as usize)?
    }

    /// True when labels tell all that is known.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    fn put(&mut self, slice: SliceRef, place: Place) {
        let (lane, row) = (self.lanes.entry(slice.lane).or_default(), slice.index as usize);
        if lane.len() <= row {
            lane.resize(row + 1, None);
        }
        lane[row] = Some(place);
    }
}
