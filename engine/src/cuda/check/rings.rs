//! Stamps: what does not fit is counted, what is compiled out stays out, marks are moments.

use weftscope_kernels::abi::StampKind;

use super::{
    Bench, Check, CheckError, Outcome,
    data::Guarded,
    stamped::{OP, recording, stamped},
};
use crate::cuda::{
    driver::Device,
    kernels::{Loader, Mark, MarkCall, Moment, SiluMul, SiluMulCall},
    stamps::{Recording, Stamps},
};

pub(super) const CHECKS: &[Check] = &[Check::one("stamps", "mark.cu", check)];

const BLOCKS: u32 = 32;
const CAPACITY: u32 = 8;

/// `stamp.cuh`, by way of `silu_mul.cu` and `mark.cu`.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let device = &bench.devices()[0];
    let with = SiluMul::load(bench.loader(0))?;
    let without = SiluMul::load(Loader::new(device, bench.nvrtc(), false))?;
    let expect = |what: &str, stamps: &Stamps, (written, dropped): (u32, u32)| {
        if (stamps.stamps.len(), stamps.dropped) == (written as usize, u64::from(dropped)) {
            return Ok(());
        }
        Err(CheckError::Wrong(format!(
            "{what}: {} stamps and {} dropped instead of {written} and {dropped}",
            stamps.stamps.len(),
            stamps.dropped
        )))
    };
    let small = Recording::new(device, CAPACITY)?;
    expect("a small ring", &run(bench, device, &with, &small)?, (CAPACITY, BLOCKS - CAPACITY))?;
    // A full ring goes on counting.
    expect("again", &run(bench, device, &with, &small)?, (CAPACITY, 2 * BLOCKS - CAPACITY))?;
    small.clear()?;
    expect("compiled without", &run(bench, device, &without, &small)?, (0, 0))?;
    expect("a cleared ring", &run(bench, device, &with, &small)?, (CAPACITY, BLOCKS - CAPACITY))?;
    marks(bench, device)?;
    Ok(Outcome::Passed(format!(
        "{CAPACITY} of {BLOCKS} stamps fit, {} counted; none when compiled out; marks are moments",
        BLOCKS - CAPACITY
    )))
}

/// One stamp a block.
fn run(
    bench: &Bench,
    device: &Device,
    kernel: &SiluMul,
    recording: &Recording,
) -> Result<Stamps, CheckError> {
    let (rows, width) = (16, 64);
    let x = bench.numbers(rows * 2 * width, 1.0).upload(device)?;
    let out = Guarded::poisoned::<u16>(device, rows * width)?;
    let call = SiluMulCall {
        x: x.ptr(),
        out: out.ptr(),
        rows: rows as u32,
        width: width as u32,
        pitch: width as u32,
        blocks: BLOCKS,
        recording: recording.of(OP),
    };
    kernel.launch(device.compute(), &call)?;
    let _out: Vec<u16> = out.read("SiLU·mul")?;
    Ok(recording.read()?)
}

/// Before and after, in this order, each a moment.
fn marks(bench: &Bench, device: &Device) -> Result<(), CheckError> {
    let kernel = Mark::load(bench.loader(0))?;
    let recording = recording(device)?;
    for moment in [Moment::Before, Moment::After] {
        kernel.launch(device.compute(), &MarkCall { moment, recording: recording.of(OP) })?;
    }
    let stamps = recording.read()?.stamps;
    let moments = stamps.iter().all(|stamp| stamp.start_ns == stamp.end_ns);
    let ordered = stamps
        .windows(2)
        .all(|pair| pair[0].item < pair[1].item && pair[0].start_ns <= pair[1].start_ns);
    if !moments || !ordered {
        return Err(CheckError::Wrong(format!("marks are no moments in order: {stamps:?}")));
    }
    stamped("marks", &recording, device.info().sms, &[(StampKind::Mark, 2)])?;
    Ok(())
}
