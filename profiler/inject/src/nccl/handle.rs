//! What NCCL is given for an event and hands back later: numbers in place of pointers, which nobody follows.

use std::ffi::c_void;

use super::channels::Slot;

/// An event that NCCL tells more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handle {
    /// A launch of a kernel.
    Launch,
    /// A collective, by its number in this process.
    Collective(u64),
    /// A channel that runs.
    Channel(Slot),
}

/// Null: nothing more is to be told.
const KIND_BITS: u32 = 2;
const LAUNCH: u64 = 1;
const COLLECTIVE: u64 = 2;
const CHANNEL: u64 = 3;
/// Bits of a slot's index.
const INDEX_BITS: u32 = 16;

impl Handle {
    /// For NCCL.
    pub fn pointer(self) -> *mut c_void {
        let word = match self {
            Self::Launch => LAUNCH,
            Self::Collective(id) => (id << KIND_BITS) | COLLECTIVE,
            Self::Channel(Slot { index, turn }) => {
                let slot = (u64::from(turn) << INDEX_BITS) | u64::from(index);
                (slot << KIND_BITS) | CHANNEL
            }
        };
        word as usize as *mut c_void
    }

    /// From NCCL; `None`: null.
    pub fn of(pointer: *const c_void) -> Option<Self> {
        let word = pointer as usize as u64;
        let rest = word >> KIND_BITS;
        match word & ((1 << KIND_BITS) - 1) {
            LAUNCH => Some(Self::Launch),
            COLLECTIVE => Some(Self::Collective(rest)),
            CHANNEL => {
                let index = (rest & ((1 << INDEX_BITS) - 1)) as u32;
                Some(Self::Channel(Slot { index, turn: (rest >> INDEX_BITS) as u32 }))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_comes_back_as_it_went() {
        for handle in [
            Handle::Launch,
            Handle::Collective(0),
            Handle::Collective(1 << 40),
            Handle::Channel(Slot { index: 0, turn: 0 }),
            Handle::Channel(Slot { index: 4095, turn: u32::MAX }),
        ] {
            assert!(!handle.pointer().is_null());
            assert_eq!(Handle::of(handle.pointer()), Some(handle));
        }
        assert_eq!(Handle::of(std::ptr::null()), None);
    }
}
