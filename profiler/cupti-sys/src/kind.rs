/// Activity kinds that Weftscope enables, with CUPTI's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum ActivityKind {
    /// Host ↔ device copies and copies on one device.
    Memcpy = 1,
    /// Memory sets.
    Memset = 2,
    /// Kernels, serialised. Asking for it changes what is measured; use [`Self::ConcurrentKernel`].
    Kernel = 3,
    /// Driver API calls.
    Driver = 4,
    /// Runtime API calls.
    Runtime = 5,
    /// Kernels, left to run side by side.
    ConcurrentKernel = 10,
    /// Beginnings and ends of NVTX ranges, and NVTX marks.
    Marker = 12,
    /// What profiling itself cost.
    Overhead = 17,
    /// Copies between devices.
    MemcpyPeer = 22,
    /// Stream, event and context synchronisation.
    Synchronization = 38,
    /// Ids pushed around API calls.
    ExternalCorrelation = 39,
}

impl ActivityKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Memcpy,
        Self::Memset,
        Self::Kernel,
        Self::Driver,
        Self::Runtime,
        Self::ConcurrentKernel,
        Self::Marker,
        Self::Overhead,
        Self::MemcpyPeer,
        Self::Synchronization,
        Self::ExternalCorrelation,
    ];

    /// The kind with this number, when it is one of ours.
    pub fn from_raw(raw: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u32 == raw)
    }
}
