//! Machines of papers that no file describes, as those that are described with other links.

use crate::{
    machine::{self, Machine},
    plan::PlanError,
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

/// An NPU of so many cores, each where a GPU has an SM, whose scratchpads are filled from one memory. All of it is estimated but the cores.
///
/// # Errors
/// None, as long as there is a machine to take the form of.
pub(super) fn npu(cores: u32) -> Result<Machine, PlanError> {
    let mut machine = machine_named("rtx4090x2")?;
    "npu".clone_into(&mut machine.name);
    machine.title = format!("NPU of {cores} cores");
    let core_ops_per_s = 128e9;
    "NPU core".clone_into(&mut machine.gpu.name);
    machine.gpu.sms = cores;
    machine.gpu.bf16_flops = f64::from(cores) * core_ops_per_s;
    machine.gpu.hbm_bytes_per_s = 25.6e9;
    machine.gpu.l2_bytes_per_s = 1e12;
    machine.kernels.gemm_sm_flops = core_ops_per_s;
    machine.kernels.gemm_fixed_ns = 500.0;
    machine.host.issue_ns = 1000.0;
    machine.host.kernel_gap_ns = 1000.0;
    machine.expected_error = None;
    let estimate = "estimate: 64 multiply-adds a core and cycle at 1 GHz, two channels of DDR4";
    for key in ["gpu.bf16_flops", "gpu.hbm_bytes_per_s", "kernels.gemm_sm_flops"] {
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
