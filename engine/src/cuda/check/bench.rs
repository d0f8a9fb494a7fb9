//! What checks run on and with: GPUs, compiler, random inputs.

use std::cell::Cell;

use weftscope_kernels::abi::MAX_RANKS;

use super::data::Numbers;
use crate::cuda::{
    compile::Nvrtc,
    driver::{CudaError, Device, Group, probe},
    kernels::Loader,
};

/// The GPUs and the compiler that checks run with.
#[derive(Debug)]
pub struct Bench {
    devices: Vec<Device>,
    /// Why no more GPUs are in use.
    no_more: String,
    nvrtc: Nvrtc,
    driver: (u32, u32),
    quick: bool,
    seed: Cell<u64>,
}

impl Bench {
    /// Takes every GPU into use that can work with the first: as many as are alike and reach one another's memory, up to
    /// what a kernel can address, and up to `most` where that is asked for.
    ///
    /// `quick`: tiny shapes, for tools under which everything is fifty times slower, and one GPU where no more are asked for.
    ///
    /// # Errors
    /// Why no GPU can be used, or NVRTC is missing.
    pub fn open(quick: bool, most: Option<u32>) -> Result<Self, CudaError> {
        let found = probe()?;
        let nvrtc = Nvrtc::open()?;
        let here = found.gpus.len().min(MAX_RANKS) as u32;
        let asked = most.unwrap_or(if quick { 1 } else { here });
        let most = asked.min(here);
        let mut no_more = if most < here {
            format!("no more than {most} may be used")
        } else {
            format!("{} are here", found.gpus.len())
        };
        let mut devices = None;
        for ranks in (2..=most).rev() {
            match Group::open(ranks) {
                Ok(group) => {
                    devices = Some(group.devices().to_vec());
                    break;
                }
                Err(reason) => no_more = reason.to_string(),
            }
        }
        let devices = match devices {
            Some(devices) => devices,
            None => vec![Device::open(&found.gpus[0])?],
        };
        let (driver, seed) = (found.driver, Cell::new(0));
        Ok(Self { devices, no_more, nvrtc, driver, quick, seed })
    }

    /// The GPUs in use, by rank; at least one.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// CUDA version of the driver.
    pub fn driver(&self) -> (u32, u32) {
        self.driver
    }

    /// Version of the compiler.
    pub fn nvrtc_version(&self) -> (i32, i32) {
        self.nvrtc.version()
    }

    /// Whether the GPUs still answer; after an illegal access no context does, and no later check can be believed.
    ///
    /// # Errors
    /// What the driver says.
    pub fn answers(&self) -> Result<(), CudaError> {
        self.devices.iter().try_for_each(Device::synchronize)
    }

    /// The same with one of its GPUs only.
    pub(super) fn alone(&self, rank: usize) -> Self {
        Self {
            devices: vec![self.devices[rank].clone()],
            no_more: "one is looked at alone".to_owned(),
            nvrtc: self.nvrtc,
            driver: self.driver,
            quick: self.quick,
            seed: Cell::new(0),
        }
    }

    /// Why no more GPUs are in use.
    pub(super) fn no_more(&self) -> &str {
        &self.no_more
    }

    /// Ranks to check collectives with: two, and all when there are more.
    pub(super) fn rank_counts(&self) -> Vec<usize> {
        let mut counts = vec![2, self.devices.len()];
        counts.dedup();
        counts
    }

    /// Compiles kernels, with stamps, and loads them on a GPU.
    pub(super) fn loader(&self, rank: usize) -> Loader<'_> {
        Loader::new(&self.devices[rank], &self.nvrtc, true)
    }

    pub(super) fn quick(&self) -> bool {
        self.quick
    }

    /// The shapes of this run.
    pub(super) fn choose<'a, T>(&self, quick: &'a [T], full: &'a [T]) -> &'a [T] {
        if self.quick { quick } else { full }
    }

    /// Starts the numbers anew, for a check of this name (FNV-1a).
    pub(super) fn begin(&self, name: &str) {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        self.seed.set(name.bytes().fold(0xcbf2_9ce4_8422_2325, hash));
    }

    /// Fresh numbers, in −scale…scale.
    pub(super) fn numbers(&self, len: usize, scale: f32) -> Numbers {
        Numbers::draw(self.seed(), len, scale)
    }

    /// Fresh integers, below `limit`.
    pub(super) fn integers(&self, len: usize, limit: u32) -> Vec<u32> {
        let numbers = Numbers::random_bits(self.seed()).take(len);
        numbers.map(|bits| (((bits >> 32) * u64::from(limit)) >> 32) as u32).collect()
    }

    fn seed(&self) -> u64 {
        self.seed.set(self.seed.get().wrapping_add(1));
        self.seed.get()
    }

    /// The compiler.
    pub(super) fn nvrtc(&self) -> &Nvrtc {
        &self.nvrtc
    }
}
