//! One rank a GPU: the pads they signal through, a ring each.

use weftscope_kernels::abi::{PAD_WORDS, Peers, StampKind};

use super::{
    Bench, CheckError,
    data::Guarded,
    stamped::{recording, stamped, stamped_in_passes},
};
use crate::cuda::{
    driver::{CudaError, Device},
    kernels::{Shared, peers},
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

    /// What each rank is given of all.
    pub(super) fn peers(&self, hidden: &[Guarded]) -> Vec<Peers> {
        let both = hidden.iter().zip(&self.pads);
        let shared: Vec<Shared<'_>> = both.map(|(hidden, pads)| shared(hidden, pads)).collect();
        peers(&shared)
    }

    /// Every rank's stamps, so many of each kind, and no guard of a pad broken.
    pub(super) fn stamped(
        &self,
        what: &str,
        expected: &[(StampKind, usize)],
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

/// What a rank shows the others.
pub(super) fn shared<'a>(hidden: &'a Guarded, pads: &'a Guarded) -> Shared<'a> {
    Shared { hidden: hidden.ptr(), pads: pads.ptr() }
}
