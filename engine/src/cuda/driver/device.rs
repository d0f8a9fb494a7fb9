//! One GPU in use with its streams, and several that reach one another.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use cudarc::{
    driver::{CudaContext, CudaFunction, CudaStream, DriverError, result, sys},
    nvrtc::Ptx,
};
use weftscope_kernels::{Arch, Target};

use super::{
    CudaError,
    error::Context as _,
    family::KernelFamily,
    launch::Kernel,
    nvml::GpuLoad,
    probe::{GpuInfo, Gpus, driver_version, loads, probe},
    ready,
};

/// One GPU with its two streams: compute at normal priority, communication at the highest, so that the few blocks of
/// a collective find an SM before the many of the next GEMM.
#[derive(Clone, Debug)]
pub struct Device {
    info: GpuInfo,
    target: Target,
    family: KernelFamily,
    context: Arc<CudaContext>,
    compute: Arc<CudaStream>,
    comm: Arc<CudaStream>,
    kernels: Arc<Mutex<HashMap<KernelKey, Kernel>>>,
}

/// Between two looks whether a device has ended.
const LOOK: Duration = Duration::from_micros(50);

/// What decides a kernel on a device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in crate::cuda) struct KernelKey {
    /// Below `kernels/cuda`.
    pub(in crate::cuda) file: &'static str,
    pub(in crate::cuda) entry: &'static str,
    pub(in crate::cuda) defines: Vec<String>,
    pub(in crate::cuda) stamps: bool,
    /// Dynamic shared memory.
    pub(in crate::cuda) smem_bytes: u32,
}

impl Device {
    /// Takes a GPU into use.
    ///
    /// # Errors
    /// [`CudaError`] when there is no such GPU, no programs for it, or the driver refuses.
    pub fn open(info: &GpuInfo) -> Result<Self, CudaError> {
        let gpu = info.index;
        let (major, minor) = info.compute_capability;
        let target = Target::of(major, minor).ok_or_else(|| CudaError::NoArch {
            name: info.name.clone(),
            capability: (major, minor),
        })?;
        let context = CudaContext::new(gpu as usize).on(gpu, "creating a context")?;
        // SAFETY: every buffer of this module is freed only after its device is synchronised, so no slice depends on
        // the implicit events that this turns off; they would order the two streams behind the plan's back.
        unsafe { context.disable_event_tracking() };
        let (least, greatest) =
            result::stream::get_priority_range().on(gpu, "asking for stream priorities")?;
        let compute = context.new_stream_with_priority(least).on(gpu, "creating a stream")?;
        let comm = context.new_stream_with_priority(greatest).on(gpu, "creating a stream")?;
        let family = KernelFamily::of(target.family, |name| std::env::var_os(name));
        let kernels = Arc::default();
        Ok(Self { info: info.clone(), target, family, context, compute, comm, kernels })
    }

    /// What it is.
    pub fn info(&self) -> &GpuInfo {
        &self.info
    }

    /// What its programs are compiled for.
    pub fn target(&self) -> Target {
        self.target
    }

    /// Family of its architecture.
    pub fn arch(&self) -> Arch {
        self.target.family
    }

    /// Which kernels it runs.
    pub fn family(&self) -> KernelFamily {
        self.family
    }

    /// The same GPU and streams, running these kernels.
    ///
    /// # Panics
    /// When Hopper's kernels are asked for on another GPU.
    #[must_use]
    pub fn with_family(self, family: KernelFamily) -> Self {
        assert!(family == KernelFamily::Portable || self.arch() == Arch::Sm90a, "not for this GPU");
        Self { family, ..self }
    }

    /// The stream that computes.
    pub fn compute(&self) -> &Arc<CudaStream> {
        &self.compute
    }

    /// The stream that communicates.
    pub fn comm(&self) -> &Arc<CudaStream> {
        &self.comm
    }

    /// Waits until both streams are empty.
    ///
    /// # Errors
    /// Whatever went wrong on the device since the last time.
    pub fn synchronize(&self) -> Result<(), CudaError> {
        self.make_current()?;
        self.context.synchronize().on(self.info.index, "waiting for the device")
    }

    /// The same, but no longer than so long: what runs may wait for ranks elsewhere.
    ///
    /// # Errors
    /// As [`synchronize`](Self::synchronize), and [`CudaError::Late`].
    pub fn synchronize_within(&self, limit: Duration) -> Result<(), CudaError> {
        self.make_current()?;
        let until = Instant::now() + limit;
        for stream in [&self.compute, &self.comm] {
            // SAFETY: the stream lives as long as this device.
            while let Err(error) = unsafe { sys::cuStreamQuery(stream.cu_stream()) }.result() {
                if error.0 != sys::CUresult::CUDA_ERROR_NOT_READY {
                    return Err(error).on(self.info.index, "waiting for the device");
                }
                if Instant::now() >= until {
                    let what = "what was launched on the GPU";
                    return Err(CudaError::Late { what, seconds: limit.as_secs() });
                }
                thread::sleep(LOOK);
            }
        }
        self.synchronize()
    }

    /// Makes it this thread's device.
    pub(in crate::cuda) fn make_current(&self) -> Result<(), CudaError> {
        self.context.bind_to_thread().on(self.info.index, "selecting the device")
    }

    /// Free and total memory in bytes.
    ///
    /// # Errors
    /// When the driver refuses.
    pub fn memory(&self) -> Result<(u64, u64), CudaError> {
        self.make_current()?;
        let (free, total) = result::mem_get_info().on(self.info.index, "asking for free memory")?;
        Ok((free as u64, total as u64))
    }

    /// A kernel that stays loaded for as long as the device is in use: plans come and go, and loading a program takes longer
    /// than an iteration of decode steps. `load` is called where it is not there yet.
    ///
    /// # Errors
    /// Those of `load`.
    pub(in crate::cuda) fn kernel(
        &self,
        key: KernelKey,
        load: impl FnOnce() -> Result<Kernel, CudaError>,
    ) -> Result<Kernel, CudaError> {
        let kept = || self.kernels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kernel) = kept().get(&key) {
            return Ok(kernel.clone());
        }
        let kernel = load()?;
        kept().insert(key, kernel.clone());
        Ok(kernel)
    }

    /// Loads a compiled program and allows its kernel `entry` `smem_bytes` of dynamic shared memory.
    ///
    /// # Errors
    /// When the driver cannot load it.
    pub(in crate::cuda) fn load(
        &self,
        image: Image<'_>,
        entry: &str,
        smem_bytes: u32,
    ) -> Result<Kernel, CudaError> {
        let gpu = self.info.index;
        self.make_current()?;
        let module = self
            .context
            .load_module(match image {
                Image::Ptx(text) => Ptx::from_src(text),
                Image::Machine(code) => Ptx::from_binary(code.to_vec()),
            })
            .on(gpu, "loading a program")?;
        let function = module.load_function(entry).on(gpu, "finding a kernel")?;
        load_now(&function).on(gpu, "loading a kernel")?;
        if smem_bytes > 48 << 10 {
            let attribute =
                sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
            function
                .set_attribute(attribute, smem_bytes as i32)
                .on(gpu, "asking for shared memory")?;
        }
        Ok(Kernel { function, smem_bytes, gpu })
    }
}

/// Puts a kernel's code on the GPU. With lazy loading (the driver's default since CUDA 12.2) the first launch would do it
/// and wait for the whole device meanwhile; a kernel there that waits for a peer not yet launched would wait for ever.
/// The CUDA C++ Programming Guide (lazy loading, concurrent execution) asks for it of kernels that run side by side.
fn load_now(function: &CudaFunction) -> Result<(), DriverError> {
    let mut registers = 0;
    let attribute = sys::CUfunction_attribute::CU_FUNC_ATTRIBUTE_NUM_REGS;
    // SAFETY: the function is live and the pointer valid for one write.
    unsafe {
        // Asking for an attribute loads, as the guide says; since 12.4 there is a call that does nothing else.
        sys::cuFuncGetAttribute(&raw mut registers, attribute, function.cu_function()).result()?;
        if driver_version()? >= FUNC_LOAD_SINCE {
            sys::cuFuncLoad(function.cu_function()).result()?;
        }
    }
    Ok(())
}

/// First driver version, as the driver counts, with `cuFuncLoad`.
const FUNC_LOAD_SINCE: i32 = 12_040;

/// A compiled program, as the driver takes it.
#[derive(Clone, Copy, Debug)]
pub(in crate::cuda) enum Image<'a> {
    /// Machine code for the GPU.
    Machine(&'a [u8]),
    /// PTX, which the driver translates.
    Ptx(&'a str),
}

/// Devices that work together: one a rank, each able to reach the others' memory.
#[derive(Clone, Debug)]
pub struct Group {
    devices: Vec<Device>,
    driver: (u32, u32),
    warnings: Vec<String>,
}

impl Group {
    /// Takes the first `ranks` GPUs into use and opens their memory to one another.
    ///
    /// # Errors
    /// [`CudaError`] when there are too few, they differ, two have no peer link, or another process holds one.
    pub fn open(ranks: u32) -> Result<Self, CudaError> {
        Self::open_some(0..ranks)
    }

    /// The same of these GPUs, as they are numbered here.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_some(which: Range<u32>) -> Result<Self, CudaError> {
        let found = probe()?;
        let loads = loads_before_ours(&found);
        let chosen = ready::choose_some(&found, which, &loads)?;
        let shared = chosen.iter().zip(&loads).filter_map(|(gpu, load)| {
            load.as_ref().and_then(|load| ready::shared_with(gpu.index, load))
        });
        let warnings = shared.collect();
        let devices = chosen.iter().map(Device::open).collect::<Result<Vec<_>, _>>()?;
        let group = Self { devices, driver: found.driver, warnings };
        group.open_peers()?;
        Ok(group)
    }

    /// By rank.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// CUDA version of the driver.
    pub fn driver(&self) -> (u32, u32) {
        self.driver
    }

    /// What will disturb a run on them, a sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn open_peers(&self) -> Result<(), CudaError> {
        for device in &self.devices {
            device.make_current()?;
            for peer in &self.devices {
                if peer.info.index == device.info.index {
                    continue;
                }
                // SAFETY: both contexts are live for as long as their devices.
                let opened = unsafe { sys::cuCtxEnablePeerAccess(peer.context.cu_ctx(), 0) };
                if opened != sys::CUresult::CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED {
                    opened.result().on(device.info.index, "opening a peer's memory")?;
                }
            }
        }
        Ok(())
    }
}

/// How full the GPUs were when this process first asked: later its work is among the rest, in a container under a
/// number that it does not know.
fn loads_before_ours(found: &Gpus) -> Vec<Option<GpuLoad>> {
    static FIRST: OnceLock<Vec<Option<GpuLoad>>> = OnceLock::new();
    FIRST.get_or_init(|| loads(found)).clone()
}
