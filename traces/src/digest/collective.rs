//! The collectives of a rank's ops, with texts stored once.

use std::collections::HashMap;
use std::rc::Rc;

use super::row::CollectiveRow;
use crate::analysis::{GpuOp, Identity};
use crate::model::{ArgsId, LabelId, Trace};

/// What is known of the collective of one op; its texts are shared.
#[derive(Clone, Debug)]
pub(super) struct Known {
    identity: Rc<Identity>,
    turn: i64,
    start_ns: i64,
}

impl Known {
    pub(super) fn row(&self) -> CollectiveRow<'_> {
        let of = &*self.identity;
        let whole = |bytes: f64| bytes.round() as i64;
        CollectiveRow {
            operation: &of.operation,
            group: of.group.as_deref(),
            group_name: of.group_name.as_deref(),
            ranks: of.ranks.and_then(|ranks| u32::try_from(ranks).ok()),
            sequence: of.sequence,
            turn: self.turn,
            arrival_ns: of.meets.then_some(self.start_ns),
            synchronises: of.synchronises,
            bytes: of.bytes.map(whole),
            link_bytes: of.link_bytes.map(whole),
        }
    }

    pub(super) fn has_group(&self) -> bool {
        self.identity.group.is_some()
    }
}

/// Tells the collectives of a rank's ops, in order of start.
pub(super) struct Reader<'a> {
    trace: &'a Trace,
    rank: u32,
    /// Added to times of the trace.
    base_ns: i64,
    known: HashMap<(LabelId, ArgsId), Rc<Identity>>,
    /// How many there were at a place.
    turns: HashMap<Place, i64>,
}

/// What came before, of a rank whose recording is digested stretch by stretch: numbers go on where the last one ended.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Iterations, where their marks say no numbers.
    pub(super) iterations: i64,
    /// Collectives outside iterations.
    turns: HashMap<Place, i64>,
}

/// Iteration, operation, group and its name.
type Place = (Option<i64>, String, Option<String>, Option<String>);

impl<'a> Reader<'a> {
    pub(super) fn new(trace: &'a Trace, rank: u32, base_ns: i64, before: &Before) -> Self {
        Self { trace, rank, base_ns, known: HashMap::new(), turns: before.turns.clone() }
    }

    /// Notes what came, for the next stretch: within an iteration turns begin anew.
    pub(super) fn note(self, before: &mut Before) {
        before.turns = self.turns;
        before.turns.retain(|(iteration, ..), _| iteration.is_none());
    }

    pub(super) fn of(&mut self, op: &GpuOp, iteration: Option<i64>) -> Known {
        let args = self.trace.lane(op.slice.lane).slices.args[op.slice.index as usize];
        let identity = Rc::clone(
            self.known
                .entry((op.label, args))
                .or_insert_with(|| Rc::new(Identity::of(self.trace, self.rank, op))),
        );
        let Identity { operation, group, group_name, .. } = &*identity;
        let place = (iteration, operation.clone(), group.clone(), group_name.clone());
        let before = self.turns.entry(place).or_default();
        let turn = *before;
        *before += 1;
        Known { identity, turn, start_ns: op.span.start_ns.saturating_add(self.base_ns) }
    }
}
