//! Another degree of tensor parallelism: products and attention of a rank shrink or grow with its shard, collectives move the
//! same rows between more ranks or fewer, and what is replicated stays. Tiles, where products are cut and the host stay.

mod ranks;
mod shards;

use std::collections::HashMap;

use super::comm::{self, NO_COMM, is_comm};
use super::machine::costed;
use crate::replay::cost::{Costed, isolated_ns};
use crate::replay::fixed::MOST;
use crate::replay::{MachineRates, OpSize, Replay, ReplayOp, Transport};
use crate::words::counted;
use shards::Shard;

/// Who shares the work.
struct Group {
    degree: u32,
    /// All of them are in the recording, so that ranks can be added and removed.
    is_whole: bool,
}

/// Runs it with `new` ranks. `machine` is the one that it was recorded on: with it, products of known shape are scaled wave by wave, and
/// collectives by the formulas of their transport; else by their share alone.
pub(super) fn degree(
    replay: &mut Replay,
    new: u32,
    machine: Option<&MachineRates>,
) -> Result<String, String> {
    let Group { degree: old, is_whole } = Group::of(replay)?;
    if new == old {
        return Err(format!("{old} ranks share the work already"));
    }
    let moved_to = replay.moved_to.clone();
    let machine = moved_to.as_deref().or(machine);
    let shards = shards::of(replay);
    let change = Change { ratio: f64::from(old) / f64::from(new), degrees: [old, new], machine };
    let scaled = replay.ops.iter().zip(&shards).map(|(op, &shard)| change.of(replay, op, shard));
    let scaled: Vec<Scaled> = scaled.collect();
    // Of ops alike the size is kept once.
    let mut sizes: HashMap<(Option<u32>, Shard, Option<Transport>), u32> = HashMap::new();
    for (index, (Scaled { work_ns, size }, &shard)) in scaled.into_iter().zip(&shards).enumerate() {
        let op = &mut replay.ops[index];
        op.work_ns = work_ns;
        if let Some(size) = size {
            let number = *sizes.entry((op.size, shard, op.transport)).or_insert_with(|| {
                replay.sizes.push(size);
                replay.sizes.len() as u32 - 1
            });
            op.size = Some(number);
        }
    }
    (replay.world_size, replay.facts_hold) = (new, false);
    if is_whole {
        ranks::resize(replay, new as usize);
    }
    if new == 1 {
        comm::none(replay)?;
    }
    Ok(note(&shards, [old, new], is_whole))
}

fn note(shards: &[Shard], [old, new]: [u32; 2], is_whole: bool) -> String {
    let count = |of: &dyn Fn(Shard) -> bool| shards.iter().filter(|shard| of(**shard)).count();
    let sharded = count(&|shard| shard.shrinks());
    let stay = count(&|shard| shard == Shard::Replicated);
    let unknown = count(&|shard| shard == Shard::Unknown);
    let mut note = format!(
        "{} instead of {old}: {} on shards of another size, {stay} replicated",
        counted(new.into(), "rank"),
        counted(sharded as u64, "op"),
    );
    if unknown > 0 {
        note += &format!(", {unknown} kept, since what they work on is not known");
    }
    if !is_whole {
        note += "; ranks that are not recorded are not added";
    }
    note
}

impl Group {
    fn of(replay: &Replay) -> Result<Self, String> {
        if !replay.ops.iter().any(|op| is_comm(op.kind)) {
            return Err(format!("{NO_COMM}, so where ranks meet is not known"));
        }
        let recorded = replay.ranks.len();
        let mut sizes: Vec<usize> =
            replay.groups.iter().map(Vec::len).filter(|size| *size > 0).collect();
        sizes.sort_unstable();
        sizes.dedup();
        match sizes[..] {
            [all] if all == recorded => Ok(Self { degree: all as u32, is_whole: true }),
            [] if replay.world_size as usize > recorded => {
                Ok(Self { degree: replay.world_size, is_whole: false })
            }
            [] => Err("how many ranks share the work is not recorded".to_owned()),
            _ => Err(format!(
                "its collectives are not all of the {recorded} ranks, so which share the work is not known"
            )),
        }
    }
}

/// From one degree to another.
struct Change<'a> {
    /// What a shard is of the one before.
    ratio: f64,
    degrees: [u32; 2],
    machine: Option<&'a MachineRates>,
}

/// What an op takes afterwards, and how much it does where that is known.
struct Scaled {
    work_ns: f64,
    size: Option<OpSize>,
}

impl Scaled {
    fn kept(op: &ReplayOp, size: Option<OpSize>) -> Self {
        Self { work_ns: op.work_ns, size }
    }
}

impl Change<'_> {
    fn of(&self, replay: &Replay, op: &ReplayOp, shard: Shard) -> Scaled {
        if let Some(transport) = op.transport {
            // Of one rank it is taken out.
            return self.collective(replay, op, transport);
        }
        if !shard.shrinks() {
            return Scaled::kept(op, None);
        }
        let size = replay.size_of(op).map(|size| self.shard(size, shard));
        let before = replay.size_of(op).map(|size| costed(replay, op, size));
        let after = size.map(|size| costed(replay, op, size));
        let work_ns = self.by_cost(op, before, after).unwrap_or_else(|| linear(op, self.ratio));
        Scaled { work_ns, size }
    }

    fn shard(&self, size: OpSize, shard: Shard) -> OpSize {
        let blocks = size.blocks.map(|blocks| match shard {
            // What is summed over is shorter: the same tiles.
            Shard::Depth => blocks,
            _ => (f64::from(blocks) * self.ratio).ceil() as u32,
        });
        let hbm_bytes = size.hbm_bytes.map(|bytes| bytes * self.ratio);
        OpSize { flops: size.flops * self.ratio, hbm_bytes, blocks, ..size }
    }

    fn collective(&self, replay: &Replay, op: &ReplayOp, transport: Transport) -> Scaled {
        let share = |ranks: u32| match transport {
            Transport::Multimem => 1.0 + 1.0 / f64::from(ranks),
            Transport::Nccl | Transport::Peers => 1.0 - 1.0 / f64::from(ranks),
        };
        let [old, new] = self.degrees.map(share);
        let before = replay.size_of(op).map(|size| costed(replay, op, size));
        let size = replay.size_of(op).map(|size| OpSize {
            link_bytes: size.link_bytes.map(|bytes| bytes * new / old),
            ..size
        });
        let after =
            size.map(|size| Costed { ranks: self.degrees[1].into(), ..costed(replay, op, size) });
        let work_ns = self.by_cost(op, before, after).unwrap_or_else(|| linear(op, new / old));
        Scaled { work_ns, size }
    }

    fn by_cost(&self, op: &ReplayOp, before: Option<Costed>, after: Option<Costed>) -> Option<f64> {
        let machine = self.machine?;
        let (before_ns, after_ns) =
            isolated_ns(&before?, machine).zip(isolated_ns(&after?, machine))?;
        Some(op.work_ns * after_ns / before_ns)
    }
}

/// What does not grow with the work, and the rest by the ratio.
fn linear(op: &ReplayOp, ratio: f64) -> f64 {
    let fixed_ns = op.fixed_ns.min(MOST * op.work_ns);
    fixed_ns + (op.work_ns - fixed_ns) * ratio
}
