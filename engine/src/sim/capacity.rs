use crate::machine::Machine;

/// What one rank can give in a nanosecond, all its blocks together.
#[derive(Clone, Copy, Debug)]
pub(super) struct Capacity {
    /// FLOP: what the power limit sustains.
    pub(super) flops: f64,
    /// Device memory bytes.
    pub(super) hbm: f64,
    /// L2 bytes.
    pub(super) l2: f64,
    /// Bytes a direction over the links.
    pub(super) link: f64,
    /// Message bytes through in-switch reduction.
    pub(super) multimem: f64,
    /// See [`LinkSpec::drain_ns`](crate::machine::LinkSpec::drain_ns).
    pub(super) drain_ns: f64,
    /// See [`KernelSpec::loaded_latency`](crate::machine::KernelSpec::loaded_latency).
    pub(super) loaded_latency: f64,
    /// See [`CollectiveSpec::link_queueing`](crate::machine::CollectiveSpec::link_queueing).
    pub(super) link_queueing: f64,
}

impl Capacity {
    /// Of a GPU of this machine.
    pub(super) fn of(machine: &Machine) -> Self {
        let per_ns = |per_s: f64| per_s * 1e-9;
        Self {
            flops: per_ns(machine.gpu.bf16_flops),
            hbm: per_ns(machine.gpu.hbm_bytes_per_s),
            l2: per_ns(machine.gpu.l2_bytes_per_s),
            link: per_ns(machine.link.bytes_per_s),
            multimem: machine.link.multimem_bytes_per_s.map_or(f64::INFINITY, per_ns),
            drain_ns: machine.link.drain_ns,
            loaded_latency: machine.kernels.loaded_latency,
            link_queueing: machine.collectives.link_queueing,
        }
    }

    /// Load (0–1) of the links by what is sent, of plain peer traffic or of what goes through switches.
    pub(super) fn link_load(&self, sent: &Demand) -> f64 {
        (sent.link / self.link).max(sent.multimem / self.multimem).min(1.0)
    }
}

/// What a block asks for in a nanosecond at full rate.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Demand {
    /// FLOP.
    pub(super) flops: f64,
    /// Device memory bytes.
    pub(super) hbm: f64,
    /// L2 bytes.
    pub(super) l2: f64,
    /// Bytes a direction over the links.
    pub(super) link: f64,
    /// Message bytes through in-switch reduction.
    pub(super) multimem: f64,
}

impl Demand {
    /// Every component times `factor`.
    pub(super) fn scaled(self, factor: f64) -> Self {
        Self {
            flops: self.flops * factor,
            hbm: self.hbm * factor,
            l2: self.l2 * factor,
            link: self.link * factor,
            multimem: self.multimem * factor,
        }
    }
}
