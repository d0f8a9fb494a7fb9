use crate::{
    machine::LinkSpec,
    spec::{RunSpec, Transport},
};

/// CTAs that drive a link at full rate with plain peer traffic; more would only take SMs from compute.
///
/// Twice what the rate of an isolated CTA suggests: loads queue as the link fills. Measured on 2 × H200, where one CTA
/// reaches 47.5 GB/s, 16 of them are needed for the link's 370 GB/s.
pub fn link_ctas(link: &LinkSpec) -> u32 {
    let wanted = 2.0 * link.bytes_per_s / link.bytes_per_s_per_sm.max(1.0);
    // Even: blocks come in pairs that fill whole TPCs.
    (wanted.ceil() as u32).next_multiple_of(2).clamp(4, 32)
}

/// Channels, so CTAs, of an NCCL ring over NVSwitch (estimate: NCCL's default on 8 × H100).
const NCCL_CTAS: u32 = 24;
/// CTAs from which on in-switch reduction is no faster (docs/tokenweave.md, "The fused kernel").
const MULTIMEM_CTAS: u32 = 8;

/// CTAs of an unfused collective with nothing beside it.
pub(super) fn exposed_ctas(transport: Transport, link: &LinkSpec) -> u32 {
    match transport {
        Transport::Multimem => MULTIMEM_CTAS,
        Transport::P2p => link_ctas(link),
        Transport::Nccl => NCCL_CTAS,
    }
}

/// CTAs of an unfused collective beside compute: over peer-to-peer half of what fills the link, since all of it beside
/// GEMMs costs them more than the link gains (1507 against 1688 µs a layer of 4096 tokens on 2 × H200).
pub(crate) fn overlapped_ctas(transport: Transport, link: &LinkSpec) -> u32 {
    match transport {
        Transport::P2p => link_ctas(link) / 2,
        Transport::Multimem | Transport::Nccl => exposed_ctas(transport, link),
    }
}

/// CTAs of a fused collective with nothing beside it: 16, over multimem 32 from 16K tokens on (docs/tokenweave.md,
/// "The weave"); peer-to-peer more than 16 gain nothing (kernels/NOTES.md: 409 µs with 16, 407 with 20).
pub(crate) fn exposed_fused_ctas(transport: Transport, tokens: u32) -> u32 {
    if transport == Transport::Multimem && tokens >= 16_384 { 32 } else { 16 }
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
