//! What the simulator relies on, so that no file makes it divide by nothing or fill the memory.

use super::PlanFileError;
use crate::{
    batch::{MAX_CACHED_TOKENS, MAX_REQUESTS, MAX_TOKENS},
    plan::{AttentionShape, CollectiveShape, GemmShape, Op, OpRole, OpWork, Plan, build::checked},
    spec::Transport,
    split::blocks_per_sm,
};

/// Most blocks of an op: the simulator has a number for each.
const MAX_GRID: u64 = 1 << 24;
/// Most rows, columns and depth of a matrix.
const MAX_SIDE: u32 = 1 << 22;
/// Most chunks of a message under way at one time.
const MAX_AT_ONCE: u32 = 1 << 10;
/// Scores that win, rows of a sum.
const MAX_TERMS: u32 = 1 << 10;
/// Most ops of a plan.
const MAX_OPS: usize = 1 << 20;

/// Refuses what could not run.
pub(super) fn check(plan: &Plan) -> Result<(), PlanFileError> {
    let (_, layers) = checked(&plan.spec)?;
    if plan.ops.is_empty() {
        return Err(PlanFileError::field("ops", "there is none"));
    }
    if plan.ops.len() > MAX_OPS {
        return Err(PlanFileError::field("ops", format!("there are more than {MAX_OPS}")));
    }
    for (index, op) in plan.ops.iter().enumerate() {
        OpCheck { index, op }.check(plan, layers)?;
    }
    Ok(())
}

struct OpCheck<'a> {
    index: usize,
    op: &'a Op,
}

impl OpCheck<'_> {
    fn check(&self, plan: &Plan, layers: u32) -> Result<(), PlanFileError> {
        let Self { index, op } = *self;
        self.holds(op.id.index() == index, "op", || {
            format!("it is {}, but its place is {index}", op.id.0)
        })?;
        let late = op.deps.iter().find(|dep| dep.index() >= index);
        self.holds(late.is_none(), "after", || {
            let late = late.map_or(0, |dep| dep.0);
            format!("it names op {late}, which stands no earlier; an op waits for ops before it")
        })?;
        self.tiles(plan)?;
        self.holds(op.layer.is_none_or(|layer| layer < layers), "layer", || {
            format!("the plan runs layers 0 to {}", layers - 1)
        })?;
        self.within("tokens", op.tokens, 1, MAX_TOKENS)?;
        self.within("grid", op.grid, 1, MAX_GRID as u32)?;
        for (field, number) in
            [("flops", op.flops), ("hbm_bytes", op.hbm_bytes), ("link_bytes", op.link_bytes)]
        {
            self.amount(field, number)?;
        }
        self.block(plan)?;
        match &op.work {
            OpWork::Gemm(shape) => self.gemm(shape),
            OpWork::Attention(shape) => self.attention(shape),
            OpWork::AddNorm { hidden } => self.within("work.add_norm.hidden", *hidden, 1, MAX_SIDE),
            OpWork::Gather { table_bytes, read_bytes } => {
                self.amount("work.gather.table_bytes", *table_bytes)?;
                self.amount("work.gather.read_bytes", *read_bytes)
            }
            OpWork::Choice { top_k } => self.within("work.choice.top_k", *top_k, 1, MAX_TERMS),
            OpWork::RowSum { terms } => self.within("work.row_sum.terms", *terms, 1, MAX_TERMS),
            OpWork::Elementwise => Ok(()),
            OpWork::Collective(shape) => self.collective(shape, plan),
        }?;
        let of_role = matches!(op.role, OpRole::Collective(_));
        self.holds(of_role == op.is_collective(), "work", || {
            format!("{} {} a collective", op.role, if of_role { "is" } else { "is not" })
        })
    }

    /// Only copies are sure to go on while blocks that wait for them hold the SMs.
    fn tiles(&self, plan: &Plan) -> Result<(), PlanFileError> {
        let Some(tiles) = self.op.tiles else { return Ok(()) };
        let of = plan.ops.get(tiles.of as usize).filter(|of| of.id < self.op.id);
        self.holds(of.is_some(), "tiles.of", || {
            format!("it names op {}, which stands no earlier", tiles.of)
        })?;
        let may_wait = self.op.copies().is_some() || of.is_some_and(|of| of.copies().is_some());
        self.holds(may_wait, "tiles.of", || {
            format!("op {} and this one are both on SMs: one of them must be copies", tiles.of)
        })
    }

    fn block(&self, plan: &Plan) -> Result<(), PlanFileError> {
        let (block, gpu) = (&self.op.resources, &plan.spec.machine.gpu);
        self.within("block.threads", block.threads, 1, 1024)?;
        self.within("block.registers", block.registers, 0, 255)?;
        self.holds(blocks_per_sm(block, gpu) > 0, "block", || {
            format!("an SM of {} has no room for one", gpu.name)
        })
    }

    fn gemm(&self, shape: &GemmShape) -> Result<(), PlanFileError> {
        let GemmShape { m, n, k, groups, tile_m, tile_n, split_k, persistent_sms, .. } = *shape;
        for (field, side) in [
            ("work.gemm.m", m),
            ("work.gemm.n", n),
            ("work.gemm.k", k),
            ("work.gemm.groups", groups),
            ("work.gemm.tile_m", tile_m),
            ("work.gemm.tile_n", tile_n),
            ("work.gemm.split_k", split_k),
            ("work.gemm.persistent_sms", persistent_sms.unwrap_or(1)),
        ] {
            self.within(field, side, 1, MAX_SIDE)?;
        }
        // No more than this, whatever the cluster: as many rows of tiles as are started by any group.
        let rows = u64::from(m.div_ceil(tile_m)) + 2;
        let most = [u64::from(groups), u64::from(n.div_ceil(tile_n)), u64::from(split_k)]
            .into_iter()
            .fold(rows, u64::saturating_mul);
        self.holds(most <= 2 * MAX_GRID, "work.gemm", || {
            format!("its tiles are more than {MAX_GRID}")
        })?;
        self.grid_is(shape.grid())
    }

    fn attention(&self, shape: &AttentionShape) -> Result<(), PlanFileError> {
        let AttentionShape { heads, kv_heads, head_dim, tile_rows, kv_chunk, ref sequences } =
            *shape;
        for (field, number) in [
            ("work.attention.heads", heads),
            ("work.attention.kv_heads", kv_heads),
            ("work.attention.head_dim", head_dim),
            ("work.attention.tile_rows", tile_rows),
        ] {
            self.within(field, number, 1, 1 << 16)?;
        }
        self.within("work.attention.kv_chunk", kv_chunk, 1, u32::MAX)?;
        let count = u32::try_from(sequences.len()).unwrap_or(u32::MAX);
        self.within("work.attention.sequences", count, 0, MAX_REQUESTS)?;
        let mut most = 0_u64;
        for request in sequences {
            let field = "work.attention.sequences";
            self.within(field, request.new_tokens, 0, MAX_TOKENS)?;
            self.within(field, request.cached_tokens, 0, MAX_CACHED_TOKENS)?;
            let tiles = u64::from(request.new_tokens.div_ceil(tile_rows));
            let chunks = u64::from(request.context_tokens().div_ceil(kv_chunk));
            most += u64::from(heads) * tiles + u64::from(kv_heads) * chunks;
        }
        self.holds(most <= 2 * MAX_GRID, "work.attention", || {
            format!("its blocks are more than {MAX_GRID}")
        })?;
        self.grid_is(shape.grid())
    }

    fn collective(&self, shape: &CollectiveShape, plan: &Plan) -> Result<(), PlanFileError> {
        self.amount("work.collective.message_bytes", shape.message_bytes)?;
        if let Some(copies) = shape.copies {
            self.within("work.collective.copies.at_once", copies.at_once, 1, MAX_AT_ONCE)?;
        }
        let is_role = self.op.role == OpRole::Collective(shape.collective);
        self.holds(is_role, "work.collective.collective", || {
            format!("the op is {}", self.op.role)
        })?;
        let machine = &plan.spec.machine;
        let can =
            shape.transport != Transport::Multimem || machine.link.multimem_bytes_per_s.is_some();
        self.holds(can, "work.collective.transport", || {
            format!("{} has no multicast", machine.name)
        })
    }

    /// The simulator has a block for each that the shape has.
    fn grid_is(&self, grid: u32) -> Result<(), PlanFileError> {
        self.holds(self.op.grid == grid, "grid", || {
            format!("it is {}, but work of this shape has {grid} blocks", self.op.grid)
        })
    }

    fn amount(&self, field: &str, number: f64) -> Result<(), PlanFileError> {
        self.holds((0.0..=1e18).contains(&number), field, || {
            format!("it is {number}; it must be between 0 and 1e18")
        })
    }

    fn within(&self, field: &str, number: u32, least: u32, most: u32) -> Result<(), PlanFileError> {
        self.holds((least..=most).contains(&number), field, || {
            format!("it is {number}; it must be between {least} and {most}")
        })
    }

    fn holds(
        &self,
        what: bool,
        field: &str,
        cause: impl FnOnce() -> String,
    ) -> Result<(), PlanFileError> {
        let place = || format!("op {} ({}), {field}", self.index, self.op.role);
        if what { Ok(()) } else { Err(PlanFileError::field(place(), cause())) }
    }
}
