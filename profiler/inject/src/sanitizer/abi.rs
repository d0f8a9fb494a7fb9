//! Layouts and numbers of `sanitizer.h`, CUDA 12.6 to 13.5. Fields are read in place and never past those named here, so
//! that versions which append more are read right.

use std::ffi::{c_char, c_void};

/// `SANITIZER_CB_DOMAIN_DRIVER_API`.
pub const DOMAIN_DRIVER_API: u32 = 1;
/// `SANITIZER_CB_DOMAIN_RUNTIME_API`.
pub const DOMAIN_RUNTIME_API: u32 = 2;
/// `SANITIZER_CB_DOMAIN_RESOURCE`.
pub const DOMAIN_RESOURCE: u32 = 3;
/// `SANITIZER_CB_DOMAIN_LAUNCH`.
pub const DOMAIN_LAUNCH: u32 = 5;
/// `SANITIZER_CB_DOMAIN_GRAPHS`.
pub const DOMAIN_GRAPHS: u32 = 10;

/// `SANITIZER_CBID_RESOURCE_CONTEXT_CREATION_FINISHED`.
pub const CONTEXT_CREATED: u32 = 3;
/// `SANITIZER_CBID_RESOURCE_CONTEXT_DESTROY_STARTING`.
pub const CONTEXT_DESTROYING: u32 = 4;
/// `SANITIZER_CBID_RESOURCE_MODULE_LOADED`.
pub const MODULE_LOADED: u32 = 9;
/// `SANITIZER_CBID_RESOURCE_MODULE_UNLOAD_STARTING`.
pub const MODULE_UNLOADING: u32 = 10;
/// `SANITIZER_CBID_LAUNCH_BEGIN`.
pub const LAUNCH_BEGIN: u32 = 1;
/// `SANITIZER_CBID_LAUNCH_END`.
pub const LAUNCH_END: u32 = 3;
/// `SANITIZER_CBID_GRAPHS_GRAPHEXEC_DESTROYING`.
pub const GRAPH_DESTROYING: u32 = 3;
/// `SANITIZER_CBID_GRAPHS_NODE_LAUNCH_BEGIN`.
pub const NODE_LAUNCH_BEGIN: u32 = 4;
/// `SANITIZER_CBID_GRAPHS_LAUNCH_BEGIN`.
pub const GRAPH_LAUNCH_BEGIN: u32 = 6;
/// `SANITIZER_CBID_GRAPHS_LAUNCH_END`.
pub const GRAPH_LAUNCH_END: u32 = 7;

/// `SANITIZER_CBID_DRIVER_API_cuProfilerStart`.
pub const PROFILER_START: u32 = 308;
/// `SANITIZER_CBID_DRIVER_API_cuProfilerStop`.
pub const PROFILER_STOP: u32 = 309;
/// `SANITIZER_CBID_RUNTIME_API_cudaProfilerStart`.
pub const RUNTIME_PROFILER_START: u32 = 171;
/// `SANITIZER_CBID_RUNTIME_API_cudaProfilerStop`.
pub const RUNTIME_PROFILER_STOP: u32 = 172;
/// Calls that return only when the GPU is done, by the end of their names in `SANITIZER_CBID_DRIVER_API_…`.
pub const DRIVER_WAITS: &[(&str, u32)] = &[
    ("cuCtxSynchronize", 17),
    ("cuEventSynchronize", 121),
    ("cuStreamSynchronize", 126),
    ("cuMemcpyHtoD_v2", 276),
    ("cuMemcpyDtoH_v2", 278),
    ("cuStreamSynchronize_ptsz", 440),
    ("cuCtxSynchronize_v2", 800),
];
/// The same in `SANITIZER_CBID_RUNTIME_API_…`.
pub const RUNTIME_WAITS: &[(&str, u32)] = &[
    ("cudaMemcpy", 31),
    ("cudaStreamSynchronize", 131),
    ("cudaEventSynchronize", 137),
    ("cudaDeviceSynchronize", 165),
    ("cudaMemcpy_ptds", 215),
    ("cudaStreamSynchronize_ptsz", 239),
];

/// Calls that begin the capture of a graph, and after which one has ended, as above.
pub const DRIVER_CAPTURES: [&[(&str, u32)]; 2] = [
    &[
        ("cuStreamBeginCapture", 495),
        ("cuStreamBeginCapture_ptsz", 496),
        ("cuStreamBeginCapture_v2", 539),
        ("cuStreamBeginCapture_v2_ptsz", 540),
        ("cuStreamBeginCaptureToGraph", 720),
        ("cuStreamBeginCaptureToGraph_ptsz", 721),
    ],
    &[("cuStreamEndCapture", 497), ("cuStreamEndCapture_ptsz", 498)],
];
/// The same of the runtime's.
pub const RUNTIME_CAPTURES: [&[(&str, u32)]; 2] = [
    &[
        ("cudaStreamBeginCapture", 315),
        ("cudaStreamBeginCapture_ptsz", 316),
        ("cudaStreamBeginCaptureToGraph", 452),
        ("cudaStreamBeginCaptureToGraph_ptsz", 453),
    ],
    &[("cudaStreamEndCapture", 319), ("cudaStreamEndCapture_ptsz", 320)],
];

/// `SANITIZER_API_ENTER`.
pub const API_ENTER: u32 = 0;
/// `SANITIZER_API_EXIT`.
pub const API_EXIT: u32 = 1;

/// `SANITIZER_INSTRUCTION_BLOCK_ENTER`.
pub const BLOCK_ENTER: u32 = 1;
/// `SANITIZER_INSTRUCTION_BLOCK_EXIT`.
pub const BLOCK_EXIT: u32 = 2;

/// `CU_GRAPH_NODE_TYPE_KERNEL`.
pub const NODE_KERNEL: u32 = 0;

/// A handle of the driver's or the Sanitizer's: compared and handed back, never followed.
pub type Handle = *mut c_void;

/// `Sanitizer_ResourceContextData`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ContextData {
    /// The context.
    pub context: Handle,
    /// Its device.
    pub device: i32,
}

/// `Sanitizer_ResourceModuleData`, without the fields behind.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ModuleData {
    /// Where it is loaded.
    pub context: Handle,
    /// The module.
    pub module: Handle,
    /// Bytes of its cubin.
    pub cubin_size: usize,
    /// Its cubin, while the callback runs.
    pub cubin: *const u8,
}

/// `Sanitizer_LaunchData`, without the fields behind.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct LaunchData {
    /// Where it runs.
    pub context: Handle,
    /// Its stream.
    pub stream: Handle,
    /// The same, unique.
    pub stream_handle: Handle,
    /// Module of its code.
    pub module: Handle,
    /// The kernel.
    pub function: Handle,
    /// The kernel's mangled name, while the callback runs; may be null.
    pub function_name: *const c_char,
    /// Thread blocks.
    pub grid: [u32; 3],
    /// Threads a block.
    pub block: [u32; 3],
    /// Blocks a cluster.
    pub cluster: [u32; 3],
    /// The kernel's `%gridid`: of a graph's node the same at each launch.
    pub grid_id: u64,
    /// For [`Sanitizer::set_launch_data`](super::Sanitizer::set_launch_data).
    pub launch: Handle,
    /// Device.
    pub device: i32,
    /// Of a graph's node: the context in which the graph was launched.
    pub api_context: Handle,
    /// Of a graph's node: the stream in which the graph was launched.
    pub api_stream: Handle,
    /// The same, unique.
    pub api_stream_handle: Handle,
}

/// `Sanitizer_GraphNodeLaunchData` of a kernel's node; the union behind the kernel's is longer.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct NodeData {
    /// The instance.
    pub graph: Handle,
    /// Number of the launch of this instance.
    pub launch_number: u32,
    /// The node.
    pub node: Handle,
    /// Its type; only a kernel's node has `kernel`.
    pub kind: u32,
    /// The launch.
    pub kernel: LaunchData,
}

/// `Sanitizer_GraphLaunchData`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GraphData {
    /// Where.
    pub context: Handle,
    /// In which stream.
    pub stream: Handle,
    /// The same, unique.
    pub stream_handle: Handle,
    /// The instance.
    pub graph: Handle,
    /// Non-zero: the graph is brought to the device and not run.
    pub is_upload: u32,
}

/// `Sanitizer_GraphExecData`, without the fields behind.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct GraphExecData {
    /// What it was made of.
    pub source: Handle,
    /// The instance.
    pub graph: Handle,
}

/// `Sanitizer_CallbackData`, without the fields behind.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ApiData {
    /// [`API_ENTER`] or [`API_EXIT`].
    pub site: u32,
    /// The call's name, for ever.
    pub name: *const c_char,
}

/// `Sanitizer_CallbackFunc`.
pub type Callback = unsafe extern "C" fn(user: Handle, domain: u32, id: u32, data: *const c_void);

/// Names and offsets of the fields that are read, as the headers call them: `tests` compile this table against them.
pub const FIELDS: &[(&str, &str, usize)] = &[
    ("Sanitizer_ResourceContextData", "context", std::mem::offset_of!(ContextData, context)),
    ("Sanitizer_ResourceContextData", "device", std::mem::offset_of!(ContextData, device)),
    ("Sanitizer_ResourceModuleData", "context", std::mem::offset_of!(ModuleData, context)),
    ("Sanitizer_ResourceModuleData", "module", std::mem::offset_of!(ModuleData, module)),
    ("Sanitizer_ResourceModuleData", "cubinSize", std::mem::offset_of!(ModuleData, cubin_size)),
    ("Sanitizer_ResourceModuleData", "pCubin", std::mem::offset_of!(ModuleData, cubin)),
    ("Sanitizer_LaunchData", "context", std::mem::offset_of!(LaunchData, context)),
    ("Sanitizer_LaunchData", "stream", std::mem::offset_of!(LaunchData, stream)),
    ("Sanitizer_LaunchData", "hStream", std::mem::offset_of!(LaunchData, stream_handle)),
    ("Sanitizer_LaunchData", "module", std::mem::offset_of!(LaunchData, module)),
    ("Sanitizer_LaunchData", "function", std::mem::offset_of!(LaunchData, function)),
    ("Sanitizer_LaunchData", "functionName", std::mem::offset_of!(LaunchData, function_name)),
    ("Sanitizer_LaunchData", "gridDim_x", std::mem::offset_of!(LaunchData, grid)),
    ("Sanitizer_LaunchData", "blockDim_x", std::mem::offset_of!(LaunchData, block)),
    ("Sanitizer_LaunchData", "clusterDim_x", std::mem::offset_of!(LaunchData, cluster)),
    ("Sanitizer_LaunchData", "gridId", std::mem::offset_of!(LaunchData, grid_id)),
    ("Sanitizer_LaunchData", "hLaunch", std::mem::offset_of!(LaunchData, launch)),
    ("Sanitizer_LaunchData", "device", std::mem::offset_of!(LaunchData, device)),
    ("Sanitizer_LaunchData", "apiContext", std::mem::offset_of!(LaunchData, api_context)),
    ("Sanitizer_LaunchData", "hApiStream", std::mem::offset_of!(LaunchData, api_stream_handle)),
    ("Sanitizer_GraphNodeLaunchData", "graphExec", std::mem::offset_of!(NodeData, graph)),
    ("Sanitizer_GraphNodeLaunchData", "launchId", std::mem::offset_of!(NodeData, launch_number)),
    ("Sanitizer_GraphNodeLaunchData", "node", std::mem::offset_of!(NodeData, node)),
    ("Sanitizer_GraphNodeLaunchData", "nodeType", std::mem::offset_of!(NodeData, kind)),
    ("Sanitizer_GraphNodeLaunchData", "launchData", std::mem::offset_of!(NodeData, kernel)),
    ("Sanitizer_CallbackData", "callbackSite", std::mem::offset_of!(ApiData, site)),
    ("Sanitizer_CallbackData", "functionName", std::mem::offset_of!(ApiData, name)),
    ("Sanitizer_GraphExecData", "graphExec", std::mem::offset_of!(GraphExecData, graph)),
    ("Sanitizer_GraphLaunchData", "context", std::mem::offset_of!(GraphData, context)),
    ("Sanitizer_GraphLaunchData", "hStream", std::mem::offset_of!(GraphData, stream_handle)),
    ("Sanitizer_GraphLaunchData", "graphExec", std::mem::offset_of!(GraphData, graph)),
    ("Sanitizer_GraphLaunchData", "isGraphUpload", std::mem::offset_of!(GraphData, is_upload)),
];
