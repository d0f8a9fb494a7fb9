//! Counters of one GPU sampled over time: configured, started, drained, stopped.

use std::ffi::{CStr, CString};

use cupti_sys::{Call, Library, bindings as sys};
use thiserror::Error;
use weftscope_engine::observer::Counter;

use super::{
    decode::{Session, Trigger},
    host::{Host, Names},
    metrics::{COUNTERS, Metric, candidates},
    raw::params,
};
use crate::{
    cupti::{
        CuptiError,
        error::{about_to, check},
    },
    instrument::samples::Series,
};

/// Room for raw samples on the GPU's side. Every SM, memory channel and link leaves a few words a sample, some 16 KiB
/// in all on an H200: room for 160 ms at 10 µs.
const BUFFER_BYTES: usize = 256 << 20;

/// What became of a counter on this chip: the metrics it is made of, or why there are none.
pub type CounterStatus = (Counter, Result<String, String>);

/// Samples the counters of one GPU between start and stop.
#[derive(Debug)]
pub struct Sampler {
    rank: u32,
    interval_ns: u64,
    metrics: Vec<Metric>,
    status: Vec<CounterStatus>,
    // Dropped in this order: the session refers to what the host object configured.
    session: Session,
    host: Host,
    is_running: bool,
}

// SAFETY: the two objects behind it belong to the process, not to a thread; only the holder of the sampler uses them.
unsafe impl Send for Sampler {}

/// Why a GPU's counters cannot be sampled.
#[derive(Debug, Error)]
pub enum SamplerError {
    /// CUPTI says no.
    #[error(transparent)]
    Cupti(#[from] CuptiError),
    /// This libcupti is too old.
    #[error("sampling counters needs CUPTI of CUDA 12.6 or later")]
    TooOld,
    /// No counter can be had.
    #[error("{chip} has none of the counters: {why}")]
    Nothing {
        /// The chip, as CUPTI calls it.
        chip: String,
        /// Counter by counter.
        why: String,
    },
}

/// What a sampler gathered.
#[derive(Debug, Default)]
pub struct Taken {
    /// The samples; none when nothing ran.
    pub series: Option<Series>,
    /// What was lost, by cause.
    pub lost: Vec<(&'static str, u64)>,
}

impl Sampler {
    /// Prepares to sample GPU `gpu`, which is `rank` of the run, every `interval_ns`.
    ///
    /// # Errors
    /// [`SamplerError`]; [`CuptiError::NotPermitted`] says how to permit it.
    pub fn open(
        library: &Library,
        rank: u32,
        gpu: u32,
        interval_ns: u64,
    ) -> Result<Self, SamplerError> {
        if !library.has(Call::PmSampling) || !library.has(Call::ProfilerHost) {
            return Err(SamplerError::TooOld);
        }
        let mut init = params!(CUpti_Profiler_Initialize_Params, pPriv {});
        about_to("cuptiProfilerInitialize");
        // SAFETY: the struct is complete; may be called any number of times.
        let initialised = unsafe { sys::cuptiProfilerInitialize(&raw mut init) };
        check(initialised, "cuptiProfilerInitialize")?;
        let chip = chip_name(gpu)?;
        let availability = availability(gpu)?;
        let open = || Host::open(chip.clone(), availability.clone());
        let Choice { metrics, status } = choose(&open)?;
        if metrics.is_empty() {
            let why: Vec<String> =
                status.iter().filter_map(|(_, status)| status.clone().err()).collect();
            let chip = chip.to_string_lossy().into_owned();
            return Err(SamplerError::Nothing { chip, why: why.join("; ") });
        }
        let mut host = open()?;
        host.add(names(&metrics))?;
        let (config, _) = host.config()?;
        let mut session = Session::enable(gpu)?;
        let trigger = trigger(&chip, interval_ns);
        session.configure(config, names(&metrics), trigger, BUFFER_BYTES)?;
        Ok(Self { rank, interval_ns, metrics, status, session, host, is_running: false })
    }

    /// What became of each counter.
    pub fn status(&self) -> &[CounterStatus] {
        &self.status
    }

    /// The interval asked for, ns. Samples carry their own times.
    pub fn interval_ns(&self) -> u64 {
        self.interval_ns
    }

    /// Begins to sample.
    ///
    /// # Errors
    /// [`CuptiError`].
    pub fn begin(&mut self) -> Result<(), CuptiError> {
        if !self.is_running {
            self.session.start()?;
            self.is_running = true;
        }
        Ok(())
    }

    /// Stops.
    ///
    /// # Errors
    /// [`CuptiError`].
    pub fn end(&mut self) -> Result<(), CuptiError> {
        if self.is_running {
            self.is_running = false;
            self.session.stop()?;
        }
        Ok(())
    }

    /// The samples gathered since the last time. Each takes CUPTI some microseconds to work out, so this is for when
    /// nothing runs.
    pub fn take(&mut self) -> Taken {
        let decoded = self.session.decode(&self.host, &self.metrics);
        let mut lost = Vec::new();
        if decoded.overflowed {
            lost.push(("times that the GPU's buffer of counter samples was full", 1));
        }
        if decoded.error.is_some() {
            lost.push(("batches of counter samples that CUPTI could not decode", 1));
        }
        let counters = self.metrics.iter().map(|metric| metric.counter).collect();
        let series = (!decoded.samples.is_empty()).then_some(Series {
            rank: self.rank,
            counters,
            samples: decoded.samples,
        });
        Taken { series, lost }
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        // A refusal changes nothing: the session is disabled next.
        let _stopped = self.end();
    }
}

struct Choice {
    metrics: Vec<Metric>,
    status: Vec<CounterStatus>,
}

/// The best way to get at each counter such that all are collected in one pass.
fn choose(open: &dyn Fn() -> Result<Host, CuptiError>) -> Result<Choice, CuptiError> {
    let known = open()?.base_metrics()?;
    let (mut metrics, mut status) = (Vec::new(), Vec::new());
    for counter in COUNTERS {
        let mut why =
            format!("{}: no metric of this chip stands for it", counter.name_and_unit().0);
        let mut found = None;
        for metric in candidates(counter, &known) {
            match fits(open, &metrics, &metric) {
                Ok(()) => {
                    found = Some(metric);
                    break;
                }
                Err(reason) => why = format!("{}: {reason}", metric.names.join(" + ")),
            }
        }
        status.push((counter, found.as_ref().map(|metric| metric.names.join(" + ")).ok_or(why)));
        metrics.extend(found);
    }
    Ok(Choice { metrics, status })
}

/// Whether `metric` can be collected in the same pass as `others`.
fn fits(
    open: &dyn Fn() -> Result<Host, CuptiError>,
    others: &[Metric],
    metric: &Metric,
) -> Result<(), String> {
    let mut host = open().map_err(|error| error.to_string())?;
    let all = Names::new(others.iter().chain([metric]).flat_map(|metric| metric.names.clone()));
    host.add(all).map_err(|error| error.to_string())?;
    match host.config() {
        Ok((_, 1)) => Ok(()),
        Ok((_, passes)) => Err(format!("needs {passes} passes together with the others")),
        Err(error) => Err(error.to_string()),
    }
}

fn names(metrics: &[Metric]) -> Names {
    Names::new(metrics.iter().flat_map(|metric| metric.names.clone()))
}

/// The interval and what it is counted in: nanoseconds, except on GA100, whose sampler counts cycles of the system
/// clock (near 1 GHz, and not constant).
fn trigger(chip: &CStr, interval_ns: u64) -> Trigger {
    use sys::CUpti_PmSampling_TriggerMode as Mode;
    let counts_cycles = chip.to_bytes().eq_ignore_ascii_case(b"GA100");
    let mode = if counts_cycles {
        Mode::CUPTI_PM_SAMPLING_TRIGGER_MODE_GPU_SYSCLK_INTERVAL
    } else {
        Mode::CUPTI_PM_SAMPLING_TRIGGER_MODE_GPU_TIME_INTERVAL
    };
    Trigger { interval: interval_ns, mode }
}

fn chip_name(gpu: u32) -> Result<CString, CuptiError> {
    let mut params = params!(
        CUpti_Device_GetChipName_Params,
        pChipName { deviceIndex: gpu as usize, pChipName: std::ptr::null() }
    );
    about_to("cuptiDeviceGetChipName");
    // SAFETY: the struct is complete.
    let named = unsafe { sys::cuptiDeviceGetChipName(&raw mut params) };
    check(named, "cuptiDeviceGetChipName")?;
    if params.pChipName.is_null() {
        return Ok(CString::default());
    }
    // SAFETY: not null, NUL-terminated, and kept by CUPTI for the life of the process.
    Ok(unsafe { CStr::from_ptr(params.pChipName) }.to_owned())
}

/// What this very device allows to be counted.
fn availability(gpu: u32) -> Result<Vec<u8>, CuptiError> {
    let mut params = params!(
        CUpti_PmSampling_GetCounterAvailability_Params,
        pCounterAvailabilityImage {
            deviceIndex: gpu as usize,
            counterAvailabilityImageSize: 0,
            pCounterAvailabilityImage: std::ptr::null_mut(),
        }
    );
    about_to("cuptiPmSamplingGetCounterAvailability");
    // SAFETY: the struct is complete; with a null image CUPTI tells the size.
    let sized = unsafe { sys::cuptiPmSamplingGetCounterAvailability(&raw mut params) };
    check(sized, "cuptiPmSamplingGetCounterAvailability (size)")?;
    let mut image = vec![0_u8; params.counterAvailabilityImageSize];
    params.pCounterAvailabilityImage = image.as_mut_ptr();
    about_to("cuptiPmSamplingGetCounterAvailability");
    // SAFETY: the image has the size that CUPTI asked for.
    let got = unsafe { sys::cuptiPmSamplingGetCounterAvailability(&raw mut params) };
    check(got, "cuptiPmSamplingGetCounterAvailability")?;
    Ok(image)
}
