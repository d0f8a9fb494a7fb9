//! `clock.cu`: two GPUs' clocks, read in turns over peer memory.

use super::{
    Bench, CheckError, Outcome,
    bench::Source,
    data::Guarded,
    stamped::{OP, recording},
};
use crate::{
    clock::{ClockFit, ClockPair},
    cuda::driver::{Args, Shape},
};

const ROUNDS: u32 = 64;
/// What ticks of both clocks may add to a reading: 32 ns each on Hopper, a microsecond on some others.
const TICKS_NS: i64 = 2100;

/// Every round trip ends after it began and before the next, the follower's readings never go back, and each lies within
/// its round trip once mapped by the clock that is fitted through all.
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
    let pairs = pairs(&sent_seen, &noted);
    let fit = ClockFit::fit(&pairs)
        .map_err(|error| CheckError::Wrong(format!("no clock fits {pairs:?}: {error}")))?;
    for pair in &pairs {
        let off = (fit.host_from_device(pair.device_ns) - pair.host_ns).abs();
        if off > pair.half_width_ns + TICKS_NS {
            let text = format!("{off} ns from the middle of its round trip: {pair:?}");
            return Err(CheckError::Wrong(text));
        }
    }
    let shortest = 2 * pairs.iter().map(|pair| pair.half_width_ns).min().unwrap_or_default();
    let p99 = fit.residual_p99_ns();
    Ok(Outcome::Passed(format!(
        "{ROUNDS} round trips, the shortest {shortest} ns, residual p99 {p99} ns"
    )))
}

/// One for each round trip, in order.
fn pairs(sent_seen: &[u64], noted: &[u64]) -> Vec<ClockPair> {
    let pair = |(trip, &noted): (&[u64], &u64)| {
        let (sent, seen) = (trip[0] as i64, trip[1] as i64);
        ClockPair {
            device_ns: noted as i64,
            host_ns: i64::midpoint(sent, seen),
            half_width_ns: (seen - sent) / 2,
        }
    };
    sent_seen.chunks_exact(2).zip(noted).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_clocks_fit_their_round_trips() {
        let sent_seen: Vec<u64> =
            (0..ROUNDS as u64).flat_map(|i| [3000 * i, 3000 * i + 1500 + 10 * (i % 7)]).collect();
        let noted: Vec<u64> = (0..ROUNDS as u64).map(|i| 3000 * i + 740 + 1_000_000).collect();
        let pairs = pairs(&sent_seen, &noted);
        let fit = ClockFit::fit(&pairs).expect("in order");
        let off = |pair: &ClockPair| (fit.host_from_device(pair.device_ns) - pair.host_ns).abs();
        assert!(pairs.len() == ROUNDS as usize && pairs.iter().all(|pair| off(pair) < 100));
    }
}
