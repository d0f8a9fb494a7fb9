//! What the Sanitizer tells while the program runs. The program's own threads come through here.

use std::{
    cell::Cell,
    ffi::{CStr, c_void},
    slice,
    sync::atomic::Ordering,
};

use weftscope_wire::{Event, Stamping};

use super::{
    Watch, calls, lock,
    program::{Launched, Taken},
    soon,
};
use crate::{
    blocks::{
        graphs, record,
        ring::{Layout, Region},
        waiting::{Part, Pending},
    },
    host,
    sanitizer::{
        Stream,
        abi::{
            self, ApiData, ContextData, GraphData, GraphExecData, LaunchData, ModuleData, NodeData,
        },
    },
};

/// Records of a context's ring: 32 MiB.
const RING_RECORDS: u64 = 1 << 20;
/// In place of an address: the launch is not recorded.
pub(super) const NO_ADDRESS: u64 = 0;

thread_local! {
    /// This thread is the library's own: what it loads and launches is not the program's.
    static IS_OURS: Cell<bool> = const { Cell::new(false) };
    /// Number of the launch that this thread is making.
    static LAUNCHING: Cell<Option<u64>> = const { Cell::new(None) };
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
    pub(crate) unsafe fn called(&'static self, domain: u32, id: u32, data: *const c_void) {
        if IS_OURS.get() {
            return;
        }
        match (domain, id) {
            (abi::DOMAIN_LAUNCH, abi::LAUNCH_BEGIN) => {
                // SAFETY: as the caller promises; here and below.
                self.launch(unsafe { &*data.cast::<LaunchData>() });
            }
            (abi::DOMAIN_LAUNCH, abi::LAUNCH_END) => self.launch_ends(),
            (abi::DOMAIN_DRIVER_API | abi::DOMAIN_RUNTIME_API, _) => {
                // SAFETY: as above.
                self.api(domain, id, unsafe { &*data.cast::<ApiData>() });
            }
            (abi::DOMAIN_GRAPHS, abi::NODE_LAUNCH_BEGIN) => {
                // SAFETY: the fields before the union are there for every type of node.
                let kind = unsafe { (*data.cast::<NodeData>()).kind };
                if kind == abi::NODE_KERNEL {
                    // SAFETY: a kernel's node has a launch in the union.
                    let node = unsafe { &*data.cast::<NodeData>() };
                    self.node(&node.kernel);
                }
            }
            (abi::DOMAIN_GRAPHS, abi::GRAPH_LAUNCH_BEGIN) => {
                // SAFETY: as above.
                self.graph_begins(unsafe { &*data.cast::<GraphData>() });
            }
            (abi::DOMAIN_GRAPHS, abi::GRAPH_LAUNCH_END) => self.graph_ends(),
            (abi::DOMAIN_GRAPHS, abi::GRAPH_DESTROYING) => {
                // SAFETY: as above.
                let graph = unsafe { (*data.cast::<GraphExecData>()).graph } as usize;
                lock(&self.program).graph_gone(graph);
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
                let wants_marks = lock(&self.modules).wants_marks(module);
                let _held = wants_marks.then(|| soon(&self.leading)).flatten();
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
                if let Some(mut rings) = soon(&self.rings) {
                    rings.context_gone(context);
                }
            }
            _ => {}
        }
    }

    pub(super) fn is_stamping(&self) -> bool {
        self.stamping.load(Ordering::Acquire)
    }

    fn context_created(&self, context: usize, device: i32) {
        lock(&self.program).context(context, device);
        self.ask_for_memory(context);
    }

    /// Asks for the memory of a context's stamps, where that is to be done. No lock is held meanwhile.
    fn ask_for_memory(&self, context: usize) {
        let Some(tools) = self.tools.get() else { return };
        if !lock(&self.program).asks(context) {
            return;
        }
        let records = RING_RECORDS as usize * record::BYTES;
        let bytes = graphs::BYTES + records + graphs::PAGE_BYTES as usize;
        let memory = tools.sanitizer.zeroed(context, bytes, Stream::NULL);
        let layout = memory.as_ref().ok().map(|memory| {
            let base = (memory + graphs::BYTES as u64).next_multiple_of(graphs::PAGE_BYTES);
            Layout { base, capacity: RING_RECORDS }
        });
        let is_last = lock(&self.program).came(context, layout);
        if let (Err(error), true) = (memory, is_last) {
            let note = format!("a device is not recorded: no memory for its stamps: {error}");
            self.outbox.put([Event::Note(note)]);
        }
    }

    fn module_loaded(&self, data: &ModuleData, cubin: &[u8]) {
        let module = data.module as usize;
        lock(&self.modules).loaded(module, data.context as usize, cubin);
        self.ask_for_memory(data.context as usize);
        if lock(&self.modules).wants_marks(module) {
            self.ask_for_ring(data.context as usize);
        }
        self.patch(module);
    }

    /// A launch that is not recorded. The patches of its kernel want to be told even so.
    pub(super) fn unrecorded(&self, data: &LaunchData) {
        if lock(&self.modules).stamping(data.module as usize) == Stamping::Blocks {
            self.hand_over(data, NO_ADDRESS);
        }
    }

    fn launch(&self, data: &LaunchData) {
        calls::has_launched();
        if !self.is_stamping() {
            self.unrecorded(data);
            return;
        }
        let launched = Launched::of(data, host::monotonic_ns());
        let (mut stamping, is_unled) = {
            let modules = lock(&self.modules);
            (modules.stamping(launched.module), modules.wants_marks(launched.module))
        };
        let mut region = None;
        if stamping == Stamping::Blocks {
            self.ask_for_memory(launched.context);
            (stamping, region) = self.place(data, &launched);
        }
        let mut program = lock(&self.program);
        let Taken { id: launch, kernel, stream } =
            program.launched(&launched, stamping, || data.name());
        LAUNCHING.set(Some(launch));
        if is_unled {
            let cause =
                "launches of kernels with marks of their own, before these were listened to";
            program.events.push(Event::Lost { cause: cause.to_owned(), count: 1 });
        }
        if let Some(region) = region {
            let part = Part {
                launch,
                kernel,
                first: 0,
                blocks: region.records,
                threads: launched.threads(),
            };
            // A room that the Sanitizer did not take the address of is given back as it is.
            let parts = if stamping == Stamping::Blocks { vec![part] } else { Vec::new() };
            let at_host_ns = launched.at_host_ns;
            program.wait_for(launched.context, Pending { region, stream, at_host_ns, parts });
        }
    }

    /// The call of the launch that this thread is making returns.
    fn launch_ends(&self) {
        if let Some(launch) = LAUNCHING.take() {
            let at_host_ns = host::monotonic_ns();
            lock(&self.program).events.push(Event::Returned { launch, at_host_ns });
        }
    }

    /// Where the stamps of a launch go. No lock is held while the Sanitizer is told: another thread's callback may wait
    /// for it with the Sanitizer's own locks held.
    fn place(&self, data: &LaunchData, launched: &Launched) -> (Stamping, Option<Region>) {
        let room = {
            let mut program = lock(&self.program);
            if program.is_dear(launched) {
                drop(program);
                self.hand_over(data, NO_ADDRESS);
                return (Stamping::TooDear, None);
            }
            let region = program.room(launched.context, launched.blocks());
            region.zip(program.ring(launched.context))
        };
        let Some((region, layout)) = room else {
            self.hand_over(data, NO_ADDRESS);
            return (Stamping::NoRoom, None);
        };
        let taken = self.hand_over(data, layout.address(region.at));
        (if taken { Stamping::Blocks } else { Stamping::Refused }, Some(region))
    }

    /// Gives a launch the address of its stamps. False when the Sanitizer does not take it.
    pub(super) fn hand_over(&self, data: &LaunchData, address: u64) -> bool {
        let of = (data.launch, data.function, data.stream_handle);
        self.tools.get().is_some_and(|tools| tools.sanitizer.set_launch_data(of, address).is_ok())
    }
}

impl LaunchData {
    /// The mangled name of the kernel; empty when the Sanitizer knows none.
    pub(super) fn name(&self) -> String {
        if self.function_name.is_null() {
            return String::new();
        }
        // SAFETY: text with a NUL at its end, alive for the callback that runs.
        unsafe { CStr::from_ptr(self.function_name) }.to_string_lossy().into_owned()
    }
}
