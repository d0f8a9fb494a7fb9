//! Which op a launch belongs to, told to CUPTI by external correlation.

use cupti_sys::bindings as sys;
use weftscope_engine::plan::OpId;

/// One of the kinds that CUPTI leaves to its users.
const KIND: sys::CUpti_ExternalCorrelationKind =
    sys::CUpti_ExternalCorrelationKind::CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM0;

/// Marks every launch with its iteration, rank and op. Costs two calls into CUPTI a launch, on the launching thread.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// Iterations begun since the marks were made new.
    laps: u16,
    /// Last op and rank marked.
    last: Option<(OpId, u32)>,
    failed: u64,
}

impl Marks {
    /// The next mark is of lap 0.
    pub(super) fn restart(&mut self) {
        (self.laps, self.last) = (0, None);
    }

    /// What the thread asks of the driver from now on belongs to `op`. Within a lap
    /// ops and ranks only go up.
    pub(super) fn push(&mut self, rank: u32, op: OpId) {
        if self.last.is_some_and(|last| (op, rank) <= last) {
            self.laps = self.laps.wrapping_add(1);
        }
        self.last = Some((op, rank));
        let id = pack(self.laps, rank, op);
        // SAFETY: takes two numbers; CUPTI is loaded, since marks are made by whoever collects.
        let pushed = unsafe { sys::cuptiActivityPushExternalCorrelationId(KIND, id) };
        if pushed != sys::CUptiResult::CUPTI_SUCCESS {
            self.failed += 1;
        }
    }

    pub(super) fn pop(&mut self) {
        let mut last = 0;
        // SAFETY: valid for one write. With nothing pushed CUPTI says so, which `push` has counted.
        let _counted = unsafe { sys::cuptiActivityPopExternalCorrelationId(KIND, &raw mut last) };
    }

    /// Launches that could not be marked since last asked.
    pub(super) fn take_failed(&mut self) -> u64 {
        std::mem::take(&mut self.failed)
    }
}

/// Lap in the upper quarter, rank in the next, op in the lower half.
pub(crate) fn pack(lap: u16, rank: u32, op: OpId) -> u64 {
    u64::from(lap) << 48 | u64::from(rank as u16) << 32 | u64::from(op.0)
}

/// Lap, rank and op of a mark; `None` when somebody else made it.
pub(crate) fn unpack(kind: u32, id: u64) -> Option<(u16, u32, OpId)> {
    let rank = u32::from((id >> 32) as u16);
    (kind == KIND as u32).then_some(((id >> 48) as u16, rank, OpId(id as u32)))
}

/// The kind of our marks, for made-up records.
#[cfg(test)]
pub(crate) const MARK_KIND: u32 = KIND as u32;
