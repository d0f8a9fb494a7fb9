/// Driver calls that launch kernels, copy or set memory, by name and callback id (`cupti_driver_cbid.h`): each in its
/// plain form and in that of per-thread default streams.
pub const LAUNCH_CALLS: [(&str, u32); 18] = [
    ("cuLaunchKernel", 307),
    ("cuLaunchKernel_ptsz", 442),
    ("cuLaunchCooperativeKernel", 477),
    ("cuLaunchCooperativeKernel_ptsz", 478),
    ("cuLaunchKernelEx", 652),
    ("cuLaunchKernelEx_ptsz", 653),
    ("cuGraphLaunch", 514),
    ("cuGraphLaunch_ptsz", 515),
    ("cuMemcpyDtoDAsync_v2", 281),
    ("cuMemcpyDtoDAsync_v2_ptsz", 423),
    ("cuMemcpyAsync", 306),
    ("cuMemcpyAsync_ptsz", 418),
    ("cuMemcpyPeerAsync", 319),
    ("cuMemcpyPeerAsync_ptsz", 426),
    ("cuMemsetD8Async", 216),
    ("cuMemsetD8Async_ptsz", 428),
    ("cuMemsetD32Async", 220),
    ("cuMemsetD32Async_ptsz", 430),
];

/// What happens to nodes of CUDA graphs, by name and callback id of the resource domain (`cupti_callbacks.h`).
pub const NODE_CREATED: (&str, u32) = ("GRAPHNODE_CREATED", 13);
/// A node is about to go.
pub const NODE_DESTROYED: (&str, u32) = ("GRAPHNODE_DESTROY_STARTING", 14);
/// A node is the copy of another, as those of an instance are.
pub const NODE_CLONED: (&str, u32) = ("GRAPHNODE_CLONED", 20);
