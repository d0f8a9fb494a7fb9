//! What is active on one GPU, and how fast.

use crate::replay::contention::Active;
use crate::replay::{Contention, OpIndex, ReplayOp};

pub(super) struct Gpu {
    contention: Contention,
    active: Active,
    moving: Vec<Moving>,
    /// What is active has changed, and speeds were not told since.
    has_changed: bool,
    versions: u32,
}

/// An op that makes progress.
#[derive(Clone, Copy)]
struct Moving {
    op: OpIndex,
    left_ns: f64,
    speed: f64,
    /// Up to which time progress is counted.
    at_ns: i64,
    version: u32,
}

impl Gpu {
    pub(super) fn new(contention: Contention) -> Self {
        let (active, moving) = (Active::default(), Vec::new());
        Self { contention, active, moving, has_changed: false, versions: 0 }
    }

    /// An op takes its SMs.
    pub(super) fn hold(&mut self, op: &ReplayOp) {
        let before = self.active;
        self.active.hold(op.held_sms);
        self.has_changed |= self.active != before;
    }

    /// An op makes progress.
    pub(super) fn begin(&mut self, index: OpIndex, op: &ReplayOp, at_ns: i64) {
        self.active.begin(op.kind);
        let (left_ns, speed) = (op.work_ns, 0.0);
        self.moving.push(Moving { op: index, left_ns, speed, at_ns, version: u32::MAX });
        self.has_changed = true;
    }

    /// An op ends, if it is still the end that was told; says whether.
    pub(super) fn end(&mut self, index: OpIndex, version: u32, op: &ReplayOp) -> bool {
        let found = |moving: &Moving| moving.op == index && moving.version == version;
        let Some(at) = self.moving.iter().position(found) else { return false };
        self.moving.swap_remove(at);
        self.active.end(op.kind);
        self.active.release(op.held_sms);
        self.has_changed = true;
        true
    }

    /// Gives every op whose speed has changed its new one, and tells when it then ends.
    pub(super) fn settle(
        &mut self,
        ops: &[ReplayOp],
        at_ns: i64,
        tell: &mut dyn FnMut(OpIndex, u32, i64),
    ) {
        if !std::mem::take(&mut self.has_changed) {
            return;
        }
        for moving in &mut self.moving {
            let speed = self.contention.speed(ops[moving.op as usize].kind, self.active);
            if speed.to_bits() == moving.speed.to_bits() {
                continue;
            }
            moving.left_ns -= (at_ns - moving.at_ns) as f64 * moving.speed;
            moving.at_ns = at_ns;
            moving.speed = speed;
            self.versions = self.versions.wrapping_add(1);
            moving.version = self.versions;
            let left_ns = (moving.left_ns.max(0.0) / speed).round() as i64;
            tell(moving.op, moving.version, at_ns.saturating_add(left_ns));
        }
    }
}
