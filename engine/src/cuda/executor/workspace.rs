//! Memory that plans take turns in: an iteration begins with embeddings, so nothing that stands in it outlives one. Only the
//! signals of collectives do, which count on from plan to plan, the same on every rank.

use std::sync::Arc;

use super::{
    activations::Activations, inputs::rope_table, layout::Sizes, places::Places, weights::Key,
};
use crate::{
    batch::Batch,
    cuda::driver::{Buffer, CudaError, Device},
    plan::Plan,
};

/// Positions that a table of rotations has at least.
const LEAST_POSITIONS: u32 = 1024;

/// Memory of one rank.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) act: Activations,
    /// Partial results of the decode kernel: of each query, head and chunk {top, total}, and a head of floats.
    pub(super) state: Buffer,
    pub(super) partial: Buffer,
}

/// What a plan takes of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    sizes: Sizes,
    sequences: u32,
    /// Partial results of a query, a head and a chunk.
    partials: u32,
}

impl Room {
    pub(super) fn of(sizes: &Sizes, places: &Places) -> Self {
        let partials = places.partials() * sizes.shard.heads;
        Self { sizes: *sizes, sequences: places.sequences, partials }
    }

    fn has(&self, other: &Self) -> bool {
        self.sizes.rows >= other.sizes.rows
            && self.sizes.reached_rows >= other.sizes.reached_rows
            && self.sizes.gates_apart >= other.sizes.gates_apart
            && self.sequences >= other.sequences
            && self.partials >= other.partials
    }

    fn with(self, other: &Self) -> Self {
        let sizes = Sizes {
            rows: self.sizes.rows.max(other.sizes.rows),
            reached_rows: self.sizes.reached_rows.max(other.sizes.reached_rows),
            gates_apart: self.sizes.gates_apart || other.sizes.gates_apart,
            ..self.sizes
        };
        Self {
            sizes,
            sequences: self.sequences.max(other.sequences),
            partials: self.partials.max(other.partials),
        }
    }
}

/// Memory of every rank, kept from plan to plan and made anew where one needs more.
#[derive(Debug)]
pub(super) struct Workspace {
    key: Key,
    room: Room,
    ranks: Vec<Arc<Scratch>>,
    /// `[positions, head_dim / 2]` of (cos, sin), of every rank.
    rope: Vec<Arc<Buffer>>,
    positions: u32,
}

impl Workspace {
    /// Whether a plan finds all of its memory there.
    pub(super) fn serves(&self, plan: &Plan, room: &Room) -> bool {
        self.key.same_model(&Key::of(plan)) && self.room.has(room)
    }

    /// Memory for a plan, and for what ran before it in `old` where that is the same model.
    pub(super) fn grown(
        old: Option<Self>,
        plan: &Plan,
        room: Room,
        devices: &[Device],
    ) -> Result<Self, CudaError> {
        let key = Key::of(plan);
        let old = old.filter(|old| old.key.same_model(&key));
        let room = old.as_ref().map_or(room, |old| room.with(&old.room));
        let (rope, positions) = old.map_or_else(Default::default, |old| (old.rope, old.positions));
        let make = |device| Ok(Arc::new(Scratch::new(device, &room)?));
        let ranks = devices.iter().map(make).collect::<Result<_, CudaError>>()?;
        Ok(Self { key, room, ranks, rope, positions })
    }

    /// What rank `index` has.
    pub(super) fn of_rank(&self, index: usize) -> (Arc<Scratch>, Arc<Buffer>) {
        (self.ranks[index].clone(), self.rope[index].clone())
    }

    /// Makes the table of rotations long enough for a plan.
    pub(super) fn turn(&mut self, plan: &Plan, devices: &[Device]) -> Result<(), CudaError> {
        let needed = longest(&plan.spec.batch);
        if needed > self.positions {
            let positions = needed.next_power_of_two().max(LEAST_POSITIONS);
            let table = rope_table(positions, &plan.spec.model);
            let make = |device| Ok(Arc::new(Buffer::from_host(device, &table)?));
            self.rope = devices.iter().map(make).collect::<Result<_, CudaError>>()?;
            self.positions = positions;
        }
        Ok(())
    }
}

impl Scratch {
    fn new(device: &Device, room: &Room) -> Result<Self, CudaError> {
        let (partials, head_dim) = (room.partials as usize, room.sizes.shard.head_dim as usize);
        Ok(Self {
            act: Activations::new(device, &room.sizes, room.sequences)?,
            state: Buffer::zeros(device, partials * 8)?,
            partial: Buffer::zeros(device, partials * head_dim * 4)?,
        })
    }
}

/// Tokens of the longest sequence.
fn longest(batch: &Batch) -> u32 {
    batch
        .requests
        .iter()
        .map(|request| request.cached_tokens + request.new_tokens)
        .max()
        .unwrap_or(0)
}
