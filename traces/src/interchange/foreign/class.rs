/// What an event's slice will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    Kernel,
    /// Copy engine work.
    Memcpy,
    /// The same from one device to another.
    PeerCopy,
    /// An op of a GPU, told once more beside the stream that ran it.
    Repeat,
    /// Annotation that the profiler repeats on the GPU's row.
    GpuMark,
    /// An iteration, as the GPU's row of steps has it.
    Step,
    Host,
    /// A call of the runtime or the driver, which may put work on a GPU.
    Call,
    /// User annotation of a host thread.
    HostMark,
    /// The profiler's own work.
    Overhead,
    /// An instant that concerns a whole process or the whole trace.
    GlobalInstant,
    /// The event itself does not say: its row's name decides.
    Untold,
}

impl Class {
    /// Stands on a stream of a GPU.
    pub(crate) fn is_gpu_op(self) -> bool {
        matches!(self, Self::Kernel | Self::Memcpy | Self::PeerCopy)
    }
}
