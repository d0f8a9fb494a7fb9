//! The best rates of the GPUs here, measured: what kernels are held against.

use std::sync::Arc;

use cudarc::driver::{CudaStream, result, sys};
use weftscope_kernels::Arch;

use super::{
    compile::Nvrtc,
    driver::{Buffer, Context as _, CudaError, Device, Group},
    kernels::{Gemm, GemmCall, GemmForm, Loader, Matrix, Random, RandomCall},
    stamps::Recording,
};
use crate::roofline::Roofline;

/// Side of the square GEMM.
const SIDE: u32 = 8192;
/// Bytes copied within and between GPUs: far past every cache.
const COPY_BYTES: usize = 1 << 30;
/// Repetitions in one timed batch; the first batch warms up, the best of the others counts.
const REPEATS: u32 = 12;
const BATCHES: u32 = 5;

/// Measures the rates of a group's GPUs: the mean over GPUs of a GEMM by the engine's kernel, a copy within memory, and
/// copies to and from a peer at one time. Takes a second and 2.5 GB on each GPU, given back at the end.
///
/// # Errors
/// When the memory is not there or the driver refuses.
pub fn measure_roofline(group: &Group) -> Result<Roofline, CudaError> {
    let devices = group.devices();
    let nvrtc = Nvrtc::open()?;
    let gemms =
        devices.iter().map(|device| gemm_flops(device, &nvrtc)).collect::<Result<Vec<_>, _>>()?;
    let copies = devices.iter().map(copy_rate).collect::<Result<Vec<_>, _>>()?;
    let links = match devices {
        [first, second, ..] => Some(link_rate(first, second)?),
        _ => None,
    };
    Ok(Roofline {
        measured: true,
        flops: gemms.into_iter().collect::<Option<Vec<_>>>().and_then(|flops| mean(&flops)),
        hbm_bytes_per_s: mean(&copies),
        link_bytes_per_s: links,
        multimem_bytes_per_s: None,
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// FLOP/s of the Hopper GEMM over random numbers (zeros draw less power and run faster); `None` elsewhere.
fn gemm_flops(device: &Device, nvrtc: &Nvrtc) -> Result<Option<f64>, CudaError> {
    if device.arch() != Arch::Sm90a {
        return Ok(None);
    }
    let gpu = device.info();
    let form = GemmForm::fitting((SIDE, SIDE), None, gpu.sms);
    let loader = Loader::new(device, nvrtc, false);
    let gemm = Gemm::load(loader, form)?;
    let [a, b, c] = [1, 2, 3].map(|seed| random_matrix(loader, seed));
    let (a, b, c) = (a?, b?, c?);
    let recording = Recording::new(device, 0)?;
    let call = GemmCall {
        a: Matrix::dense(a.ptr(), SIDE, SIDE),
        b: Matrix::dense(b.ptr(), SIDE, SIDE),
        c: Matrix::dense(c.ptr(), SIDE, SIDE),
        sms: Some(gpu.sms),
        group: 8,
        groups: None,
        recording: recording.of(0).without_stamps(),
    };
    let seconds = best_seconds(device, &mut || gemm.launch(device.compute(), &call))?;
    Ok(Some(2.0 * f64::from(SIDE).powi(3) / seconds))
}

fn random_matrix(loader: Loader<'_>, seed: u64) -> Result<Buffer, CudaError> {
    let vectors = u64::from(SIDE) * u64::from(SIDE) / 8;
    let buffer = Buffer::zeros(loader.device(), vectors as usize * 16)?;
    let call = RandomCall { out: buffer.ptr(), vectors, seed, scale: 1.0, blocks: 1024 };
    Random::load(loader)?.launch(loader.device().compute(), &call)?;
    loader.device().synchronize()?;
    Ok(buffer)
}

/// Bytes/s through memory while copying: each byte is read and written.
fn copy_rate(device: &Device) -> Result<f64, CudaError> {
    let gpu = device.info().index;
    let [from, to] = [Buffer::zeros(device, COPY_BYTES), Buffer::zeros(device, COPY_BYTES)];
    let (from, to) = (from?, to?);
    let stream = device.compute().cu_stream();
    let seconds = best_seconds(device, &mut || {
        // SAFETY: both allocations are as long as stated and live until `best_seconds` has synchronised.
        unsafe {
            result::memcpy_dtod_async(to.ptr().address(), from.ptr().address(), COPY_BYTES, stream)
        }
        .on(gpu, "copying within memory")
    })?;
    Ok(2.0 * COPY_BYTES as f64 / seconds)
}

/// Bytes/s a direction between two GPUs while both copy to one another.
fn link_rate(first: &Device, second: &Device) -> Result<f64, CudaError> {
    let gpu = first.info().index;
    let buffers = [first, second, first, second].map(|device| Buffer::zeros(device, COPY_BYTES));
    let [a, b, c, d] = buffers;
    let (a, b, c, d) = (a?, b?, c?, d?);
    let copy =
        |stream: &Arc<CudaStream>, (to, at): (&Device, &Buffer), (of, from): (&Device, &Buffer)| {
            // SAFETY: both allocations are as long as stated and live until the streams have been waited for.
            unsafe {
                result::memcpy_peer_async(
                    to.compute().context().cu_ctx(),
                    at.ptr().address(),
                    of.compute().context().cu_ctx(),
                    from.ptr().address(),
                    COPY_BYTES,
                    stream.cu_stream(),
                )
            }
            .on(gpu, "copying between GPUs")
        };
    // Both directions on the first GPU's streams: its clock times the two together.
    let seconds = best_seconds(first, &mut || {
        copy(first.compute(), (first, &a), (second, &b))?;
        copy(first.comm(), (second, &d), (first, &c))
    })?;
    Ok(COPY_BYTES as f64 / seconds)
}

/// Seconds of one `launch` on the device's streams, the best batch of several.
fn best_seconds(
    device: &Device,
    launch: &mut dyn FnMut() -> Result<(), CudaError>,
) -> Result<f64, CudaError> {
    let gpu = device.info().index;
    let mut best = f64::INFINITY;
    for batch in 0..BATCHES {
        device.synchronize()?;
        let timing = Some(sys::CUevent_flags::CU_EVENT_DEFAULT);
        let (compute, comm) = (device.compute(), device.comm());
        let begin = compute.record_event(timing).on(gpu, "recording an event")?;
        comm.wait(&begin).on(gpu, "ordering streams")?;
        for _ in 0..REPEATS {
            launch()?;
        }
        let other = comm.record_event(None).on(gpu, "recording an event")?;
        compute.wait(&other).on(gpu, "ordering streams")?;
        let end = compute.record_event(timing).on(gpu, "recording an event")?;
        device.synchronize()?;
        let ms = begin.elapsed_ms(&end).on(gpu, "reading a timer")?;
        if batch > 0 {
            best = best.min(f64::from(ms) / 1e3 / f64::from(REPEATS));
        }
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use weftscope_testkit::{Need, aloud, skip};

    use super::{super::probe, *};

    #[test]
    fn rates_are_of_the_size_that_data_sheets_state() {
        let ranks = match probe() {
            Ok(found) => found.gpus.len().min(2) as u32,
            Err(reason) => return skip(Need::Gpu, reason),
        };
        let group = Group::open(ranks).expect("the GPUs can be used");
        let roofline = measure_roofline(&group).expect("measures");
        aloud(format_args!("{roofline:?}"));
        // Anything between a laptop and ten times the fastest GPU there is: catches a unit that is wrong.
        let within = |rate: Option<f64>, low: f64, high: f64| {
            rate.is_none_or(|rate| (low..high).contains(&rate))
        };
        assert!(within(roofline.flops, 5e12, 5e16));
        assert!(within(roofline.hbm_bytes_per_s, 1e11, 1e14));
        assert!(within(roofline.link_bytes_per_s, 1e9, 1e13));
        assert_eq!(roofline.link_bytes_per_s.is_some(), ranks > 1);
    }
}
