//! Machines of papers that no file describes, as those that are described with other links.

use super::{Knob, Range};
use crate::{
    machine::{self, Machine},
    plan::PlanError,
};

/// The knob of what runs on one GPU.
pub(super) const ONE_GPU: Knob = Knob {
    name: "machine",
    unit: "",
    range: Range::Choice(&["a100x8", "h100x8", "rtx4090x2"]),
    default: 0.0,
    help: "One GPU of it",
};

/// The machine of this name: a built-in one, or an H800 or A800, which are an H100 and an A100 with fewer NVLinks.
///
/// # Errors
/// [`PlanError::Knob`] where there is none.
pub(super) fn machine_named(name: &str) -> Result<Machine, PlanError> {
    let found = match name {
        // NVIDIA's data sheets: 400 GB/s of NVLink in both directions together instead of 900, and instead of 600.
        "h800x8" => of_links("h100x8", (name, "8 × H800 SXM"), 400.0 / 900.0),
        "a800x8" => of_links("a100x8", (name, "8 × A800 SXM"), 400.0 / 600.0),
        // One rank a node, each behind 100 Gb/s of Ethernet.
        "h100x8-100gbe" => {
            behind("h100x8", (name, "8 nodes with an H100, 100 Gb/s Ethernet"), 12.5e9)
        }
        "a100x8-fp64" => in_fp64(name),
        "npu32" => machine::from_json(include_str!("../../machines/npu32.json")).ok(),
        _ => machine::builtin(name),
    };
    let range = || format!("h800x8, a800x8, {}", machine::names().collect::<Vec<_>>().join(", "));
    found.ok_or_else(|| PlanError::Knob { knob: "machine", value: name.to_owned(), range: range() })
}

/// Two servers of 32 cores, a core where a GPU has an SM, that are `latency_ms` and `bytes_per_s` apart. What cores do are estimates: a party's products
/// are of 64-bit integers.
///
/// # Errors
/// None, as long as there is a machine to take the form of.
pub(super) fn parties(latency_ms: f64, bytes_per_s: f64) -> Result<Machine, PlanError> {
    let mut machine = machine_named("rtx4090x2")?;
    "two-parties".clone_into(&mut machine.name);
    "2 servers of 32 cores".clone_into(&mut machine.title);
    let (cores, core_ops_per_s) = (32, 8e9);
    machine.gpu.name = "32 cores".to_owned();
    machine.gpu.sms = cores;
    machine.gpu.bf16_flops = f64::from(cores) * core_ops_per_s;
    machine.gpu.hbm_bytes_per_s = 50e9;
    machine.gpu.l2_bytes_per_s = 400e9;
    machine.kernels.gemm_sm_flops = core_ops_per_s;
    machine.kernels.sm_bytes_per_s = 5e9;
    "network".clone_into(&mut machine.link.name);
    machine.link.bytes_per_s = bytes_per_s;
    machine.collectives.nccl_bytes_per_s = bytes_per_s;
    // A round is a message there and one back that are on their way at the same time.
    machine.collectives.nccl_base_ns = latency_ms * 1e6;
    machine.collectives.nccl_fill_ns = 0.0;
    machine.expected_error = None;
    let estimate = "estimate: a server of 32 cores, products of 64-bit integers";
    for key in ["gpu.sms", "gpu.bf16_flops", "gpu.hbm_bytes_per_s", "kernels.gemm_sm_flops"] {
        machine.sources.insert(key.to_owned(), estimate.to_owned());
    }
    Ok(machine)
}

/// A built-in machine whose links carry so much of what they do. One SM drives as much as before, and nothing is slower but
/// bytes: what a message costs besides is the same.
fn of_links(known: &str, (name, title): (&str, &str), share: f64) -> Option<Machine> {
    let mut machine = machine::builtin(known)?;
    (machine.name, machine.title) = (name.to_owned(), title.to_owned());
    let rates = [
        ("link.bytes_per_s", &mut machine.link.bytes_per_s),
        ("collectives.nccl_bytes_per_s", &mut machine.collectives.nccl_bytes_per_s),
    ];
    for (key, rate) in rates {
        *rate *= share;
        let source = format!("{known}'s × {share:.3}, the share of its NVLinks that there are");
        machine.sources.insert(key.to_owned(), source);
    }
    let in_switch =
        [&mut machine.link.multimem_bytes_per_s, &mut machine.link.multimem_in_place_bytes_per_s];
    for rate in in_switch.into_iter().flatten() {
        *rate *= share;
    }
    machine.expected_error = None;
    Some(machine)
}

/// A built-in machine whose ranks are linked at this rate, bytes/s a direction; without what switches of NVLink do.
fn behind(known: &str, named: (&str, &str), bytes_per_s: f64) -> Option<Machine> {
    let share = bytes_per_s / machine::builtin(known)?.link.bytes_per_s;
    let mut machine = of_links(known, named, share)?;
    machine.link.name = "Ethernet".to_owned();
    (machine.link.multimem_bytes_per_s, machine.link.multimem_in_place_bytes_per_s) = (None, None);
    Some(machine)
}

/// Eight A100s whose products are of 64-bit numbers: tensor cores do 19.5 TFLOP/s of them where they do 312 of bf16 (NVIDIA's
/// white paper of the A100). Rates of memory count the bytes of an op, which are four times as many; what tiles draw from L2
/// is counted in numbers of 2 bytes, so L2 gives a quarter as many of them.
fn in_fp64(name: &str) -> Option<Machine> {
    let mut machine = machine::builtin("a100x8")?;
    (machine.name, machine.title) = (name.to_owned(), "8 × A100 SXM, products in FP64".to_owned());
    let rates = [
        ("kernels.gemm_sm_flops", &mut machine.kernels.gemm_sm_flops, 19.5 / 312.0),
        ("gpu.bf16_flops", &mut machine.gpu.bf16_flops, 19.5 / 312.0),
        ("gpu.l2_bytes_per_s", &mut machine.gpu.l2_bytes_per_s, 2.0 / 8.0),
    ];
    for (key, rate, share) in rates {
        *rate *= share;
        machine.sources.insert(key.to_owned(), format!("a100x8's × {share}, for FP64"));
    }
    let host = &mut machine.host;
    let (gap, join) = (host.graph_gap_ns, host.graph_join_gap_ns);
    let times = [
        (
            "host.issue_ns",
            &mut host.issue_ns,
            4000.0,
            "estimate: a launch by a thread of C++, not of Python",
        ),
        (
            "host.kernel_gap_ns",
            &mut host.kernel_gap_ns,
            gap,
            "graph_gap_ns: the queue is never empty",
        ),
        ("host.join_gap_ns", &mut host.join_gap_ns, join, "graph_join_gap_ns: the same"),
    ];
    for (key, time, ns, source) in times {
        *time = ns;
        machine.sources.insert(key.to_owned(), source.to_owned());
    }
    machine.expected_error = None;
    Some(machine)
}
