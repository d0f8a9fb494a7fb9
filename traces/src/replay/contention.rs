//! What runs beside one another on a GPU, and how much slower it is for that.

use crate::model::Kind;

/// How fast ops are beside each other, of one GPU. Applied when the recording is read, to tell what an op takes by itself, and
/// when it is run again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contention {
    /// SMs of the GPU; `None` where that is not known: then computation is not slowed.
    pub sms: Option<u32>,
    /// What computation does to the speed of communication beside it, 0…1.
    pub comm_speed: f64,
}

/// The speed of a collective beside computation. All-reduces and fused ones of this project's engine on 4 × H100 take 1.21 to
/// 1.25 times as long beside GEMMs and attention as half of a message of twice the size takes alone (engine/data,
/// layers_h100x4; bench of 4096 and 8192 tokens), 1.1 to 1.32 times on 2 × H200 (engine/machines/h200x2.json,
/// `loaded_latency`).
const COMM_SPEED: f64 = 1.0 / 1.22;
/// Computation is never slowed below this.
const LEAST_SPEED: f64 = 0.1;

/// What is active on a GPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Active {
    /// Kernels that compute.
    pub(super) compute: u32,
    /// Collectives that move data, not those that wait for a rank.
    pub(super) comm: u32,
    /// SMs that collectives hold, waiting or not, as far as that is known.
    pub(super) held_sms: u32,
}

impl Active {
    /// An op takes its SMs; where they are not known nothing is slower.
    pub(super) fn hold(&mut self, sms: Option<u32>) {
        self.held_sms += sms.unwrap_or(0);
    }

    /// An op gives its SMs back.
    pub(super) fn release(&mut self, sms: Option<u32>) {
        self.held_sms -= sms.unwrap_or(0);
    }

    /// An op makes progress from now on.
    pub(super) fn begin(&mut self, kind: Kind) {
        self.compute += u32::from(kind.is_compute());
        self.comm += u32::from(kind.is_comm());
    }

    /// An op is done.
    pub(super) fn end(&mut self, kind: Kind) {
        self.compute -= u32::from(kind.is_compute());
        self.comm -= u32::from(kind.is_comm());
    }
}

impl Contention {
    /// Of a GPU with so many SMs.
    pub fn of(sms: Option<u32>) -> Self {
        Self { sms, comm_speed: COMM_SPEED }
    }

    /// How fast an op of this kind is beside what is active, itself included, 0…1.
    pub(super) fn speed(self, kind: Kind, active: Active) -> f64 {
        match kind {
            Kind::Memcpy => 1.0,
            Kind::Comm | Kind::Wait => self.comm(active),
            _ => self.compute(active),
        }
    }

    /// How fast a kernel that computes is, 0…1: the SMs that collectives leave.
    fn compute(self, active: Active) -> f64 {
        let Some(sms) = self.sms else { return 1.0 };
        let left = sms.saturating_sub(active.held_sms);
        (f64::from(left) / f64::from(sms)).max(LEAST_SPEED)
    }

    /// How fast a collective is, 0…1.
    fn comm(self, active: Active) -> f64 {
        if active.compute > 0 { self.comm_speed } else { 1.0 }
    }
}
