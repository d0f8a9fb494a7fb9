//! The kernels on a real GPU, against the references. They skip aloud on a machine without one.
//!
//! `cargo test -p weftscope-engine --lib --no-run` makes the executable to carry to a GPU; run it with `cuda::`.

mod attention;
mod checkpoints;
mod executor;
mod gemm;

use half::bf16;

use super::{
    Buffer, Device, Nvrtc,
    check::{Bench, CHECKS, Outcome},
    probe,
};

/// Runs a check by name on the quick shapes: references are slow without optimisation.
fn quickly(name: &str) {
    let bench = match Bench::open(true) {
        Ok(bench) => bench,
        Err(reason) => return aloud(format_args!("skipped: {reason}")),
    };
    let check = CHECKS.iter().find(|check| check.name == name).expect("there is such a check");
    match check.run(&bench) {
        Ok(Outcome::Passed(line)) => aloud(format_args!("{name}: {line}")),
        Ok(Outcome::Skipped(reason)) => aloud(format_args!("{name}: skipped: {reason}")),
        Err(error) => panic!("{name}: {error}"),
    }
}

/// The first GPU, whatever it is, and a compiler, or why this test cannot run here.
pub(super) fn any_gpu() -> Option<(Device, Nvrtc)> {
    let gpus = probe().map_err(|reason| aloud(format_args!("skipped: {reason}"))).ok()?;
    let nvrtc = Nvrtc::open().map_err(|reason| aloud(format_args!("skipped: {reason}"))).ok()?;
    Some((Device::open(&gpus.gpus[0]).expect("the GPU can be used"), nvrtc))
}

/// Reproducible bf16 numbers in −scale…scale.
pub(super) fn numbers(seed: u64, len: usize, scale: f32) -> Vec<bf16> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bf16::from_f32(((state >> 40) as f32 / (1u64 << 23) as f32 - 1.0) * scale)
        })
        .collect()
}

pub(super) fn upload(device: &Device, values: &[bf16]) -> Buffer {
    let bits: Vec<u16> = values.iter().map(|value| value.to_bits()).collect();
    Buffer::from_host(device, &bits).expect("memory for the inputs")
}

/// What bf16 bits stand for.
pub(super) fn bf16_values(bits: &[u16]) -> Vec<f64> {
    bits.iter().map(|&bits| bf16::from_bits(bits).to_f64()).collect()
}

pub(super) fn wide(values: &[bf16]) -> Vec<f64> {
    values.iter().map(|value| value.to_f64()).collect()
}

/// Says on stderr what the test harness would keep to itself when the test passes.
pub(super) fn aloud(what: std::fmt::Arguments<'_>) {
    let _said = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{what}\n"));
}
