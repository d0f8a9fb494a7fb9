//! CUPTI's host library: which metrics a chip has, how to collect them, what raw samples mean.

use std::{
    ffi::{CStr, CString, c_char},
    ptr,
};

use cupti_sys::bindings as sys;

use super::raw::params;
use crate::cupti::{
    CuptiError,
    error::{about_to, check},
};

/// Metrics of one chip, and those added for collection.
#[derive(Debug)]
pub(super) struct Host {
    object: *mut sys::CUpti_Profiler_Host_Object,
    // CUPTI does not say whether it copies what it is handed, so all of it lives as long as the object.
    _chip: CString,
    _availability: Vec<u8>,
    added: Vec<Names>,
}

/// Metric names as CUPTI takes them.
#[derive(Debug)]
pub(super) struct Names {
    texts: Vec<CString>,
}

impl Names {
    pub(super) fn new(names: impl IntoIterator<Item = String>) -> Self {
        // Names come from CUPTI or from a table of ours: no NUL within, or CUPTI would not know them.
        Self { texts: names.into_iter().filter_map(|name| CString::new(name).ok()).collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Pointers that live as long as the names.
    pub(super) fn pointers(&self) -> Vec<*const c_char> {
        self.texts.iter().map(|text| text.as_ptr()).collect()
    }
}

impl Host {
    /// Opens the metrics of `chip` as far as `availability`, an image from the device, allows them.
    pub(super) fn open(chip: CString, availability: Vec<u8>) -> Result<Self, CuptiError> {
        let mut params = params!(
            CUpti_Profiler_Host_Initialize_Params,
            pHostObject {
                profilerType: sys::CUpti_ProfilerType::CUPTI_PROFILER_TYPE_PM_SAMPLING,
                pChipName: chip.as_ptr(),
                pCounterAvailabilityImage: availability.as_ptr(),
                pHostObject: ptr::null_mut(),
            }
        );
        about_to("cuptiProfilerHostInitialize");
        // SAFETY: the struct is complete; name and image live during the call.
        let opened = unsafe { sys::cuptiProfilerHostInitialize(&raw mut params) };
        check(opened, "cuptiProfilerHostInitialize")?;
        Ok(Self {
            object: params.pHostObject,
            _chip: chip,
            _availability: availability,
            added: Vec::new(),
        })
    }

    /// Names of all counters without a suffix.
    pub(super) fn base_metrics(&self) -> Result<Vec<String>, CuptiError> {
        let mut params = params!(
            CUpti_Profiler_Host_GetBaseMetrics_Params,
            numMetrics {
                pHostObject: self.object,
                metricType: sys::CUpti_MetricType::CUPTI_METRIC_TYPE_COUNTER,
                ppMetricNames: ptr::null_mut(),
                numMetrics: 0,
            }
        );
        about_to("cuptiProfilerHostGetBaseMetrics");
        // SAFETY: the struct is complete and the object ours.
        let listed = unsafe { sys::cuptiProfilerHostGetBaseMetrics(&raw mut params) };
        check(listed, "cuptiProfilerHostGetBaseMetrics")?;
        if params.ppMetricNames.is_null() {
            return Ok(Vec::new());
        }
        let mut names = Vec::with_capacity(params.numMetrics);
        for index in 0..params.numMetrics {
            // SAFETY: CUPTI gave `numMetrics` pointers to NUL-terminated names, which live as long as the object.
            let name = unsafe { CStr::from_ptr(*params.ppMetricNames.add(index)) };
            names.push(name.to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// Adds metrics to what is collected. Cannot be undone.
    pub(super) fn add(&mut self, names: Names) -> Result<(), CuptiError> {
        let mut pointers = names.pointers();
        let mut params = params!(
            CUpti_Profiler_Host_ConfigAddMetrics_Params,
            numMetrics {
                pHostObject: self.object,
                ppMetricNames: pointers.as_mut_ptr(),
                numMetrics: pointers.len(),
            }
        );
        about_to("cuptiProfilerHostConfigAddMetrics");
        // SAFETY: the struct is complete; names live as long as the object.
        let added = unsafe { sys::cuptiProfilerHostConfigAddMetrics(&raw mut params) };
        check(added, "cuptiProfilerHostConfigAddMetrics")?;
        self.added.push(names);
        Ok(())
    }

    /// How to collect what was added, and in how many passes.
    pub(super) fn config(&self) -> Result<(Vec<u8>, usize), CuptiError> {
        let mut size = params!(
            CUpti_Profiler_Host_GetConfigImageSize_Params,
            configImageSize { pHostObject: self.object, configImageSize: 0 }
        );
        about_to("cuptiProfilerHostGetConfigImageSize");
        // SAFETY: the struct is complete and the object ours.
        let sized = unsafe { sys::cuptiProfilerHostGetConfigImageSize(&raw mut size) };
        check(sized, "cuptiProfilerHostGetConfigImageSize")?;
        let mut image = vec![0_u8; size.configImageSize];
        let mut get = params!(
            CUpti_Profiler_Host_GetConfigImage_Params,
            pConfigImage {
                pHostObject: self.object,
                configImageSize: image.len(),
                pConfigImage: image.as_mut_ptr(),
            }
        );
        about_to("cuptiProfilerHostGetConfigImage");
        // SAFETY: the image has the size that CUPTI asked for and is stated.
        let got = unsafe { sys::cuptiProfilerHostGetConfigImage(&raw mut get) };
        check(got, "cuptiProfilerHostGetConfigImage")?;
        let mut passes = params!(
            CUpti_Profiler_Host_GetNumOfPasses_Params,
            numOfPasses {
                configImageSize: image.len(),
                pConfigImage: image.as_mut_ptr(),
                numOfPasses: 0,
            }
        );
        about_to("cuptiProfilerHostGetNumOfPasses");
        // SAFETY: as above.
        let counted = unsafe { sys::cuptiProfilerHostGetNumOfPasses(&raw mut passes) };
        check(counted, "cuptiProfilerHostGetNumOfPasses")?;
        Ok((image, passes.numOfPasses))
    }

    /// Values of metrics in sample `index` of a counter data image, in the order of `names`.
    pub(super) fn evaluate(
        &self,
        image: &[u8],
        index: usize,
        names: &mut [*const c_char],
        values: &mut [f64],
    ) -> Result<(), CuptiError> {
        assert_eq!(names.len(), values.len(), "a value a name");
        let mut params = params!(
            CUpti_Profiler_Host_EvaluateToGpuValues_Params,
            pMetricValues {
                pHostObject: self.object,
                pCounterDataImage: image.as_ptr(),
                counterDataImageSize: image.len(),
                rangeIndex: index,
                ppMetricNames: names.as_mut_ptr(),
                numMetrics: names.len(),
                pMetricValues: values.as_mut_ptr(),
            }
        );
        // SAFETY: the struct is complete; there is room for as many values as there are names, which live for longer.
        let evaluated = unsafe { sys::cuptiProfilerHostEvaluateToGpuValues(&raw mut params) };
        check(evaluated, "cuptiProfilerHostEvaluateToGpuValues")
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let mut params = params!(
            CUpti_Profiler_Host_Deinitialize_Params,
            pHostObject { pHostObject: self.object }
        );
        about_to("cuptiProfilerHostDeinitialize");
        // SAFETY: opened by us and closed once.
        let _closed = unsafe { sys::cuptiProfilerHostDeinitialize(&raw mut params) };
    }
}
