//! What the blocks of a collective cost.

use super::{OpCost, Work};
use crate::{
    machine::{LinkSpec, Machine},
    plan::{Collective, CollectiveShape, Copies, Op},
    sim::{
        capacity::Demand,
        time::{Ticks, ticks},
    },
    spec::Transport,
};

/// Share of its SM's issue slots that a communication block uses.
const ISSUE: f64 = 0.25;

/// What the blocks of a collective cost.
///
/// Multimem and peer-to-peer kernels take the rows of this rank's token shard one after another, `grid` rows at a
/// time: a dependent chain a row, and its bytes at what one SM drives. The NCCL ring moves chunks around persistent
/// channels: a base time, a pipeline fill that grows with the message up to a size, and bytes at bus bandwidth.
pub(super) fn cost(op: &Op, shape: &CollectiveShape, machine: &Machine, ranks: u32) -> OpCost {
    if let Some(copies) = shape.copies {
        return chunks(op, copies, machine);
    }
    let CollectiveShape { collective, transport, message_bytes, .. } = *shape;
    let work = match transport {
        Transport::Nccl => Work::Equal(ticks(ring_ns(op, machine, message_bytes))),
        Transport::Multimem | Transport::P2p => rows(op, shape, machine, ranks),
    };
    let in_switch = transport == Transport::Multimem
        && matches!(collective, Collective::AllReduce | Collective::FusedArNorm);
    let whole = Demand {
        flops: 0.0,
        hbm: op.hbm_bytes,
        l2: op.hbm_bytes,
        link: op.link_bytes,
        multimem: if in_switch { message_bytes * lone_share(op, &machine.link) } else { 0.0 },
    };
    let cost = OpCost::new(work, op.grid, whole);
    let mut demand = cost.demand;
    if transport == Transport::Nccl {
        // Its bus bandwidth is measured as it is: no second limit from ports that were measured with other kernels.
        let ports = machine.link.bytes_per_s * 1e-9 / f64::from(op.grid);
        demand.link = demand.link.min(ports);
    }
    // The ring's rate is measured with all it waits for; rows of the other kernels wait one by one.
    let latency_bound = transport != Transport::Nccl;
    let meeting = if latency_bound { meeting(op, machine) } else { 0 };
    OpCost { demand, issue: ISSUE, meeting, collective: true, latency_bound, ..cost }
}

/// A chunk goes as fast as the links let it; those under way share them. Each is told to the peers by a flag.
fn chunks(op: &Op, copies: Copies, machine: &Machine) -> OpCost {
    let whole =
        Demand { hbm: op.hbm_bytes, l2: op.hbm_bytes, link: op.link_bytes, ..Demand::default() };
    let chunk_ns = op.link_bytes / f64::from(op.grid.max(1)) / machine.link.bytes_per_s * 1e9;
    let cost = OpCost::new(Work::Equal(ticks(chunk_ns)), op.grid, whole);
    OpCost { issue: 0.0, collective: true, copies: Some(copies.at_once.max(1)), ..cost }
}

fn meeting(op: &Op, machine: &Machine) -> Ticks {
    let spec = &machine.collectives;
    ticks(machine.host.block_start_ns + spec.setup_ns + spec.flag_ns * f64::from(op.grid))
}

/// Share of the lone time that a message takes in the switches: the first op of a plan stands alone.
fn lone_share(op: &Op, link: &LinkSpec) -> f64 {
    let rates = link.multimem_bytes_per_s.zip(link.multimem_in_place_bytes_per_s);
    rates.filter(|_| !op.is_first()).map_or(1.0, |(lone, in_place)| lone / in_place)
}

fn ring_ns(op: &Op, machine: &Machine, message_bytes: f64) -> f64 {
    let ring = &machine.collectives;
    let fill = ring.nccl_fill_ns * (message_bytes / ring.nccl_fill_bytes).min(1.0);
    ring.nccl_base_ns + fill + op.link_bytes / ring.nccl_bytes_per_s * 1e9
}

/// Block c takes the rows c, c + grid, c + 2·grid … of the shard.
fn rows(op: &Op, shape: &CollectiveShape, machine: &Machine, ranks: u32) -> Work {
    let CollectiveShape { collective, transport, message_bytes, .. } = *shape;
    let spec = &machine.collectives;
    let row_bytes = message_bytes / f64::from(op.tokens.max(1));
    // In-switch, a rank's SM draws one reduced row; peer-to-peer, one from each peer.
    let drawn = match transport {
        Transport::Multimem => 1.0,
        Transport::P2p | Transport::Nccl => f64::from(ranks.saturating_sub(1)),
    };
    let chain = match collective {
        Collective::FusedArNorm => spec.fused_row_ns,
        _ => spec.plain_row_ns,
    };
    let row_ns = chain + drawn * row_bytes / machine.link.bytes_per_s_per_sm * 1e9;
    let rows = op.tokens.div_ceil(ranks);
    let works = (0..op.grid)
        .map(|block| {
            let own = rows / op.grid + u32::from(block < rows % op.grid);
            ticks(f64::from(own) * row_ns)
        })
        .collect();
    Work::Each(works)
}
