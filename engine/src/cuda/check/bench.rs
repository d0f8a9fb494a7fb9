use std::cell::Cell;

use weftscope_kernels as kernels;

use super::data::Numbers;
use crate::cuda::{
    compile::Nvrtc,
    driver::{CudaError, Device, Group, Kernel, probe},
};

/// The GPUs and the compiler that checks run with.
#[derive(Debug)]
pub struct Bench {
    devices: Vec<Device>,
    /// Why there is only one device.
    alone: Option<String>,
    nvrtc: Nvrtc,
    driver: (u32, u32),
    quick: bool,
    seed: Cell<u64>,
}

/// A kernel and how it is compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    /// Below `kernels/cuda`.
    pub(super) file: &'static str,
    pub(super) entry: &'a str,
    pub(super) defines: &'a [String],
    /// Dynamic shared memory.
    pub(super) smem_bytes: u32,
}

impl Source<'static> {
    /// Without definitions and dynamic shared memory.
    pub(super) const fn plain(file: &'static str, entry: &'static str) -> Self {
        Self { file, entry, defines: &[], smem_bytes: 0 }
    }
}

impl Bench {
    /// Takes two GPUs into use, or the first alone where a second is missing, differs or cannot be reached.
    ///
    /// `quick`: the first GPU alone and tiny shapes, for tools under which everything is fifty times slower.
    ///
    /// # Errors
    /// Why no GPU can be used, or NVRTC is missing.
    pub fn open(quick: bool) -> Result<Self, CudaError> {
        let found = probe()?;
        let nvrtc = Nvrtc::open()?;
        let pair = if quick {
            Err("only one GPU is used when quick".to_owned())
        } else {
            Group::open(2).map_err(|reason| reason.to_string())
        };
        let (devices, alone) = match pair {
            Ok(group) => (group.devices().to_vec(), None),
            Err(reason) => (vec![Device::open(&found.gpus[0])?], Some(reason)),
        };
        Ok(Self { devices, alone, nvrtc, driver: found.driver, quick, seed: Cell::new(0) })
    }

    /// The GPUs in use: one or two.
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

    /// Why there is only one GPU.
    pub(super) fn alone(&self) -> Option<&str> {
        self.alone.as_deref()
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

    /// Numbers that nobody has drawn yet, in −scale…scale.
    pub(super) fn numbers(&self, len: usize, scale: f32) -> Numbers {
        Numbers::draw(self.seed(), len, scale)
    }

    /// Integers that nobody has drawn yet, below `limit`.
    pub(super) fn integers(&self, len: usize, limit: u32) -> Vec<u32> {
        let numbers = Numbers::random_bits(self.seed()).take(len);
        numbers.map(|bits| (((bits >> 32) * u64::from(limit)) >> 32) as u32).collect()
    }

    fn seed(&self) -> u64 {
        self.seed.set(self.seed.get().wrapping_add(1));
        self.seed.get()
    }

    pub(super) fn nvrtc(&self) -> &Nvrtc {
        &self.nvrtc
    }

    /// Compiles once and loads on the first `ranks` GPUs.
    pub(super) fn load(
        &self,
        source: Source<'_>,
        ranks: usize,
        stamps: bool,
    ) -> Result<Vec<Kernel>, CudaError> {
        let program =
            kernels::find(source.file).expect("checks name registered files, as their tests hold");
        let target = self.devices[0].target();
        let compiled = self.nvrtc.compile(program, source.defines, target, stamps)?;
        let devices = self.devices.iter().take(ranks);
        devices
            .map(|device| device.load(compiled.image(), source.entry, source.smem_bytes))
            .collect()
    }

    /// A kernel for the first GPU, with stamps.
    pub(super) fn kernel(&self, source: Source<'_>) -> Result<Kernel, CudaError> {
        let mut kernels = self.load(source, 1, true)?;
        Ok(kernels.remove(0))
    }
}
