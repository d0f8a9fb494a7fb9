//! One rank a GPU: the pads they signal through, a ring each.

use weftscope_kernels::abi::{PAD_WORDS, Peers};

use super::{
    Bench, CheckError,
    data::Guarded,
    stamped::{recording, stamped, stamped_in_passes},
};
use crate::cuda::{
    driver::{CudaError, Device},
    stamps::Recording,
};

/// Blocks of a collective at most.
pub(super) const MAX_BLOCKS: usize = 64;

/// What several launches of collectives share. The pads are zeroed once: launches count on.
pub(super) struct Ranks<'a> {
    pub(super) devices: &'a [Device],
    pads: Vec<Guarded>,
    pub(super) recordings: Vec<Recording>,
}

impl<'a> Ranks<'a> {
    pub(super) fn new(bench: &'a Bench, ranks: usize) -> Result<Self, CudaError> {
        let devices = &bench.devices()[..ranks];
        let pads = devices.iter().map(pads).collect::<Result<_, _>>()?;
        let recordings = devices.iter().map(recording).collect::<Result<_, _>>()?;
        Ok(Self { devices, pads, recordings })
    }

    /// What each rank is told of all.
    pub(super) fn peers(&self, hidden: &[Guarded]) -> Vec<Peers> {
        let addresses = |of: &[Guarded]| of.iter().map(Guarded::address).collect::<Vec<_>>();
        peers(&addresses(hidden), &addresses(&self.pads))
    }

    /// Every rank's stamps, so many of each kind, and no guard of a pad broken.
    pub(super) fn stamped(
        &self,
        what: &str,
        expected: &[(weftscope_kernels::abi::StampKind, usize)],
        in_passes: bool,
    ) -> Result<(), CheckError> {
        let held = if in_passes { stamped_in_passes } else { stamped };
        for (rank, device) in self.devices.iter().enumerate() {
            let what = format!("rank {rank}, {what}");
            held(&what, &self.recordings[rank], device.info().sms, expected)?;
            let _words: Vec<u32> = self.pads[rank].read(&format!("pads, {what}"))?;
        }
        Ok(())
    }
}

/// Pads of one rank.
pub(super) fn pads(device: &Device) -> Result<Guarded, CudaError> {
    Guarded::holding(device, &vec![0u32; MAX_BLOCKS * PAD_WORDS])
}

/// From addresses by rank.
pub(super) fn peers(hidden: &[u64], pads: &[u64]) -> Vec<Peers> {
    let mut all = Peers { ranks: hidden.len() as u32, ..Peers::default() };
    all.hidden[..hidden.len()].copy_from_slice(hidden);
    all.pads[..pads.len()].copy_from_slice(pads);
    let mut each = vec![all; hidden.len()];
    for (rank, own) in each.iter_mut().enumerate() {
        own.rank = rank as u32;
    }
    each
}
