//! What an op takes with the GPU to itself on a machine, by the formulas that the simulator has (engine/src/sim/cost), without
//! its blocks: only ratios of two such times are ever used.

use super::{LinkRates, MachineRates, OpSize, Transport};
use crate::model::Kind;

/// What decides the time of an op.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costed {
    pub(super) kind: Kind,
    pub(super) size: OpSize,
    pub(super) transport: Option<Transport>,
    /// A collective with a norm in it.
    pub(super) is_fused: bool,
    /// Ranks that take part, of a collective.
    pub(super) ranks: f64,
}

/// Its time on a machine, ns; `None` where what decides it is not known.
pub(super) fn isolated_ns(op: &Costed, machine: &MachineRates) -> Option<f64> {
    let OpSize { flops, hbm_bytes, .. } = op.size;
    match (op.kind, op.transport) {
        (_, Some(transport)) => collective_ns(op, transport, machine),
        (Kind::Gemm, None) if flops > 0.0 => Some(gemm_ns(op.size, machine)),
        (Kind::Attention, None) if flops > 0.0 => {
            let rate = machine.attention_sm_flops_per_s * f64::from(machine.sms);
            let streams_s = hbm_bytes.unwrap_or(0.0) / machine.hbm_bytes_per_s;
            let fixed_ns = machine.block_start_ns + machine.attention_fixed_ns;
            Some(fixed_ns + (flops / rate).max(streams_s) * 1e9)
        }
        (kind, None) => {
            let Streaming { fixed_ns, bytes_per_s } = Streaming::of(kind, machine)?;
            Some(fixed_ns + hbm_bytes? / bytes_per_s * 1e9)
        }
    }
}

/// Tiles wave by wave, on the SMs that collectives beside leave it, where their number is known; never faster than all SMs together, or device memory, allow.
fn gemm_ns(size: OpSize, machine: &MachineRates) -> f64 {
    let whole_s = size.flops / machine.gemm_flops_per_s;
    let streams_s = size.hbm_bytes.unwrap_or(0.0) / machine.hbm_bytes_per_s;
    let roofline_ns = whole_s.max(streams_s) * 1e9;
    let waves_ns = size.blocks.filter(|blocks| *blocks > 0).map(|blocks| {
        let tile_s = size.flops / f64::from(blocks) / machine.gemm_sm_flops_per_s;
        let sms = machine.sms.saturating_sub(size.held_sms).max(1);
        f64::from(blocks.div_ceil(sms)) * (machine.gemm_fixed_ns + tile_s * 1e9)
    });
    let busy_ns = waves_ns.unwrap_or(machine.gemm_fixed_ns).max(roofline_ns);
    machine.block_start_ns + busy_ns
}

/// What only streams bytes: what it takes beside them, and how fast they go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Streaming {
    pub(super) fixed_ns: f64,
    pub(super) bytes_per_s: f64,
}

impl Streaming {
    /// Of norms and pointwise kernels, which memory bounds whatever their shape; `None` of other kinds.
    pub(super) fn of(kind: Kind, machine: &MachineRates) -> Option<Self> {
        let (accesses, sm_bytes_per_s) = match kind {
            Kind::Norm => (2.0, machine.norm_sm_bytes_per_s),
            Kind::Elementwise => (1.0, machine.pointwise_sm_bytes_per_s),
            _ => return None,
        };
        let by_sms = f64::from(machine.sms) * sm_bytes_per_s;
        Some(Self {
            fixed_ns: machine.block_start_ns + accesses * machine.memory_latency_ns,
            bytes_per_s: by_sms.min(machine.hbm_bytes_per_s),
        })
    }

    /// Of a collective of which the size is not known: NCCL with its pipeline filled, or rows as fast as the link.
    pub(super) fn of_transport(transport: Transport, machine: &MachineRates) -> Self {
        let link = &machine.link;
        match transport {
            Transport::Nccl => Self {
                fixed_ns: link.nccl_base_ns + link.nccl_fill_ns,
                bytes_per_s: link.nccl_bytes_per_s,
            },
            Transport::Peers | Transport::Multimem => {
                Self { fixed_ns: meeting_ns(machine, 0.0), bytes_per_s: link.bytes_per_s }
            }
        }
    }
}

fn collective_ns(op: &Costed, transport: Transport, machine: &MachineRates) -> Option<f64> {
    let (link, ranks) = (&machine.link, op.ranks.max(2.0));
    let link_bytes = op.size.link_bytes?;
    let peers_share = 2.0 * (ranks - 1.0) / ranks;
    if transport == Transport::Nccl {
        let filled = (link_bytes / peers_share / link.nccl_fill_bytes).min(1.0);
        let bytes_ns = link_bytes / link.nccl_bytes_per_s * 1e9;
        return Some(link.nccl_base_ns + filled * link.nccl_fill_ns + bytes_ns);
    }
    let rows = f64::from(op.size.rows.filter(|rows| *rows > 0)?);
    let ctas = f64::from(op.size.blocks.filter(|blocks| *blocks > 0)?);
    let in_switch = link.multimem_bytes_per_s.filter(|_| transport == Transport::Multimem);
    let share = if transport == Transport::Multimem { 1.0 + 1.0 / ranks } else { peers_share };
    let message_bytes = link_bytes / share;
    // In-switch an SM draws one reduced row, otherwise one from each peer.
    let drawn = if in_switch.is_some() { 1.0 } else { ranks - 1.0 };
    let limit_s = match in_switch {
        Some(rate) => message_bytes / rate,
        None => message_bytes * peers_share / link.bytes_per_s,
    };
    let row_ns =
        row_ns(link, op.is_fused) + drawn * message_bytes / rows / link.sm_bytes_per_s * 1e9;
    let rows_ns = (rows / ranks / ctas).ceil() * row_ns;
    Some(meeting_ns(machine, ctas) + rows_ns.max(limit_s * 1e9))
}

fn row_ns(link: &LinkRates, is_fused: bool) -> f64 {
    link.row_ns[usize::from(is_fused)]
}

/// Blocks start, set up, and all of an index meet before and after.
fn meeting_ns(machine: &MachineRates, ctas: f64) -> f64 {
    let link = &machine.link;
    machine.block_start_ns + link.setup_ns + link.flag_ns * ctas + 2.0 * link.latency_ns
}
