//! How recorders call the rows of a GPU; the next file looks rows up in it.
//!
//! A line says how a process is recognised and what its threads hold, with examples and their answers beside it.

/// What stands on a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Kernels of one stream.
    Kernels,
    /// Copies by the copy engines.
    Copies,
    /// Ops of the device: what ran where no row of [`Role::Kernels`] tells it, else a repetition.
    Ops,
    /// Whole programs: what ran where no other row tells it, else a repetition.
    Modules,
    /// What other rows of the device tell already, summed up or by other names.
    Repeats,
    /// Iterations.
    Steps,
    /// Not the device's.
    Host,
}

/// One recorder's way of naming rows.
pub(super) struct Dialect {
    pub(super) recorder: &'static str,
    /// What the process is called: by its name, a label, or its id where that is a text. Group 1: the device's number.
    /// Empty: anything that no other line knows.
    pub(super) process: &'static str,
    /// What its threads are called, by name or by an id that is a text; the first that matches decides. Group 1: the
    /// stream's number, or the device's where the process may be called anything.
    pub(super) threads: &'static [(&'static str, Role)],
    /// Its other threads.
    pub(super) otherwise: Role,
    /// Several processes of one device belong together: they are rows of one recording, and no process of its own.
    pub(super) joins: bool,
    /// Process and thread, and what comes of it: the role, the device.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table"))]
    pub(super) examples: &'static [Example],
}

type Example = (&'static str, &'static str, Role, Option<u32>);

const PLAIN: Dialect = Dialect {
    recorder: "",
    process: "",
    threads: &[],
    otherwise: Role::Host,
    joins: false,
    examples: &[],
};

/// The first that matches decides. Names are facts read in the recorders' public sources and in traces.
pub(super) const TABLE: &[Dialect] = &[
    Dialect {
        recorder: "TensorFlow's timeline, all streams at once",
        process: r"(?i)/gpu:(\d+)/stream:all\b|/device:GPU:(\d+)/stream:all\b",
        otherwise: Role::Ops,
        joins: true,
        examples: &[("/device:GPU:0/stream:all Compute", "", Role::Ops, Some(0))],
        ..PLAIN
    },
    Dialect {
        recorder: "TensorFlow's timeline, copies",
        process: r"(?i)gpu:(\d+)/(?:memcpy\b|context#\d+/stream#\d+:memcpy)",
        otherwise: Role::Copies,
        joins: true,
        examples: &[
            ("/device:GPU:0/memcpy Compute", "", Role::Copies, Some(0)),
            ("/gpu:0/context#0/stream#2:MemcpyHtoD Compute", "", Role::Copies, Some(0)),
        ],
        ..PLAIN
    },
    Dialect {
        recorder: "TensorFlow's timeline, one stream",
        process: r"(?i)gpu:(\d+)/(?:context#\d+/)?stream[:#]\d+",
        otherwise: Role::Kernels,
        joins: true,
        examples: &[
            ("/device:GPU:1/stream:14 Compute", "", Role::Kernels, Some(1)),
            ("/gpu:0/context#0/stream#1:Kernel Compute", "", Role::Kernels, Some(0)),
        ],
        ..PLAIN
    },
    Dialect {
        recorder: "TensorFlow's timeline, ops as the host scheduled them",
        process: r"^/job:.* (?:Compute|Tensors)$",
        otherwise: Role::Host,
        examples: &[("/job:localhost/replica:0/task:0/device:GPU:0 Compute", "", Role::Host, None)],
        ..PLAIN
    },
    Dialect {
        recorder: "JAX/XLA",
        process: r"/device:(?:GPU|TPU|ROCM|XPU|HPU|NPU|NEURON):(\d+)",
        threads: &[
            (r"^Stream #(\d+)", Role::Kernels),
            (r"^(?:Sparse Core )?Steps$", Role::Steps),
            (r"^(?:Async )?XLA Ops$|^Sparse Core Ops$", Role::Ops),
            (r"^(?:XLA|Sparse Core) Modules$", Role::Modules),
            (r"^Framework |^Source code$|^Launch Stats$|TraceMe|^_counters_$|Sync", Role::Repeats),
        ],
        otherwise: Role::Ops,
        joins: true,
        examples: &[
            ("/device:GPU:0", "Stream #118(Compute,MemcpyD2D)", Role::Kernels, Some(0)),
            ("/device:GPU:3", "XLA Ops", Role::Ops, Some(3)),
            ("/device:TPU:0", "XLA Modules", Role::Modules, Some(0)),
            ("/device:TPU:0", "Framework Name Scope", Role::Repeats, Some(0)),
            ("/device:TPU:1 SparseCore 0", "Sparse Core Ops", Role::Ops, Some(1)),
            ("/device:TPU:0", "Steps", Role::Steps, Some(0)),
            ("/device:TPU:0", "", Role::Ops, Some(0)),
        ],
    },
    Dialect {
        recorder: "JAX/XLA, host",
        process: r"^/host:|^/device:(?:CPU|CUSTOM)|^Host Threads$",
        examples: &[
            ("/host:CPU", "XLA Ops", Role::Host, None),
            ("Host Threads", "XLA Modules", Role::Host, None),
        ],
        ..PLAIN
    },
    Dialect {
        recorder: "Ascend",
        process: r"^Ascend Hardware",
        threads: &[(r"^Stream (\d+)", Role::Kernels)],
        otherwise: Role::Kernels,
        joins: true,
        examples: &[("Ascend Hardware", "Stream 2", Role::Kernels, None)],
    },
    Dialect {
        recorder: "Ascend, communication",
        process: r"^(?:Communication|HCCL)(?:[ _]?\d+| \(.*\))?$",
        threads: &[
            (r"^Group .*Communication|^Communication(?: OP)?$", Role::Kernels),
            // The tasks of each collective, plane by plane.
            (r"^Plane \d+", Role::Ops),
        ],
        otherwise: Role::Repeats,
        joins: true,
        examples: &[
            ("Communication", "Group 0 Communication", Role::Kernels, None),
            ("HCCL", "Communication OP", Role::Kernels, None),
            ("HCCL", "Plane 0", Role::Ops, None),
        ],
    },
    Dialect {
        recorder: "Ascend, its own analysis",
        process: r"^Overlap Analysis",
        otherwise: Role::Repeats,
        joins: true,
        examples: &[("Overlap Analysis", "Communication(Not Overlapped)", Role::Repeats, None)],
        ..PLAIN
    },
    Dialect {
        recorder: "nsys2json",
        process: r"^Device (\d+)$",
        threads: &[(r"^Stream (\d+)", Role::Kernels)],
        otherwise: Role::Host,
        examples: &[
            ("Device 0", "Stream 7", Role::Kernels, Some(0)),
            ("Device 0", "NVTX Kernel Thread 99", Role::Host, Some(0)),
            ("Device 1", "CUDA API Thread 99", Role::Host, Some(1)),
        ],
        ..PLAIN
    },
    Dialect {
        recorder: "PyTorch's first profiler",
        process: r"^CUDA functions$",
        otherwise: Role::Kernels,
        examples: &[("CUDA functions", "", Role::Kernels, None)],
        ..PLAIN
    },
    Dialect {
        recorder: "rocprof, copies",
        process: r"^COPY$",
        otherwise: Role::Copies,
        joins: true,
        examples: &[("COPY", "", Role::Copies, None)],
        ..PLAIN
    },
    Dialect {
        recorder: "rocprof, rpd2tracing, Kineto's labels, converters of Nsight Systems, unitrace",
        process: r"(?i)^(?:gpu|xpu|npu|tpu|hpu|mtia|aiu|spyre|musa|gcu|mlu|dcu|gaudi|neuroncore|accelerator|device|(?:cuda|hip|amd|nvidia|intel) (?:gpu|device))(?: local)?[ _:#-]*\[?(\d+)\b",
        threads: &[
            (
                r"(?i)api\b|runtime|driver|python|\bhost|nvtx|\bcpu|annotation|marker|counter|overhead",
                Role::Host,
            ),
            (r"(?i)^(?:cuda |hip )?(?:stream|queue) ?#?\[?(\d+)", Role::Kernels),
        ],
        otherwise: Role::Kernels,
        examples: &[
            ("GPU0", "", Role::Kernels, Some(0)),
            ("GPU 3", "stream 7", Role::Kernels, Some(3)),
            ("GPU local 0 / source pid 71", "Stream 7", Role::Kernels, Some(0)),
            ("CUDA device 1", "CUDA API", Role::Host, Some(1)),
            ("XPU 0", "", Role::Kernels, Some(0)),
        ],
        ..PLAIN
    },
    Dialect {
        recorder: "rocprofiler-sdk, rocprof-sys",
        process: "",
        threads: &[
            (r"^COPY (?:to|from) .*(?:AGENT|GPU) \[(\d+)\]", Role::Copies),
            (r"^GPU Memory Copy to Agent \[(\d+)\]", Role::Copies),
            (r"^COMPUTE (?:AGENT|GPU) \[(\d+)\]", Role::Kernels),
            (r"^GPU Kernel Dispatch \[(\d+)\]", Role::Kernels),
            (r"^HIP Activity (?:on )?Device (\d+)", Role::Kernels),
        ],
        otherwise: Role::Host,
        examples: &[
            ("python", "COMPUTE AGENT [1] QUEUE [0] (GPU)", Role::Kernels, Some(1)),
            ("python", "COPY to AGENT [2] THREAD [1] (GPU)", Role::Copies, Some(2)),
            ("", "GPU Memory Copy to Agent [4] Thread 2", Role::Copies, Some(4)),
            ("python", "THREAD 1 (71)", Role::Host, None),
            ("job 7168000000", "", Role::Host, None),
        ],
        ..PLAIN
    },
    Dialect {
        recorder: "threads that call themselves a GPU or its stream",
        process: "",
        threads: &[
            (r"(?i)^gpu[ _:#]*(\d+)\b", Role::Kernels),
            (r"(?i)^(?:cuda|hip|gpu|device|sycl)[ _-]stream\b", Role::Kernels),
        ],
        otherwise: Role::Host,
        examples: &[
            ("python", "GPU 0", Role::Kernels, Some(0)),
            ("", "CUDA stream 7", Role::Kernels, None),
            ("GPU Process", "CrGpuMain", Role::Host, None),
            ("CPU functions", "", Role::Host, None),
            ("CPU HIP API", "", Role::Host, None),
        ],
        ..PLAIN
    },
];
