//! Mechanisms of the simulator, each of which can be taken out of a machine.

use super::Machine;

/// So much that nothing comes near it, a second.
const BOUNDLESS: f64 = 1e17;

/// Something that makes a simulated run take as long as it does. Off, the machine is one that does not know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// Clocks fall after some tens of milliseconds above the power limit.
    Power,
    /// All SMs together sustain fewer products than each by itself.
    Tensor,
    /// Device memory and L2 are shared.
    Memory,
    /// Links are shared, and rows wait for one another on them.
    Links,
    /// Collectives wait longer beside what loads memory.
    InPlace,
    /// The end of a kernel waits for stores to peers.
    Drain,
    /// Flags of more blocks take longer.
    Flags,
    /// Kernels of a stream, and of two that join, do not follow at once.
    Gaps,
    /// The host issues op after op.
    Launches,
    /// Equal blocks do not take equally long.
    Spread,
}

impl Mechanism {
    /// All.
    pub const ALL: [Self; 10] = [
        Self::Power,
        Self::Tensor,
        Self::Memory,
        Self::Links,
        Self::InPlace,
        Self::Drain,
        Self::Flags,
        Self::Gaps,
        Self::Launches,
        Self::Spread,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Tensor => "tensor",
            Self::Memory => "memory",
            Self::Links => "links",
            Self::InPlace => "in-place",
            Self::Drain => "drain",
            Self::Flags => "flags",
            Self::Gaps => "gaps",
            Self::Launches => "launches",
            Self::Spread => "spread",
        }
    }

    /// What it is, in a line.
    pub fn about(self) -> &'static str {
        match self {
            Self::Power => "clocks fall after some tens of milliseconds above the power limit",
            Self::Tensor => "all SMs together sustain fewer products than each by itself",
            Self::Memory => "device memory and L2 are shared",
            Self::Links => "links are shared, and rows wait for one another on them",
            Self::InPlace => "collectives wait longer beside what loads memory",
            Self::Drain => "the end of a kernel waits for stores to peers",
            Self::Flags => "flags of more blocks take longer",
            Self::Gaps => "kernels of a stream, and of streams that join, do not follow at once",
            Self::Launches => "the host issues op after op",
            Self::Spread => "equal blocks do not take equally long",
        }
    }
}

impl Machine {
    /// The machine without these mechanisms; its title says so. Nobody has held that one against measurements.
    pub fn without(mut self, mechanisms: &[Mechanism]) -> Self {
        for mechanism in mechanisms {
            self.take_out(*mechanism);
        }
        if !mechanisms.is_empty() {
            let names: Vec<&str> = mechanisms.iter().map(|mechanism| mechanism.name()).collect();
            self.title = format!("{}, without {}", self.title, names.join(", "));
            self.expected_error = None;
        }
        self
    }

    fn take_out(&mut self, mechanism: Mechanism) {
        let Self { gpu, link, kernels, collectives, host, .. } = self;
        match mechanism {
            Mechanism::Power => gpu.power = None,
            Mechanism::Tensor => gpu.bf16_flops = BOUNDLESS,
            Mechanism::Memory => {
                (gpu.hbm_bytes_per_s, gpu.l2_bytes_per_s) = (BOUNDLESS, BOUNDLESS);
            }
            Mechanism::Links => {
                link.bytes_per_s = BOUNDLESS;
                link.multimem_bytes_per_s = link.multimem_bytes_per_s.map(|_| BOUNDLESS);
                link.multimem_in_place_bytes_per_s = None;
                collectives.link_queueing = 0.0;
            }
            Mechanism::InPlace => kernels.loaded_latency = 0.0,
            Mechanism::Drain => link.drain_ns = 0.0,
            Mechanism::Flags => collectives.flag_ns = 0.0,
            Mechanism::Gaps => {
                (host.kernel_gap_ns, host.join_gap_ns) = (0.0, 0.0);
                (host.graph_gap_ns, host.graph_join_gap_ns) = (0.0, 0.0);
            }
            Mechanism::Launches => {
                (host.issue_ns, host.graph_issue_ns, host.graph_launch_ns) = (0.0, 0.0, 0.0);
            }
            Mechanism::Spread => kernels.block_jitter = 0.0,
        }
    }
}
