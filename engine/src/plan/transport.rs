use crate::{
    machine::LinkSpec,
    spec::{RunSpec, Transport},
};

/// CTAs that drive a link at full rate with plain peer traffic; more would only take SMs from compute.
///
/// Twice what the rate of a lone CTA suggests: loads queue as the link fills. Measured on 2 × H200, where a CTA
/// alone reaches 47.5 GB/s, 16 of them are needed for the link's 370 GB/s.
pub fn link_ctas(link: &LinkSpec) -> u32 {
    let wanted = 2.0 * link.bytes_per_s / link.bytes_per_s_per_sm.max(1.0);
    // Even: blocks come in pairs that fill whole TPCs.
    (wanted.ceil() as u32).next_multiple_of(2).clamp(4, 32)
}

/// How unfused collectives travel in this run, and a sentence when that is not what was asked.
pub fn unfused_transport(spec: &RunSpec) -> (Transport, Option<String>) {
    match spec.knobs.transport {
        Transport::Multimem if spec.machine.link.multimem_bytes_per_s.is_none() => {
            (Transport::P2p, Some(no_multicast(spec)))
        }
        transport => (transport, None),
    }
}

/// How the fused kernel travels in this run, and a sentence when that is not what was asked: NCCL cannot carry it.
pub fn fused_transport(spec: &RunSpec) -> (Transport, Option<String>) {
    match unfused_transport(spec) {
        (Transport::Nccl, _) => {
            let note = "NCCL has no fused all-reduce + norm; it runs over peer-to-peer instead";
            (Transport::P2p, Some(note.to_owned()))
        }
        known => known,
    }
}

fn no_multicast(spec: &RunSpec) -> String {
    let machine = &spec.machine.name;
    format!("{machine} has no multicast; collectives run peer-to-peer instead of multimem")
}
