//! How much each op computes and moves: as its plan states, by the shapes of PyTorch's operators, by what NCCL's calls say.

use std::collections::HashMap;

use crate::analysis::{Ops, link_bytes, product_amounts};
use crate::model::{OpFacts, SliceRef};
use crate::replay::{OpIndex, OpSize, Replay};

/// Gives every op its size, where the recording says one. Costs the arguments of operators and collectives.
pub(super) fn find(replay: &mut Replay, ops: &Ops<'_>, at: &HashMap<SliceRef, OpIndex>) {
    let products = product_amounts(ops);
    let sms = replay.contention.sms.unwrap_or(0);
    let mut known: HashMap<[u64; 6], u32> = HashMap::new();
    for rank in &ops.ranks {
        for op in &rank.ops {
            let facts = ops.trace.label(op.label).facts.as_deref();
            let size = facts.map(|facts| of_plan(facts, sms)).or_else(|| {
                if op.kind.is_comm() {
                    let link_bytes = link_bytes(ops.trace, rank.rank, op)?;
                    return Some(OpSize { link_bytes: Some(link_bytes), ..OpSize::default() });
                }
                let product = products.get(&op.slice)?;
                let (flops, hbm_bytes) = (product.flops, product.bytes);
                Some(OpSize { flops, hbm_bytes, ..OpSize::default() })
            });
            if let (Some(size), Some(&index)) = (size, at.get(&op.slice)) {
                let next = replay.sizes.len() as u32;
                let number = *known.entry(bits(size)).or_insert(next);
                if number == next {
                    replay.sizes.push(size);
                }
                replay.ops[index as usize].size = Some(number);
            }
        }
    }
}

/// On a GPU of so many SMs; of 0, which is one of unknown SMs, what a plan leaves to collectives is not known either.
fn of_plan(facts: &OpFacts, sms: u32) -> OpSize {
    let some = |bytes: f64| (bytes > 0.0).then_some(bytes);
    OpSize {
        flops: facts.flops,
        hbm_bytes: some(facts.hbm_bytes),
        link_bytes: some(facts.link_bytes),
        blocks: (facts.grid > 0).then_some(facts.grid),
        held_sms: if facts.sms > 0 { sms.saturating_sub(facts.sms) } else { 0 },
        rows: (facts.tokens > 0).then_some(facts.tokens),
    }
}

/// As a key: equal where all is.
fn bits(size: OpSize) -> [u64; 6] {
    let OpSize { flops, hbm_bytes, link_bytes, blocks, held_sms, rows } = size;
    let float = |value: Option<f64>| value.map_or(u64::MAX, f64::to_bits);
    let count = |value: Option<u32>| value.map_or(u64::MAX, u64::from);
    let held_sms = u64::from(held_sms);
    [flops.to_bits(), float(hbm_bytes), float(link_bytes), count(blocks), held_sms, count(rows)]
}
