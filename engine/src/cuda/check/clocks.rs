//! `clock.cu`: two GPUs' clocks, read in turns over peer memory.

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    data::Guarded,
    stamped::{OP, recording},
};
use crate::cuda::{Args, Shape};

const ROUNDS: u32 = 64;

/// Every round trip ends after it began and before the next, and the follower's readings never go back.
pub(super) fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let devices = &bench.devices()[..2];
    let kernels = bench.load(Source::plain("clock.cu", "weft_clock"), 2, false)?;
    let mut flags = Vec::new();
    let mut times = Vec::new();
    let mut recordings = Vec::new();
    for (rounds, device) in [2 * ROUNDS, ROUNDS].into_iter().zip(devices) {
        flags.push(Guarded::holding(device, &[0u32; 16])?);
        times.push(Guarded::poisoned::<u64>(device, rounds as usize)?);
        recordings.push(recording(device)?);
    }
    for side in [1, 0] {
        let args = Args::new()
            .with(flags[side].address())
            .with(flags[1 - side].address())
            .with(times[side].address())
            .with(ROUNDS)
            .with(1u32)
            .with(u32::from(side == 0))
            .with(OP)
            .with(recordings[side].error_address());
        // SAFETY: the arguments are those of weft_clock; flags and times live until the reads have waited for both GPUs.
        unsafe {
            kernels[side].launch(devices[side].comm(), Shape { blocks: 1, threads: 32 }, args)
        }?;
    }
    let sent_seen: Vec<u64> = times[0].read("leader's times")?;
    let noted: Vec<u64> = times[1].read("follower's times")?;
    for recording in &recordings {
        if let Some(error) = recording.first_error()? {
            return Err(CheckError::Wrong(format!("the kernel gave up: {error:?}")));
        }
    }
    for (whose, times) in [("leader", &sent_seen), ("follower", &noted)] {
        let unwritten = times.contains(&u64::MAX);
        if unwritten || times.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(CheckError::Wrong(format!("the {whose}'s times go back: {times:?}")));
        }
    }
    let trips = sent_seen.chunks_exact(2).map(|trip| trip[1] - trip[0]);
    let shortest = trips.min().unwrap_or_default();
    Ok(Outcome::Passed(format!("{ROUNDS} round trips, the shortest {shortest} ns")))
}
