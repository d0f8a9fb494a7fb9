//! Categories that say by themselves what an event is.

use hashbrown::HashMap;
use std::sync::LazyLock;

use super::super::class::Class;

/// Who writes these categories, and what they mean.
struct Line {
    #[cfg_attr(not(test), expect(dead_code, reason = "for the reader of the table"))]
    recorder: &'static str,
    class: Class,
    categories: &'static [&'static str],
}

/// Names are facts read in the recorders' public sources.
const TABLE: &[Line] = &[
    Line { recorder: "Kineto", class: Class::Kernel, categories: &["kernel", "concurrent_kernel"] },
    Line {
        recorder: "Kineto",
        class: Class::Memcpy,
        categories: &["gpu_memcpy", "gpu_memset", "gpu_memcpy2"],
    },
    Line { recorder: "Kineto", class: Class::GpuMark, categories: &["gpu_user_annotation"] },
    Line {
        recorder: "Kineto, other devices",
        class: Class::Kernel,
        categories: &["mtia_ccp_events", "mtia_workloadd", "mtia_workload", "hpu_op"],
    },
    Line { recorder: "Kineto", class: Class::HostMark, categories: &["user_annotation", "Trace"] },
    Line { recorder: "Kineto", class: Class::Overhead, categories: &["overhead"] },
    Line {
        recorder: "Kineto",
        class: Class::Host,
        // cuda_sync records name a stream too, but tell of a waiting host.
        categories: &[
            "cpu_op",
            "cuda_sync",
            "cuda_event",
            "python_function",
            "cpu_instant_event",
            "external_correlation",
            "mtia_insight",
            "mtia_counters",
            "fwdbwd",
        ],
    },
    Line { recorder: "Kineto", class: Class::Call, categories: &["runtime", "driver"] },
    Line {
        recorder: "Kineto before 2022, Paddle, ONNX Runtime",
        class: Class::Kernel,
        categories: &["Kernel"],
    },
    Line {
        recorder: "Kineto before 2022, Paddle",
        class: Class::Memcpy,
        categories: &["Memcpy", "Memset"],
    },
    Line {
        recorder: "Kineto before 2022, Paddle",
        class: Class::Host,
        categories: &["Operator", "PythonFunction"],
    },
    Line {
        recorder: "Kineto before 2022, Paddle",
        class: Class::Call,
        categories: &["Runtime", "CudaRuntime"],
    },
    Line { recorder: "ONNX Runtime", class: Class::Host, categories: &["Session", "Node", "Api"] },
    Line {
        recorder: "nsys-ai, converters of Nsight Systems",
        class: Class::Kernel,
        categories: &["gpu_kernel", "cuda_kernel"],
    },
    Line { recorder: "nsys-ai", class: Class::GpuMark, categories: &["nvtx_projected"] },
    Line {
        recorder: "nsys2json",
        class: Class::Host,
        categories: &["nvtx", "nvtx-kernel", "osrt"],
    },
    Line {
        recorder: "rocprofiler-sdk, rocprof-sys",
        class: Class::Kernel,
        categories: &["kernel_dispatch", "rocm_kernel_dispatch", "device_hip_activity"],
    },
    Line {
        recorder: "rocprofiler-sdk, rocprof-sys",
        class: Class::Memcpy,
        categories: &["memory_copy", "rocm_memory_copy"],
    },
    Line { recorder: "unitrace", class: Class::Kernel, categories: &["gpu_op"] },
    Line {
        recorder: "Perfetto, GPU render stages",
        class: Class::Kernel,
        categories: &["gpu_slice", "gpu_render_stage", "render_stage"],
    },
    Line {
        recorder: "NCCL's example plugin",
        class: Class::Host,
        categories: &[
            "GROUP_API",
            "COLL_API",
            "P2P_API",
            "KERNEL_LAUNCH",
            "COLL",
            "P2P",
            "PROXY",
            "NET",
            "GPU",
        ],
    },
];

/// Endings of categories of host calls: `cuda_runtime`, `xpu_driver`, `hip_api`, whatever the device. What synchronises has
/// the id of what it waited for, and launched none of it.
const ENDINGS: &[(&str, Class)] = &[
    ("_runtime", Class::Call),
    ("_driver", Class::Call),
    ("_api", Class::Call),
    ("_sync", Class::Host),
];

static BY_NAME: LazyLock<HashMap<&'static str, Class>> = LazyLock::new(|| {
    TABLE.iter().flat_map(|line| line.categories.iter().map(|&name| (name, line.class))).collect()
});

/// What the arguments of an event tell of where it ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// They name a device.
    pub(crate) device: bool,
    /// They name a stream, and not -1 for none.
    pub(crate) stream: bool,
    /// They name two devices, one to copy from and another to copy to.
    pub(crate) crosses: bool,
    /// They have the accelerator's own time stamps (IBM AIU: `TS1`).
    pub(crate) stamps: bool,
    /// They say that the slice spans other ops of its row (ROCm's `rpd2tracing`: graphs and frames of markers).
    pub(crate) spans_ops: bool,
}

/// What an event of this category and with these arguments is; [`Class::Untold`] when its row has to tell.
pub(crate) fn class_of(category: &str, told: Told) -> Class {
    if told.spans_ops {
        return Class::GpuMark;
    }
    match BY_NAME.get(category) {
        Some(Class::Memcpy) if told.crosses => return Class::PeerCopy,
        Some(&class) => return class,
        None => {}
    }
    if let Some((_, class)) = ENDINGS.iter().find(|(ending, _)| category.ends_with(ending)) {
        return *class;
    }
    if (told.stream && told.device) || told.stamps { Class::Kernel } else { Class::Untold }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_has_one_meaning_and_somebody_who_writes_it() {
        let all: usize = TABLE.iter().map(|line| line.categories.len()).sum();
        assert_eq!(BY_NAME.len(), all);
        assert!(TABLE.iter().all(|line| !line.recorder.is_empty()));
    }

    #[test]
    fn categories_come_before_arguments_and_arguments_before_rows() {
        let on_stream = Told { device: true, stream: true, ..Told::default() };
        assert_eq!(class_of("kernel", Told::default()), Class::Kernel);
        assert_eq!(class_of("cuda_sync", on_stream), Class::Host);
        assert_eq!(class_of("musa_runtime", on_stream), Class::Call);
        assert_eq!(class_of("new_category", on_stream), Class::Kernel);
        let crosses = Told { crosses: true, ..on_stream };
        assert_eq!(class_of("gpu_memcpy", crosses), Class::PeerCopy);
        assert_eq!(class_of("kernel", crosses), Class::Kernel);
        assert_eq!(class_of("new_category", Told::default()), Class::Untold);
        assert_eq!(class_of("", Told { stamps: true, ..Told::default() }), Class::Kernel);
        assert_eq!(class_of("", Told { spans_ops: true, ..on_stream }), Class::GpuMark);
    }
}
