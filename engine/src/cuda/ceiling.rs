//! The best rates of the GPUs here, measured: what kernels are held against.

use std::sync::Arc;

use cudarc::driver::{CudaStream, result, sys};
use weftscope_kernels::{self as kernels, Arch};

use super::{
    compile::Nvrtc,
    driver::{Args, Buffer, Context as _, CudaError, Device, Group, Shape},
    kernels::{Gemm, GemmCall, GemmForm, Matrix},
    stamps::Recording,
};
use crate::ceiling::Ceiling;

/// Side of the square matrix product.
const SIDE: u32 = 8192;
/// Bytes copied within and between GPUs: far past every cache.
const COPY_BYTES: usize = 1 << 30;
/// Repetitions in one timed batch; the first batch warms up, the best of the others counts.
const REPEATS: u32 = 12;
const BATCHES: u32 = 5;

/// Measures the rates of a group's GPUs: the mean over GPUs of a product of our own kernel, a copy within memory, and
/// copies to and from a peer at one time. Takes a second and 2.5 GB on each GPU, given back at the end.
///
/// # Errors
/// When the memory is not there or the driver refuses.
pub fn measure_ceiling(group: &Group) -> Result<Ceiling, CudaError> {
    let devices = group.devices();
    let nvrtc = Nvrtc::open()?;
    let products = devices
        .iter()
        .map(|device| product_flops(device, &nvrtc))
        .collect::<Result<Vec<_>, _>>()?;
    let copies = devices.iter().map(copy_rate).collect::<Result<Vec<_>, _>>()?;
    let links = match devices {
        [first, second, ..] => Some(link_rate(first, second)?),
        _ => None,
    };
    Ok(Ceiling {
        measured: true,
        flops: products.into_iter().collect::<Option<Vec<_>>>().and_then(|flops| mean(&flops)),
        hbm_bytes_per_s: mean(&copies),
        link_bytes_per_s: links,
        multimem_bytes_per_s: None,
    })
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// FLOP/s of the Hopper product over random numbers (zeros draw less power and run faster); `None` elsewhere.
fn product_flops(device: &Device, nvrtc: &Nvrtc) -> Result<Option<f64>, CudaError> {
    if device.arch() != Arch::Sm90a {
        return Ok(None);
    }
    let gpu = device.info();
    let form = GemmForm::fitting(SIDE, SIDE, gpu.sms);
    let product = Gemm::load(device, nvrtc, form, false)?;
    let matrices = [1, 2, 3].map(|seed| random_matrix(device, nvrtc, seed));
    let [a, b, c] = matrices;
    let (a, b, c) = (a?, b?, c?);
    let recording = Recording::new(device, 0)?;
    let matrix = |buffer: &Buffer| Matrix {
        address: buffer.address(),
        rows: SIDE,
        columns: SIDE,
        pitch_bytes: u64::from(SIDE) * 2,
    };
    let call = GemmCall {
        a: matrix(&a),
        b: matrix(&b),
        c: matrix(&c),
        sms: Some(gpu.sms),
        group: 8,
        op: 0,
        ring: 0,
        error: recording.error_address(),
    };
    let seconds = best_seconds(device, &mut || {
        // SAFETY: the buffers have the stated shapes and live until `best_seconds` has synchronised.
        unsafe { product.launch(device.compute(), &call) }
    })?;
    Ok(Some(2.0 * f64::from(SIDE).powi(3) / seconds))
}

fn random_matrix(device: &Device, nvrtc: &Nvrtc, seed: u64) -> Result<Buffer, CudaError> {
    let program =
        kernels::find("random.cu").expect("registered, as kernels/tests/sources.rs holds");
    let compiled = nvrtc.compile(program, &[""; 0], device.target(), false)?;
    let kernel = device.load(compiled.image(), program.entries[0], 0)?;
    let len8 = SIDE as usize * SIDE as usize / 8;
    let buffer = Buffer::zeros(device, len8 * 16)?;
    let args = Args::new().with(buffer.address()).with(len8 as u64).with(seed).with(1.0f32);
    // SAFETY: the arguments are those of weft_random; the buffer is as long as stated and synchronised below.
    unsafe { kernel.launch(device.compute(), Shape { blocks: 1024, threads: 256 }, args) }?;
    device.synchronize()?;
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
        unsafe { result::memcpy_dtod_async(to.address(), from.address(), COPY_BYTES, stream) }
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
                    at.address(),
                    of.compute().context().cu_ctx(),
                    from.address(),
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
    use super::{super::probe, *};
    use crate::cuda::tests::aloud;

    #[test]
    fn rates_are_of_the_size_that_data_sheets_state() {
        let ranks = match probe() {
            Ok(found) => found.gpus.len().min(2) as u32,
            Err(reason) => return aloud(format_args!("skipped: {reason}")),
        };
        let group = Group::open(ranks).expect("the GPUs can be used");
        let ceiling = measure_ceiling(&group).expect("measures");
        aloud(format_args!("{ceiling:?}"));
        // Anything between a laptop and ten times the fastest GPU there is: catches a unit that is wrong.
        let within = |rate: Option<f64>, low: f64, high: f64| {
            rate.is_none_or(|rate| (low..high).contains(&rate))
        };
        assert!(within(ceiling.flops, 5e12, 5e16));
        assert!(within(ceiling.hbm_bytes_per_s, 1e11, 1e14));
        assert!(within(ceiling.link_bytes_per_s, 1e9, 1e13));
        assert_eq!(ceiling.link_bytes_per_s.is_some(), ranks > 1);
    }
}
