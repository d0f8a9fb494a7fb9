//! A sampling session of one GPU: from the hardware's buffer to numbers.

use std::ptr;

use cupti_sys::bindings as sys;

use super::{
    host::{Host, Names},
    metrics::Metric,
    raw::params,
};
use crate::{
    cupti::{
        CuptiError,
        error::{about_to, check},
    },
    instrument::samples::Sample,
};

/// Samples that CUPTI decodes at a time, at first: 16 ms at 2 µs, 82 ms at 10 µs. It decodes all that the GPU's buffer holds and forgets
/// those for which there is no room (on an H200 with CUPTI 13.0: all but 2048 of 8790, and the next round had none), so that there is more
/// the next time. Each takes 29 KB here, in all 234 MB.
const ROOM: u32 = 8192;
/// The most: as many as the GPU's buffer holds.
const MOST_ROOM: u32 = 16_384;
/// Rounds of decoding at most, so that a buffer that never ends ends here: 2 million samples.
const MOST_ROUNDS: usize = 1024;

/// CUPTI's sampling object of one GPU with the image that samples are decoded into.
#[derive(Debug)]
pub(super) struct Session {
    object: *mut sys::CUpti_PmSampling_Object,
    image: Vec<u8>,
    /// Samples that the image has room for.
    room: u32,
    names: Names,
    /// Kept for as long as CUPTI may look at it.
    config: Vec<u8>,
}

/// How often to sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger {
    /// In what `mode` counts in.
    pub(super) interval: u64,
    pub(super) mode: sys::CUpti_PmSampling_TriggerMode,
}

/// What came out of the buffer.
#[derive(Debug, Default)]
pub(super) struct Decoded {
    pub(super) samples: Vec<Sample>,
    /// The hardware's buffer was full before the end.
    pub(super) overflowed: bool,
    /// What stopped decoding early.
    pub(super) error: Option<CuptiError>,
}

impl Session {
    /// Turns sampling on for GPU `gpu`.
    pub(super) fn enable(gpu: u32) -> Result<Self, CuptiError> {
        let mut params = params!(
            CUpti_PmSampling_Enable_Params,
            pPmSamplingObject { deviceIndex: gpu as usize, pPmSamplingObject: ptr::null_mut() }
        );
        about_to("cuptiPmSamplingEnable");
        // SAFETY: the struct is complete.
        let enabled = unsafe { sys::cuptiPmSamplingEnable(&raw mut params) };
        check(enabled, "cuptiPmSamplingEnable")?;
        let object = params.pPmSamplingObject;
        Ok(Self { object, image: Vec::new(), room: 0, names: Names::new([]), config: Vec::new() })
    }

    /// Says what to sample, how often and with how much room.
    pub(super) fn configure(
        &mut self,
        config: Vec<u8>,
        names: Names,
        trigger: Trigger,
        buffer_bytes: usize,
    ) -> Result<(), CuptiError> {
        use sys::CUpti_PmSampling_HardwareBuffer_AppendMode as Append;
        self.config = config;
        let mut set = params!(
            CUpti_PmSampling_SetConfig_Params,
            hwBufferAppendMode {
                pPmSamplingObject: self.object,
                configSize: self.config.len(),
                pConfig: self.config.as_ptr(),
                hardwareBufferSize: buffer_bytes,
                samplingInterval: trigger.interval,
                triggerMode: trigger.mode,
                // Full is an error then, which can be counted; the other mode forgets in silence.
                hwBufferAppendMode:
                    Append::CUPTI_PM_SAMPLING_HARDWARE_BUFFER_APPEND_MODE_KEEP_OLDEST,
            }
        );
        about_to("cuptiPmSamplingSetConfig");
        // SAFETY: the struct is complete; the image lives as long as the session.
        let configured = unsafe { sys::cuptiPmSamplingSetConfig(&raw mut set) };
        check(configured, "cuptiPmSamplingSetConfig")?;
        self.names = names;
        self.make_room(ROOM)
    }

    /// An empty image for so many samples.
    fn make_room(&mut self, room: u32) -> Result<(), CuptiError> {
        let mut pointers = self.names.pointers();
        let mut size = params!(
            CUpti_PmSampling_GetCounterDataSize_Params,
            counterDataSize {
                pPmSamplingObject: self.object,
                pMetricNames: pointers.as_mut_ptr(),
                numMetrics: pointers.len(),
                maxSamples: room,
                counterDataSize: 0,
            }
        );
        about_to("cuptiPmSamplingGetCounterDataSize");
        // SAFETY: the struct is complete; names live during the call.
        let sized = unsafe { sys::cuptiPmSamplingGetCounterDataSize(&raw mut size) };
        check(sized, "cuptiPmSamplingGetCounterDataSize")?;
        self.image = vec![0; size.counterDataSize];
        self.room = room;
        self.clear()
    }

    pub(super) fn start(&self) -> Result<(), CuptiError> {
        let mut params = params!(
            CUpti_PmSampling_Start_Params,
            pPmSamplingObject { pPmSamplingObject: self.object }
        );
        about_to("cuptiPmSamplingStart");
        // SAFETY: the struct is complete and the object ours.
        check(unsafe { sys::cuptiPmSamplingStart(&raw mut params) }, "cuptiPmSamplingStart")
    }

    pub(super) fn stop(&self) -> Result<(), CuptiError> {
        let mut params = params!(
            CUpti_PmSampling_Stop_Params,
            pPmSamplingObject { pPmSamplingObject: self.object }
        );
        about_to("cuptiPmSamplingStop");
        // SAFETY: the struct is complete and the object ours.
        check(unsafe { sys::cuptiPmSamplingStop(&raw mut params) }, "cuptiPmSamplingStop")
    }

    /// Everything sampled since the last time.
    pub(super) fn decode(&mut self, host: &Host, metrics: &[Metric]) -> Decoded {
        let mut decoded = Decoded::default();
        let mut was_full = false;
        for _ in 0..MOST_ROUNDS {
            match self.round(host, metrics, &mut decoded) {
                Ok(true) => was_full = true,
                Ok(false) => break,
                Err(error) => {
                    decoded.error = Some(error);
                    break;
                }
            }
        }
        if was_full && self.room < MOST_ROOM {
            let more = self.make_room((self.room * 2).min(MOST_ROOM));
            decoded.error = decoded.error.or(more.err());
        }
        decoded
    }

    /// Decodes what fits the image; true when there is more.
    fn round(
        &mut self,
        host: &Host,
        metrics: &[Metric],
        decoded: &mut Decoded,
    ) -> Result<bool, CuptiError> {
        use sys::CUpti_PmSampling_DecodeStopReason as Reason;
        let mut params = params!(
            CUpti_PmSampling_DecodeData_Params,
            overflow {
                pPmSamplingObject: self.object,
                pCounterDataImage: self.image.as_mut_ptr(),
                counterDataImageSize: self.image.len(),
                decodeStopReason: Reason::CUPTI_PM_SAMPLING_DECODE_STOP_REASON_OTHER,
                overflow: 0,
            }
        );
        about_to("cuptiPmSamplingDecodeData");
        // SAFETY: the image has the size that CUPTI asked for and was initialised by it.
        let result = unsafe { sys::cuptiPmSamplingDecodeData(&raw mut params) };
        if result == sys::CUptiResult::CUPTI_ERROR_OUT_OF_MEMORY {
            decoded.overflowed = true;
            return Ok(false);
        }
        check(result, "cuptiPmSamplingDecodeData")?;
        decoded.overflowed |= params.overflow != 0;
        let mut pointers = self.names.pointers();
        let mut values = vec![0.0; self.names.len()];
        for index in 0..self.completed()? {
            let (start_ns, end_ns) = self.times(index)?;
            host.evaluate(&self.image, index, &mut pointers, &mut values)?;
            decoded.samples.push(sample(metrics, (start_ns, end_ns), &values));
        }
        self.clear()?;
        Ok(params.decodeStopReason
            == Reason::CUPTI_PM_SAMPLING_DECODE_STOP_REASON_COUNTER_DATA_FULL)
    }

    fn completed(&self) -> Result<usize, CuptiError> {
        let mut params = params!(
            CUpti_PmSampling_GetCounterDataInfo_Params,
            numCompletedSamples {
                pCounterDataImage: self.image.as_ptr(),
                counterDataImageSize: self.image.len(),
                numTotalSamples: 0,
                numPopulatedSamples: 0,
                numCompletedSamples: 0,
            }
        );
        about_to("cuptiPmSamplingGetCounterDataInfo");
        // SAFETY: the image was initialised by CUPTI.
        let status = unsafe { sys::cuptiPmSamplingGetCounterDataInfo(&raw mut params) };
        check(status, "cuptiPmSamplingGetCounterDataInfo")?;
        Ok(params.numCompletedSamples)
    }

    fn times(&self, index: usize) -> Result<(i64, i64), CuptiError> {
        let mut params = params!(
            CUpti_PmSampling_CounterData_GetSampleInfo_Params,
            endTimestamp {
                pPmSamplingObject: self.object,
                pCounterDataImage: self.image.as_ptr(),
                counterDataImageSize: self.image.len(),
                sampleIndex: index,
                startTimestamp: 0,
                endTimestamp: 0,
            }
        );
        // SAFETY: the image was initialised by CUPTI, and it says that it holds this sample.
        let status = unsafe { sys::cuptiPmSamplingCounterDataGetSampleInfo(&raw mut params) };
        check(status, "cuptiPmSamplingCounterDataGetSampleInfo")?;
        Ok((params.startTimestamp as i64, params.endTimestamp as i64))
    }

    /// Makes the image empty.
    fn clear(&mut self) -> Result<(), CuptiError> {
        let mut params = params!(
            CUpti_PmSampling_CounterDataImage_Initialize_Params,
            pCounterData {
                pPmSamplingObject: self.object,
                counterDataSize: self.image.len(),
                pCounterData: self.image.as_mut_ptr(),
            }
        );
        about_to("cuptiPmSamplingCounterDataImageInitialize");
        // SAFETY: the image has the size that CUPTI asked for.
        let cleared = unsafe { sys::cuptiPmSamplingCounterDataImageInitialize(&raw mut params) };
        check(cleared, "cuptiPmSamplingCounterDataImageInitialize")
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let mut params = params!(
            CUpti_PmSampling_Disable_Params,
            pPmSamplingObject { pPmSamplingObject: self.object }
        );
        about_to("cuptiPmSamplingDisable");
        // SAFETY: enabled by us and disabled once.
        let _disabled = unsafe { sys::cuptiPmSamplingDisable(&raw mut params) };
    }
}

/// Values of `metrics`, whose names stand behind one another in the order of `raw`.
fn sample(metrics: &[Metric], (start_ns, end_ns): (i64, i64), raw: &[f64]) -> Sample {
    let mut left = raw;
    let values = metrics
        .iter()
        .map(|metric| {
            let (mine, rest) = left.split_at(metric.names.len().min(left.len()));
            left = rest;
            metric.value(mine, end_ns - start_ns)
        })
        .collect();
    Sample { start_ns, end_ns, values }
}

#[cfg(test)]
mod tests {
    use weftscope_engine::observer::Counter;

    use super::*;

    #[test]
    fn values_are_dealt_to_their_metrics() {
        let metric = |counter, names: &[&str], is_bytes| Metric {
            counter,
            names: names.iter().map(|&name| name.to_owned()).collect(),
            is_bytes,
        };
        let metrics = [
            metric(Counter::SmActive, &["a"], false),
            metric(Counter::Hbm, &["b", "c"], true),
            metric(Counter::LinkTx, &["d"], true),
        ];
        let sample = sample(&metrics, (1_000, 3_000), &[50.0, 600.0, 400.0, 20.0]);
        assert_eq!(sample.values, [50.0, 0.5, 0.01]);
    }
}
