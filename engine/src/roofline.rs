//! The roofline: what hardware reaches at best, and the time below which no kernel can do its work on it.

use serde::Serialize;

use crate::{
    machine::Machine,
    plan::{CollectiveShape, Op, OpWork},
    spec::Transport,
};

/// The best rates of one GPU, each with nothing else going on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Roofline {
    /// They were measured on hardware; else they are a machine's description.
    pub measured: bool,
    /// A large bf16 GEMM, FLOP/s; `None` where none could be run.
    pub flops: Option<f64>,
    /// Device memory, bytes/s, reads and writes together.
    pub hbm_bytes_per_s: Option<f64>,
    /// Links to peers, bytes/s a direction while both directions are busy; `None` for a GPU alone.
    pub link_bytes_per_s: Option<f64>,
    /// In-switch reduction, bytes/s of message; `None` without multicast.
    pub multimem_bytes_per_s: Option<f64>,
}

/// What holds a kernel back at best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Matrix units.
    Flops,
    /// Device memory.
    Memory,
    /// Links.
    Link,
}

impl Limit {
    /// Name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flops => "FLOP",
            Self::Memory => "memory",
            Self::Link => "link",
        }
    }
}

/// The least time an op's work takes on one GPU.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeastTime {
    /// Nanoseconds, not rounded: small ops take less than one.
    pub ns: f64,
    /// What decides it.
    pub limit: Limit,
}

impl Roofline {
    /// The rates in a machine's description.
    pub fn of(machine: &Machine) -> Self {
        Self {
            measured: false,
            flops: Some(machine.gpu.bf16_flops),
            hbm_bytes_per_s: Some(machine.gpu.hbm_bytes_per_s),
            link_bytes_per_s: (machine.gpus > 1).then_some(machine.link.bytes_per_s),
            multimem_bytes_per_s: machine.link.multimem_bytes_per_s,
        }
    }

    /// The least time of an op: its FLOPs, its bytes through memory and its bytes over links, each at its best rate, the
    /// longest of the three. `None` when no rate that it needs is known.
    pub fn least_time(&self, op: &Op) -> Option<LeastTime> {
        let time = |amount: f64, rate: Option<f64>, limit| {
            let ns = amount / rate.filter(|&rate| rate > 0.0)? * 1e9;
            (amount > 0.0).then_some(LeastTime { ns, limit })
        };
        let link = match &op.work {
            // The switch's rate counts bytes of message, not bytes on the wire.
            OpWork::Collective(CollectiveShape {
                transport: Transport::Multimem,
                message_bytes,
                ..
            }) => time(*message_bytes, self.multimem_bytes_per_s, Limit::Link),
            _ => time(op.link_bytes, self.link_bytes_per_s, Limit::Link),
        };
        let flops = time(op.flops, self.flops, Limit::Flops);
        let memory = time(op.hbm_bytes, self.hbm_bytes_per_s, Limit::Memory);
        [flops, memory, link].into_iter().flatten().max_by(|a, b| a.ns.total_cmp(&b.ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch::Batch,
        machine, model,
        plan::{Collective, OpRole, plan},
        spec::{Knobs, RunSpec, StrategyKind},
    };

    /// By hand: 8192 tokens of Llama-3.3-70B on 8 × H100, `down` is 8192 × 8192 × 3584.
    #[test]
    fn the_longest_of_three_times_decides() {
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h100x8").unwrap(),
            batch: Batch::prefill(8192, 8192),
            knobs: Knobs { strategy: StrategyKind::Multimem, layers: Some(1), ..Knobs::default() },
        };
        let roofline = Roofline::of(&spec.machine);
        let plan = plan(&spec).unwrap();
        let least = |role| {
            roofline.least_time(plan.ops.iter().find(|op| op.role == role).unwrap()).unwrap()
        };
        let down = least(OpRole::Down);
        let flops = 2.0 * 8192.0 * 8192.0 * 3584.0;
        assert_eq!(down.limit, Limit::Flops);
        assert!((down.ns - flops / spec.machine.gpu.bf16_flops * 1e9).abs() < 1e-3);
        let norm = least(OpRole::AddNorm);
        let bytes = 4.0 * 2.0 * 8192.0 * 8192.0;
        assert_eq!(norm.limit, Limit::Memory);
        assert!((norm.ns - bytes / spec.machine.gpu.hbm_bytes_per_s * 1e9).abs() < 1e-3);
        let reduce = least(OpRole::Collective(Collective::AllReduce));
        let rate = spec.machine.link.multimem_bytes_per_s.unwrap();
        assert_eq!(reduce.limit, Limit::Link);
        assert!((reduce.ns - 2.0 * 8192.0 * 8192.0 / rate * 1e9).abs() < 1e-3);
    }

    #[test]
    fn without_a_rate_there_is_no_least_time() {
        let unknown = Roofline {
            measured: true,
            flops: None,
            hbm_bytes_per_s: None,
            link_bytes_per_s: None,
            multimem_bytes_per_s: None,
        };
        let spec = RunSpec {
            model: model::builtin("llama-3.3-70b").unwrap(),
            machine: machine::builtin("h100x8").unwrap(),
            batch: Batch::prefill(256, 256),
            knobs: Knobs { layers: Some(1), ..Knobs::default() },
        };
        assert!(plan(&spec).unwrap().ops.iter().all(|op| unknown.least_time(op).is_none()));
    }
}
