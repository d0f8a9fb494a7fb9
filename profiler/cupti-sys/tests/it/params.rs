//! Sizes of parameter structs and numbers of calls against the C headers.

use std::fmt::Write as _;

use cupti_sys::{LAUNCH_CALLS, NODE_CLONED, NODE_CREATED, NODE_DESTROYED, bindings, struct_size};
use weftscope_testkit::compile_with_headers;

use super::HEADERS;

macro_rules! sizes {
    ($($params:ident.$last:ident),+ $(,)?) => {
        [$((stringify!($params), struct_size!(bindings::$params, $last))),+]
    };
}

/// Every struct that Weftscope fills in, with the last field of CUDA 13.0.
fn sizes() -> impl Iterator<Item = (&'static str, usize)> {
    sizes![
        CUpti_Device_GetChipName_Params.pChipName,
        CUpti_PmSampling_CounterDataImage_Initialize_Params.pCounterData,
        CUpti_PmSampling_CounterData_GetSampleInfo_Params.endTimestamp,
        CUpti_PmSampling_DecodeData_Params.overflow,
        CUpti_PmSampling_Disable_Params.pPmSamplingObject,
        CUpti_PmSampling_Enable_Params.pPmSamplingObject,
        CUpti_PmSampling_GetCounterAvailability_Params.pCounterAvailabilityImage,
        CUpti_PmSampling_GetCounterDataInfo_Params.numCompletedSamples,
        CUpti_PmSampling_GetCounterDataSize_Params.counterDataSize,
        CUpti_PmSampling_SetConfig_Params.hwBufferAppendMode,
        CUpti_PmSampling_Start_Params.pPmSamplingObject,
        CUpti_PmSampling_Stop_Params.pPmSamplingObject,
        CUpti_Profiler_Host_ConfigAddMetrics_Params.numMetrics,
        CUpti_Profiler_Host_Deinitialize_Params.pHostObject,
        CUpti_Profiler_Host_EvaluateToGpuValues_Params.pMetricValues,
        CUpti_Profiler_Host_GetBaseMetrics_Params.numMetrics,
        CUpti_Profiler_Host_GetConfigImageSize_Params.configImageSize,
        CUpti_Profiler_Host_GetConfigImage_Params.pConfigImage,
        CUpti_Profiler_Host_GetNumOfPasses_Params.numOfPasses,
        CUpti_Profiler_Host_Initialize_Params.pHostObject,
        CUpti_Profiler_Initialize_Params.pPriv,
        CUpti_SubscriberParams.oldSubscriberSize,
    ]
    .into_iter()
}

/// `sizeof` up to the field that is the last of ours: a later header may have more behind it.
#[test]
fn params_agree_with_the_headers() {
    let mut program = String::from(
        "#include <stddef.h>\n#include <cuda.h>\n#include <cupti.h>\n#include <cupti_target.h>\n\
         #include <cupti_profiler_target.h>\n#include <cupti_profiler_host.h>\n#include <cupti_pmsampling.h>\n\
         #if CUPTI_API_VERSION == 130001\n",
    );
    for (params, size) in sizes() {
        writeln!(program, "static_assert({params}_STRUCT_SIZE == {size}, \"{params}\");").unwrap();
    }
    program += "#endif\n";
    // The host's header includes one of C++.
    compile_with_headers(&HEADERS, "c++", &program);
}

#[test]
fn calls_have_the_numbers_of_the_headers() {
    let mut program = String::from("#include <cuda.h>\n#include <cupti.h>\n");
    for (call, number) in LAUNCH_CALLS {
        writeln!(
            program,
            "_Static_assert(CUPTI_DRIVER_TRACE_CBID_{call} == {number}, \"{call}\");"
        )
        .unwrap();
    }
    for (what, number) in [NODE_CREATED, NODE_DESTROYED, NODE_CLONED] {
        writeln!(program, "_Static_assert(CUPTI_CBID_RESOURCE_{what} == {number}, \"{what}\");")
            .unwrap();
    }
    compile_with_headers(&HEADERS, "c", &program);
}

/// Worked out by hand: 8 bytes a pointer or `size_t`, 4 an enum.
#[test]
fn sizes_end_with_the_last_field() {
    let size = |name: &str| sizes().find(|(known, _)| *known == name).unwrap().1;
    assert_eq!(size("CUpti_PmSampling_DecodeData_Params"), 5 * 8 + 4 + 1);
    assert_eq!(size("CUpti_PmSampling_SetConfig_Params"), 7 * 8 + 2 * 4);
    assert_eq!(size("CUpti_Profiler_Host_Initialize_Params"), 6 * 8);
}
