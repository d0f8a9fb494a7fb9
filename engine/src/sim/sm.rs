use crate::{machine::GpuSpec, plan::Resources, split::REGISTERS_PER_SM};

/// Ops that may have blocks on a rank at once.
pub(super) const MAX_ACTIVE: usize = 8;

/// What is free on one SM, and who is there.
#[derive(Clone, Copy, Debug)]
struct Sm {
    threads: u32,
    smem_bytes: u32,
    registers: u32,
    blocks: u32,
    /// Bit per residency slot in use.
    slots: u32,
    /// Blocks of each active op.
    by_op: [u8; MAX_ACTIVE],
}

/// A residency slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) sm: u16,
    pub(super) slot: u8,
}

/// The SMs of a rank.
pub(super) struct Sms {
    sms: Vec<Sm>,
    blocks_per_sm: u32,
    /// SMs with a block of each active op.
    held_by: [u32; MAX_ACTIVE],
    /// SMs with any block.
    busy: u32,
    /// SMs with blocks of more than one op.
    shared: u32,
}

impl Sms {
    pub(super) fn new(gpu: &GpuSpec) -> Self {
        let empty = Sm {
            threads: gpu.threads_per_sm,
            smem_bytes: gpu.smem_per_sm_bytes,
            registers: REGISTERS_PER_SM,
            blocks: gpu.blocks_per_sm.min(32),
            slots: 0,
            by_op: [0; MAX_ACTIVE],
        };
        let sms = vec![empty; gpu.sms as usize];
        Self { sms, blocks_per_sm: empty.blocks, held_by: [0; MAX_ACTIVE], busy: 0, shared: 0 }
    }

    /// SMs with any block.
    pub(super) fn busy(&self) -> u32 {
        self.busy
    }

    /// SMs on which an active op has blocks.
    pub(super) fn held_by(&self, active: usize) -> u32 {
        self.held_by[active]
    }

    /// True when some SM has blocks of more than one op.
    pub(super) fn any_shared(&self) -> bool {
        self.shared > 0
    }

    /// Blocks of each op on each SM.
    pub(super) fn residents(&self) -> impl Iterator<Item = &[u8; MAX_ACTIVE]> {
        self.sms.iter().map(|sm| &sm.by_op)
    }

    /// Places up to `wanted` blocks, emptiest SMs first (as hardware spreads them), and calls `placed` with each place.
    pub(super) fn place(
        &mut self,
        active: usize,
        resources: &Resources,
        wanted: u32,
        mut placed: impl FnMut(Place),
    ) {
        let mut left = wanted;
        for level in 0..self.blocks_per_sm {
            let mut fuller = false;
            for sm in 0..self.sms.len() {
                if left == 0 {
                    return;
                }
                let resident = self.sms[sm].slots.count_ones();
                if resident == level && self.fits(sm, resources) {
                    placed(self.take(sm, active, resources));
                    left -= 1;
                    fuller = true;
                } else {
                    fuller |= resident > level;
                }
            }
            if !fuller {
                return;
            }
        }
    }

    /// Gives a block's place back.
    pub(super) fn release(&mut self, place: Place, active: usize, resources: &Resources) {
        let sm = &mut self.sms[usize::from(place.sm)];
        sm.threads += resources.threads;
        sm.smem_bytes += resources.smem_bytes;
        sm.registers += resources.threads * resources.registers;
        sm.slots &= !(1 << place.slot);
        sm.by_op[active] -= 1;
        if sm.by_op[active] == 0 {
            self.held_by[active] -= 1;
            let ops = sm.by_op.iter().filter(|&&blocks| blocks > 0).count();
            self.shared -= u32::from(ops == 1);
            self.busy -= u32::from(ops == 0);
        }
    }

    fn fits(&self, sm: usize, resources: &Resources) -> bool {
        let sm = &self.sms[sm];
        sm.slots.count_ones() < sm.blocks
            && sm.threads >= resources.threads
            && sm.smem_bytes >= resources.smem_bytes
            && sm.registers >= resources.threads * resources.registers
    }

    fn take(&mut self, index: usize, active: usize, resources: &Resources) -> Place {
        let sm = &mut self.sms[index];
        sm.threads -= resources.threads;
        sm.smem_bytes -= resources.smem_bytes;
        sm.registers -= resources.threads * resources.registers;
        let slot = sm.slots.trailing_ones();
        sm.slots |= 1 << slot;
        sm.by_op[active] += 1;
        if sm.by_op[active] == 1 {
            self.held_by[active] += 1;
            let ops = sm.by_op.iter().filter(|&&blocks| blocks > 0).count();
            self.shared += u32::from(ops == 2);
            self.busy += u32::from(ops == 1);
        }
        Place { sm: index as u16, slot: slot as u8 }
    }
}
