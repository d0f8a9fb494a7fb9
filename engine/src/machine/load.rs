//! A machine file's text, read and checked: a number that makes no sense is refused with its key.

use thiserror::Error;

use super::{Machine, PowerSpec};

/// Why a machine file cannot be used.
#[derive(Debug, Error)]
pub enum MachineError {
    /// Not JSON, or a key is missing, unknown or of the wrong type.
    #[error("not a machine description: {0}")]
    Json(#[from] serde_json::Error),
    /// A number makes no sense.
    #[error("{key} is {value}; it must be {range}")]
    Value {
        /// Key path in the file, e.g. `gpu.sms`.
        key: &'static str,
        /// Value found.
        value: f64,
        /// Allowed.
        range: &'static str,
    },
}

/// A machine from the text of a machine file.
///
/// # Errors
/// [`MachineError`]: the JSON's line and column, or the key whose value makes no sense.
pub fn from_json(text: &str) -> Result<Machine, MachineError> {
    let machine: Machine = serde_json::from_str(text)?;
    check(&machine)?;
    Ok(machine)
}

fn check(machine: &Machine) -> Result<(), MachineError> {
    let Machine { gpu, link, kernels, collectives, host, .. } = machine;
    let counts = [
        ("gpus", machine.gpus, 64),
        ("gpu.sms", gpu.sms, 1024),
        ("gpu.threads_per_sm", gpu.threads_per_sm, 1 << 16),
        ("gpu.blocks_per_sm", gpu.blocks_per_sm, 32),
        ("gpu.smem_per_sm_bytes", gpu.smem_per_sm_bytes, 1 << 30),
    ];
    for (key, value, most) in counts {
        if value == 0 || value > most {
            let range =
                if most == 32 { "between 1 and 32" } else { "a positive count of plausible size" };
            return Err(MachineError::Value { key, value: f64::from(value), range });
        }
    }
    check_expected_error(machine)?;
    let rates = [
        ("gpu.bf16_flops", gpu.bf16_flops),
        ("gpu.hbm_bytes_per_s", gpu.hbm_bytes_per_s),
        ("gpu.l2_bytes_per_s", gpu.l2_bytes_per_s),
        ("link.bytes_per_s", link.bytes_per_s),
        ("link.multimem_bytes_per_s", link.multimem_bytes_per_s.unwrap_or(1e9)),
        ("link.multimem_in_place_bytes_per_s", link.multimem_in_place_bytes_per_s.unwrap_or(1e9)),
        ("link.bytes_per_s_per_sm", link.bytes_per_s_per_sm),
        ("kernels.gemm_sm_flops", kernels.gemm_sm_flops),
        ("kernels.attention_sm_flops", kernels.attention_sm_flops),
        ("kernels.sm_bytes_per_s", kernels.sm_bytes_per_s),
        ("kernels.grouped_sm_flops", kernels.grouped_sm_flops.unwrap_or(1e9)),
        ("kernels.gemm_sm_bytes_per_s", kernels.gemm_sm_bytes_per_s.unwrap_or(1e9)),
        ("kernels.sm_load_bytes_per_s", kernels.sm_load_bytes_per_s.unwrap_or(1e9)),
        ("kernels.pointwise_sm_bytes_per_s", kernels.pointwise_sm_bytes_per_s.unwrap_or(1e9)),
        ("collectives.nccl_bytes_per_s", collectives.nccl_bytes_per_s),
        ("collectives.nccl_fill_bytes", collectives.nccl_fill_bytes),
    ];
    for (key, value) in rates {
        if !(1.0..1e18).contains(&value) {
            return Err(MachineError::Value { key, value, range: "between 1 and 1e18" });
        }
    }
    let times = [
        ("link.latency_ns", link.latency_ns),
        ("link.drain_ns", link.drain_ns),
        ("kernels.gemm_fixed_ns", kernels.gemm_fixed_ns),
        ("kernels.attention_fixed_ns", kernels.attention_fixed_ns),
        ("kernels.memory_latency_ns", kernels.memory_latency_ns),
        ("kernels.loaded_latency", kernels.loaded_latency),
        ("collectives.fused_row_ns", collectives.fused_row_ns),
        ("collectives.plain_row_ns", collectives.plain_row_ns),
        ("collectives.link_queueing", collectives.link_queueing),
        ("collectives.setup_ns", collectives.setup_ns),
        ("collectives.flag_ns", collectives.flag_ns),
        ("collectives.nccl_base_ns", collectives.nccl_base_ns),
        ("collectives.nccl_fill_ns", collectives.nccl_fill_ns),
        ("host.issue_ns", host.issue_ns),
        ("host.kernel_gap_ns", host.kernel_gap_ns),
        ("host.join_gap_ns", host.join_gap_ns),
        ("host.block_start_ns", host.block_start_ns),
        ("host.iteration_ns", host.iteration_ns),
        ("host.sequence_ns", host.sequence_ns),
        ("host.graph_launch_ns", host.graph_launch_ns),
        ("host.graph_issue_ns", host.graph_issue_ns),
        ("host.graph_gap_ns", host.graph_gap_ns),
        ("host.graph_join_gap_ns", host.graph_join_gap_ns),
    ];
    for (key, value) in times {
        if !(0.0..1e9).contains(&value) {
            return Err(MachineError::Value { key, value, range: "between 0 and 1e9" });
        }
    }
    if let Some(power) = &gpu.power {
        check_power(power)?;
    }
    if !(0.0..0.5).contains(&kernels.block_jitter) {
        let (key, value) = ("kernels.block_jitter", kernels.block_jitter);
        return Err(MachineError::Value { key, value, range: "between 0 and 0.5" });
    }
    Ok(())
}

/// A limit below what idling draws could never be kept, and energies are between a femtojoule and a nanojoule.
fn check_power(power: &PowerSpec) -> Result<(), MachineError> {
    let above_idle = (
        "gpu.power.limit_w",
        power.limit_w,
        power.idle_w + 1.0..1e5,
        "above gpu.power.idle_w and below 1e5",
    );
    let numbers = [
        ("gpu.power.idle_w", power.idle_w, 0.0..1e5, "between 0 and 1e5"),
        above_idle,
        ("gpu.power.joules_per_flop", power.joules_per_flop, 0.0..1e-9, "between 0 and 1e-9"),
        (
            "gpu.power.joules_per_dram_byte",
            power.joules_per_dram_byte,
            0.0..1e-8,
            "between 0 and 1e-8",
        ),
        ("gpu.power.reserve_j", power.reserve_j, 1e-3..1e5, "between 1e-3 and 1e5"),
    ];
    for (key, value, wanted, range) in numbers {
        if !wanted.contains(&value) {
            return Err(MachineError::Value { key, value, range });
        }
    }
    Ok(())
}

/// Not known is not 0.
fn check_expected_error(machine: &Machine) -> Result<(), MachineError> {
    let Some(error) = &machine.expected_error else { return Ok(()) };
    for (key, value) in [
        ("expected_error.layer_pct", error.layer_pct),
        ("expected_error.worst_pct", error.worst_pct),
    ] {
        if !(0.1..1e4).contains(&value) {
            let range = "between 0.1 and 10000; where it is not known, there is none";
            return Err(MachineError::Value { key, value, range });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const H100: &str = include_str!("../../machines/h100x8.json");

    fn error_of(text: &str) -> String {
        from_json(text).expect_err("refused").to_string()
    }

    #[test]
    fn a_typo_names_the_key_and_the_line() {
        let message = error_of(&H100.replace("\"sms\"", "\"smss\""));
        assert!(message.contains("smss") && message.contains("line"), "{message}");
    }

    #[test]
    fn a_missing_key_is_named() {
        let message = error_of("{}");
        assert!(message.contains("missing field `name`"), "{message}");
    }

    #[test]
    fn a_senseless_value_names_its_key() {
        let message = error_of(&H100.replace("\"sms\": 132", "\"sms\": 0"));
        assert!(message.starts_with("gpu.sms is 0; it must be"), "{message}");
        let message = error_of(&H100.replace("\"block_jitter\": 0.01", "\"block_jitter\": 3"));
        assert!(message.starts_with("kernels.block_jitter is 3"), "{message}");
    }

    /// Not known is not 0: an error that nobody measured is left out.
    #[test]
    fn an_expected_error_of_nothing_is_refused() {
        let h100 = include_str!("../../machines/h100x4.json");
        let known = from_json(h100).expect("a machine").expected_error.expect("measured");
        let none = format!("\"layer_pct\": {:?}", known.layer_pct);
        let message = error_of(&h100.replace(&none, "\"layer_pct\": 0.0"));
        assert!(message.starts_with("expected_error.layer_pct is 0; it must be"), "{message}");
    }

    #[test]
    fn a_limit_below_idling_is_refused() {
        let h200 = include_str!("../../machines/h200x2.json");
        assert!(from_json(h200).is_ok());
        let message = error_of(&h200.replace("\"limit_w\": 700.0", "\"limit_w\": 100.0"));
        assert!(message.starts_with("gpu.power.limit_w is 100; it must be above"), "{message}");
    }

    /// A file from before serving has none of its constants.
    #[test]
    fn what_serving_needs_has_defaults() {
        let mut old: serde_json::Value = serde_json::from_str(H100).expect("JSON");
        let host = old["host"].as_object_mut().expect("an object");
        let known = host.len();
        host.retain(|key, _| {
            !key.starts_with("graph_") && key != "iteration_ns" && key != "sequence_ns"
        });
        assert_eq!(known - host.len(), 6);
        let old = from_json(&old.to_string()).expect("still a machine");
        assert_eq!(old.host, from_json(H100).expect("a machine").host);
    }

    #[test]
    fn a_truncated_file_says_where_it_ends() {
        let message = error_of(&H100[..200]);
        assert!(message.contains("EOF") && message.contains("line"), "{message}");
    }
}
