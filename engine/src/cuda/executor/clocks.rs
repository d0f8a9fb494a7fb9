//! The GPUs' clocks on one timeline: rank 0's `%globaltimer`.

use crate::{
    clock::{ClockFit, ClockPair},
    cuda::{
        compile::Nvrtc,
        driver::{Buffer, CudaError, Device},
        kernels::{Clock, ClockCall, Loader},
    },
};

/// Exchanges a reading; the narrowest few of them count.
const ROUNDS: u32 = 64;

/// Readings older than this are forgotten: two clocks drift apart evenly over a second, not over a minute (a line through
/// 60 s lay 840 ns beside the readings).
const MEMORY_NS: i64 = 1_000_000_000;

/// Reads the other ranks' clocks against rank 0's, by flags over NVLink.
#[derive(Debug)]
pub(super) struct Clocks {
    sides: Vec<Side>,
    /// Readings by rank, oldest first.
    pairs: Vec<Vec<ClockPair>>,
    /// Number of the next round; flags only grow.
    next: u32,
}

#[derive(Debug)]
struct Side {
    device: Device,
    kernel: Clock,
    flag: Buffer,
    times: Buffer,
    error: Buffer,
}

impl Clocks {
    pub(super) fn new(devices: &[Device], nvrtc: &Nvrtc) -> Result<Self, CudaError> {
        let side = |device: &Device| {
            Ok(Side {
                kernel: Clock::load(Loader::new(device, nvrtc, false))?,
                flag: Buffer::zeros(device, 64)?,
                times: Buffer::zeros(device, ROUNDS as usize * 16)?,
                error: Buffer::zeros(device, 64)?,
                device: device.clone(),
            })
        };
        let sides = devices.iter().map(side).collect::<Result<Vec<_>, CudaError>>()?;
        Ok(Self { pairs: vec![Vec::new(); sides.len()], sides, next: 1 })
    }

    /// Takes one more reading of every rank. Nothing else may run.
    pub(super) fn read(&mut self) -> Result<(), CudaError> {
        for rank in 1..self.sides.len() {
            let (leader, follower) = (&self.sides[0], &self.sides[rank]);
            launch(follower, leader, self.next, false)?;
            launch(leader, follower, self.next, true)?;
            let sent_seen: Vec<u64> = leader.times.read(0, 2 * ROUNDS as usize)?;
            let noted: Vec<u64> = follower.times.read(0, ROUNDS as usize)?;
            let pairs = &mut self.pairs[rank];
            pairs.extend(narrowest(&sent_seen, &noted));
            let newest = pairs.last().map_or(0, |pair| pair.host_ns);
            pairs.retain(|pair| pair.host_ns >= newest - MEMORY_NS);
            // Both flags have seen this rank's rounds; the next rank starts behind them.
            self.next += ROUNDS;
        }
        Ok(())
    }

    /// The map of each rank's time onto rank 0's, from the readings of the last second.
    pub(super) fn fits(&self) -> Vec<ClockFit> {
        let same = ClockPair { device_ns: 0, host_ns: 0, half_width_ns: 0 };
        let fit = |pairs: &Vec<ClockPair>| ClockFit::fit(pairs).or_else(|_| ClockFit::fit(&[same]));
        self.pairs.iter().map(|pairs| fit(pairs).expect("one pair always fits")).collect()
    }
}

fn launch(side: &Side, other: &Side, first: u32, leads: bool) -> Result<(), CudaError> {
    let call = ClockCall {
        mine: side.flag.ptr(),
        theirs: other.flag.ptr(),
        out: side.times.ptr(),
        rounds: ROUNDS,
        first,
        leads,
        op: 0,
        error: side.error.ptr(),
    };
    side.kernel.launch(side.device.comm(), &call)
}

/// The quarter of the rounds with the shortest round trip, as one pair each.
fn narrowest(sent_seen: &[u64], noted: &[u64]) -> Vec<ClockPair> {
    let mut pairs: Vec<ClockPair> = sent_seen
        .chunks_exact(2)
        .zip(noted)
        .map(|(round, &noted)| ClockPair {
            device_ns: noted as i64,
            host_ns: i64::midpoint(round[0] as i64, round[1] as i64),
            half_width_ns: (round[1] as i64 - round[0] as i64) / 2,
        })
        .collect();
    pairs.sort_by_key(|pair| pair.half_width_ns);
    pairs.truncate(pairs.len().div_ceil(4));
    pairs.sort_by_key(|pair| pair.host_ns);
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_round_trips_count() {
        let sent_seen: Vec<u64> =
            (0..8).flat_map(|i| [1000 * i, 1000 * i + 100 + 50 * i]).collect();
        let noted: Vec<u64> = (0..8).map(|i| 1000 * i + 50 + 7_000).collect();
        let pairs = narrowest(&sent_seen, &noted);
        assert_eq!(pairs.len(), 2);
        assert_eq!(pairs[0], ClockPair { device_ns: 7_050, host_ns: 50, half_width_ns: 50 });
    }
}
