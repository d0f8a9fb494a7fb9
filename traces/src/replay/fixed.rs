//! What of an op's time does not grow with its work: an op over half of the tokens takes more than half as long.

use super::Transport;

/// Of a kernel that computes, ns: the start of a block and the fixed time of a tile on H200s (engine/machines/h200x2.json, `block_start_ns`
/// and `gemm_fixed_ns`).
const KERNEL_NS: f64 = 3_330.0;
/// Of NCCL's collectives: base and fill of the pipeline on H200s (`nccl_base_ns`, `nccl_fill_ns`).
const NCCL_NS: f64 = 39_900.0;
/// Of collectives by loads and stores to peers, fused with a norm or not, on 16 SMs: setup, flags, two latencies of the link, the start of a
/// block (`setup_ns`, `flag_ns`, `latency_ns`, `block_start_ns`).
pub(super) const PEER_NS: f64 = 10_330.0;
/// A fixed time is at most this share of what an op takes: of small messages it is not known.
pub(super) const MOST: f64 = 0.5;

/// Of a kernel that computes (`None`), or of a collective.
pub(super) fn fixed_ns(transport: Option<Transport>) -> f64 {
    match transport {
        None => KERNEL_NS,
        Some(Transport::Nccl) => NCCL_NS,
        Some(Transport::Peers | Transport::Multimem) => PEER_NS,
    }
}
