//! The numbers that can be fitted.

use serde_json::Value;

use crate::machine::Machine;

/// A number of a machine file that measurements determine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Key path, as in the machine file and its `sources`.
    pub key: &'static str,
    /// Unit.
    pub unit: &'static str,
    /// One line: what it is.
    pub what: &'static str,
}

const fn constant_of(key: &'static str, unit: &'static str, what: &'static str) -> Constant {
    Constant { key, unit, what }
}

/// All that can be fitted, products first.
pub const CONSTANTS: [Constant; 31] = [
    constant_of("kernels.gemm_sm_flops", "FLOP/s", "one SM in the main loop of a GEMM tile"),
    constant_of("kernels.grouped_sm_flops", "FLOP/s", "the same in the products of experts"),
    constant_of("kernels.gemm_fixed_ns", "ns", "a GEMM tile beside its main loop"),
    constant_of(
        "gpu.bf16_flops",
        "FLOP/s",
        "all SMs together in GEMMs, before the power limit is felt",
    ),
    constant_of(
        "gpu.power.joules_per_flop",
        "J/FLOP",
        "a floating-point operation at the highest clock",
    ),
    constant_of("gpu.l2_bytes_per_s", "bytes/s", "L2"),
    constant_of("host.block_start_ns", "ns", "a block before its first useful instruction"),
    constant_of(
        "kernels.sm_load_bytes_per_s",
        "bytes/s",
        "most that one SM loads where it hardly stores",
    ),
    constant_of("kernels.attention_sm_flops", "FLOP/s", "one SM in the main loop of attention"),
    constant_of("kernels.attention_fixed_ns", "ns", "an attention block beside its main loop"),
    constant_of("gpu.hbm_bytes_per_s", "bytes/s", "device memory"),
    constant_of("kernels.sm_bytes_per_s", "bytes/s", "most that one SM draws from memory"),
    constant_of(
        "kernels.pointwise_sm_bytes_per_s",
        "bytes/s",
        "most that one SM moves in pointwise kernels",
    ),
    constant_of("kernels.memory_latency_ns", "ns", "one access to device memory"),
    constant_of(
        "kernels.loaded_latency",
        "share",
        "slow-down of such an access at full load of memory",
    ),
    constant_of("host.kernel_gap_ns", "ns", "from kernel to kernel of a stream"),
    constant_of("host.join_gap_ns", "ns", "from stream to stream over an event"),
    constant_of("link.bytes_per_s", "bytes/s", "a GPU's links, a direction"),
    constant_of("link.multimem_bytes_per_s", "bytes/s", "messages through switches"),
    constant_of("link.bytes_per_s_per_sm", "bytes/s", "one SM over links"),
    constant_of("link.drain_ns", "ns", "end of a kernel beside full links"),
    constant_of("collectives.fused_row_ns", "ns", "a row of the fused all-reduce + norm, alone"),
    constant_of("collectives.plain_row_ns", "ns", "a row of a plain collective, alone"),
    constant_of(
        "collectives.link_queueing",
        "share",
        "slow-down of a row at full load of the links",
    ),
    constant_of("collectives.setup_ns", "ns", "a collective before and after its rows"),
    constant_of("collectives.flag_ns", "ns", "the barrier flags of one more CTA"),
    constant_of("link.latency_ns", "ns", "a flag from GPU to GPU"),
    constant_of(
        "link.multimem_in_place_bytes_per_s",
        "bytes/s",
        "messages through switches, between other kernels",
    ),
    constant_of("collectives.nccl_bytes_per_s", "bytes/s", "NCCL's ring, bus bandwidth"),
    constant_of("collectives.nccl_base_ns", "ns", "NCCL's ring, the smallest message"),
    constant_of("collectives.nccl_fill_ns", "ns", "NCCL's ring, its pipeline's fill"),
];

/// The constant of this key.
pub fn constant(key: &str) -> Option<Constant> {
    CONSTANTS.into_iter().find(|constant| constant.key == key)
}

impl Constant {
    /// Its value; `None`: the machine has none.
    pub fn of(&self, machine: &Machine) -> Option<f64> {
        serde_json::to_value(machine).ok()?.pointer(&self.pointer())?.as_f64()
    }

    /// The machine with another value; itself where it has none.
    pub fn set(&self, machine: &Machine, number: f64) -> Machine {
        let with = || -> Option<Machine> {
            let mut value = serde_json::to_value(machine).ok()?;
            *value.pointer_mut(&self.pointer())? = Value::from(number);
            serde_json::from_value(value).ok()
        };
        with().unwrap_or_else(|| machine.clone())
    }

    fn pointer(&self) -> String {
        format!("/{}", self.key.replace('.', "/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::builtin;

    #[test]
    fn every_constant_is_read_and_set() {
        // Rates in switches are constants of the first alone, those of this project's kernels of the second.
        let machines = ["h100x8", "h200x2"].map(|name| builtin(name).unwrap());
        for constant in CONSTANTS {
            let with = machines.iter().find_map(|machine| Some((machine, constant.of(machine)?)));
            let (machine, value) = with.unwrap_or_else(|| panic!("{}", constant.key));
            let changed = constant.set(machine, value * 1.5 + 1.0);
            assert_eq!(constant.of(&changed), Some(value * 1.5 + 1.0), "{}", constant.key);
            assert_eq!(constant.set(&changed, value), *machine, "{}", constant.key);
        }
    }
}
