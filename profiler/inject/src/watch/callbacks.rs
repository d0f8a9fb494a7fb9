//! What the Sanitizer tells while the program runs. The program's own threads come through here.

use std::{
    cell::Cell,
    ffi::{CStr, c_char, c_void},
    slice,
    sync::atomic::Ordering,
};

use weftscope_wire::{Event, Stamping};

use super::{Watch, lock, program::Launched};
use crate::{
    blocks::{
        record,
        ring::{Layout, Region},
    },
    host,
    sanitizer::abi::{self, ContextData, GraphData, LaunchData, ModuleData, NodeData},
};

/// Records of a context's ring: 32 MiB.
const RING_RECORDS: u64 = 1 << 20;
/// In place of an address: the launch is not recorded.
const NO_ADDRESS: u64 = 0;

thread_local! {
    /// This thread is the library's own: what it loads and launches is not the program's.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
    /// Number of the launch of a graph that this thread is making.
    static GRAPH: Cell<Option<u64>> = const { Cell::new(None) };
}

/// What this thread loads and launches from now on is not the program's.
pub(super) fn leave_this_thread_out() {
    IS_OURS.set(true);
}

impl Watch {
    /// One callback.
    ///
    /// # Safety
    /// `data` is the struct that the Sanitizer's header names for this domain and number.
    pub(crate) unsafe fn called(&self, domain: u32, id: u32, data: *const c_void) {
        if IS_OURS.get() {
            return;
        }
        match (domain, id) {
            (abi::DOMAIN_LAUNCH, abi::LAUNCH_BEGIN) => {
                // SAFETY: as the caller promises; here and below.
                self.launch(unsafe { &*data.cast::<LaunchData>() }, None);
            }
            (abi::DOMAIN_GRAPHS, abi::NODE_LAUNCH_BEGIN) => {
                // SAFETY: the fields before the union are there for every type of node.
                let kind = unsafe { (*data.cast::<NodeData>()).kind };
                if kind == abi::NODE_KERNEL {
                    // SAFETY: a kernel's node has a launch in the union.
                    let node = unsafe { &*data.cast::<NodeData>() };
                    self.launch(&node.kernel, GRAPH.get());
                }
            }
            (abi::DOMAIN_GRAPHS, abi::GRAPH_LAUNCH_BEGIN) => {
                // SAFETY: as above.
                let graph = unsafe { &*data.cast::<GraphData>() };
                GRAPH.set((graph.is_upload == 0).then(|| lock(&self.program).graph()));
            }
            (abi::DOMAIN_RESOURCE, abi::MODULE_LOADED) => {
                // SAFETY: as above.
                let module = unsafe { &*data.cast::<ModuleData>() };
                let cubin = if module.cubin.is_null() {
                    &[]
                } else {
                    // SAFETY: as many bytes as stated, alive for this call.
                    unsafe { slice::from_raw_parts(module.cubin, module.cubin_size) }
                };
                self.module_loaded(module, cubin);
            }
            (abi::DOMAIN_RESOURCE, abi::MODULE_UNLOADING) => {
                // SAFETY: as above.
                let module = unsafe { (*data.cast::<ModuleData>()).module } as usize;
                lock(&self.modules).unloading(module);
                lock(&self.program).unloading(module);
            }
            (abi::DOMAIN_RESOURCE, abi::CONTEXT_CREATED) => {
                // SAFETY: as above.
                let context = unsafe { &*data.cast::<ContextData>() };
                self.context_created(context.context as usize, context.device);
            }
            (abi::DOMAIN_RESOURCE, abi::CONTEXT_DESTROYING) => {
                // SAFETY: as above.
                let context = unsafe { (*data.cast::<ContextData>()).context } as usize;
                lock(&self.modules).context_gone(context);
                if let Some(mut patcher) = self.patcher() {
                    patcher.context_gone(context);
                }
                lock(&self.program).contexts.remove(&context);
            }
            _ => {}
        }
    }

    fn is_stamping(&self) -> bool {
        self.stamping.load(Ordering::Acquire)
    }

    fn context_created(&self, context: usize, device: i32) {
        let Some(tools) = self.tools.get() else { return };
        let memory = tools.sanitizer.zeroed(context, RING_RECORDS as usize * record::BYTES);
        if let Err(error) = memory {
            let note = format!("a device is not recorded: no memory for its stamps: {error}");
            self.outbox.put([Event::Note(note)]);
        }
        // Known with its ring or without one for good: the thread that fetches looks once.
        let layout = memory.ok().map(|base| Layout { base, capacity: RING_RECORDS });
        lock(&self.program).context(context, device, layout);
    }

    fn module_loaded(&self, data: &ModuleData, cubin: &[u8]) {
        let module = data.module as usize;
        lock(&self.modules).loaded(module, data.context as usize, cubin);
        self.patch(module);
    }

    fn launch(&self, data: &LaunchData, graph: Option<u64>) {
        if !self.is_stamping() {
            if lock(&self.modules).stamping(data.module as usize) == Stamping::Blocks {
                self.hand_over(data, NO_ADDRESS);
            }
            return;
        }
        let launched = Launched {
            context: data.context as usize,
            module: data.module as usize,
            function: data.function as usize,
            stream: data.stream_handle as usize,
            device: data.device,
            grid: data.grid,
            block: data.block,
            cluster: data.cluster,
            at_host_ns: host::monotonic_ns(),
            tid: host::tid(),
            graph,
        };
        let mut stamping = lock(&self.modules).stamping(launched.module);
        let mut region = None;
        if stamping == Stamping::Blocks {
            (stamping, region) = self.place(data, &launched);
        }
        lock(&self.program).launched(&launched, stamping, region, || text(data.function_name));
    }

    /// Where the stamps of a launch go. No lock is held while the Sanitizer is told: another thread's callback may wait
    /// for it with the Sanitizer's own locks held.
    fn place(&self, data: &LaunchData, launched: &Launched) -> (Stamping, Option<Region>) {
        if launched.graph.is_some() && launched.cluster.iter().any(|&count| count > 1) {
            self.hand_over(data, NO_ADDRESS);
            return (Stamping::GraphCluster, None);
        }
        let room = lock(&self.program).room(launched.context, blocks(&launched.grid));
        let Some((region, address)) = room else {
            self.hand_over(data, NO_ADDRESS);
            return (Stamping::NoRoom, None);
        };
        let taken = self.hand_over(data, address);
        (if taken { Stamping::Blocks } else { Stamping::Refused }, Some(region))
    }

    /// Gives a launch the address of its stamps. False when the Sanitizer does not take it.
    fn hand_over(&self, data: &LaunchData, address: u64) -> bool {
        let of = (data.launch, data.function, data.stream_handle);
        self.tools.get().is_some_and(|tools| tools.sanitizer.set_launch_data(of, address).is_ok())
    }
}

/// Thread blocks of a grid; so many that they are not counted in 32 bits never find room.
fn blocks(grid: &[u32; 3]) -> u32 {
    grid.iter().try_fold(1, |product: u32, &count| product.checked_mul(count)).unwrap_or(u32::MAX)
}

/// A name that the Sanitizer hands out; empty when it knows none.
fn text(name: *const c_char) -> String {
    if name.is_null() {
        return String::new();
    }
    // SAFETY: text with a NUL at its end, alive for the callback that runs.
    unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned()
}
