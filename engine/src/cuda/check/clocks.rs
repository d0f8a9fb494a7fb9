//! `clock.cu`: two GPUs' clocks, read in turns over peer memory.

use super::{
    Bench, Check, CheckError, Outcome,
    data::Guarded,
    stamped::{OP, recording},
};
use crate::{
    clock::{ClockFit, ClockPair},
    cuda::kernels::{Clock, ClockCall},
};

pub(super) const CHECKS: &[Check] = &[Check::ranks("clocks", "clock.cu", check)];

const ROUNDS: u32 = 64;
/// What ticks of both clocks may add to a reading: 32 ns each on Hopper, a microsecond on some others.
const TICKS_NS: i64 = 2100;

/// What one pair of GPUs showed.
struct Reading {
    shortest_ns: i64,
    residual_p99_ns: i64,
}

/// The first GPU's clock against that of each other.
fn check(bench: &Bench) -> Result<Outcome, CheckError> {
    let (mut shortest_ns, mut worst_ns) = (i64::MAX, 0);
    for follower in 1..bench.devices().len() {
        let reading = read(bench, [0, follower])?;
        shortest_ns = shortest_ns.min(reading.shortest_ns);
        worst_ns = worst_ns.max(reading.residual_p99_ns);
    }
    Ok(Outcome::Passed(format!(
        "{ROUNDS} round trips to each of {} GPUs, the shortest {shortest_ns} ns, residual p99 at most {worst_ns} ns",
        bench.devices().len() - 1
    )))
}

/// Every round trip ends after it began and before the next, the follower's readings never go back, and each lies within
/// its round trip once mapped by the clock that is fitted through all.
fn read(bench: &Bench, ranks: [usize; 2]) -> Result<Reading, CheckError> {
    let devices = ranks.map(|rank| &bench.devices()[rank]);
    let mut kernels = Vec::new();
    let mut flags = Vec::new();
    let mut times = Vec::new();
    let mut recordings = Vec::new();
    for ((rounds, device), rank) in [2 * ROUNDS, ROUNDS].into_iter().zip(devices).zip(ranks) {
        kernels.push(Clock::load(bench.loader(rank))?);
        flags.push(Guarded::holding(device, &[0u32; 16])?);
        times.push(Guarded::poisoned::<u64>(device, rounds as usize)?);
        recordings.push(recording(device)?);
    }
    for side in [1, 0] {
        let call = ClockCall {
            mine: flags[side].ptr(),
            theirs: flags[1 - side].ptr(),
            out: times[side].ptr(),
            rounds: ROUNDS,
            first: 1,
            leads: side == 0,
            op: OP,
            error: recordings[side].of(OP).error,
        };
        kernels[side].launch(devices[side].comm(), &call)?;
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
            return Err(CheckError::Wrong(format!(
                "the {whose}'s times go back, GPUs {ranks:?}: {times:?}"
            )));
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
    let shortest = pairs.iter().map(|pair| pair.half_width_ns).min().unwrap_or_default();
    Ok(Reading { shortest_ns: 2 * shortest, residual_p99_ns: fit.residual_p99_ns() })
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
