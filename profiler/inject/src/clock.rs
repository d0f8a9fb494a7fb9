//! A device's clock against the host's.
//!
//! The follower of `kernels/cuda/clock.cu` waits for a number in pinned memory, notes its time and sends the number back; the
//! host notes its own time before and after. So the device's reading lies between the host's two.

use std::{
    hint,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};

use weftscope_wire::Clock;

use crate::{
    driver::{DriverError, Kernel, OwnStream},
    host,
};

/// Exchanges a reading.
const ROUNDS: u32 = 32;
/// Of which the narrowest are told.
const TOLD: usize = 8;
/// How long an answer is waited for, ns: the kernel may wait for a place beside the program's own.
const PATIENCE_NS: i64 = 20_000_000;
/// Number of the kernel's argument that is not used here: the op that its error would name.
const NO_OP: u64 = 0;

/// Words of pinned memory: the two flags and the error each have a line of their own, then the device's readings.
const WORDS: usize = 24 + ROUNDS as usize;

/// What it takes to read one device's clock.
#[derive(Debug)]
pub struct ClockReader {
    kernel: Kernel,
    words: &'static [AtomicU64; WORDS],
    /// Number of the next round; flags only grow.
    next: u32,
}

impl ClockReader {
    /// For the device of a stream, with compiled code, one an architecture.
    ///
    /// # Errors
    /// When the code is for no such device.
    pub fn new(stream: &OwnStream, cubins: &[Vec<u8>]) -> Result<Self, DriverError> {
        let kernel = stream.kernel(cubins, c"weft_clock")?;
        Ok(Self { kernel, words: stream.shared_words()?, next: 1 })
    }

    /// Reads the clock; nothing when the device did not answer in time.
    ///
    /// # Errors
    /// When the context is gone.
    pub fn read(&mut self, stream: &OwnStream, device: u32) -> Result<Option<Clock>, DriverError> {
        let (ask, answer, error, readings) =
            (&self.words[0], &self.words[8], &self.words[16], &self.words[24..]);
        let address = |word: &AtomicU64| word.as_ptr() as u64;
        let (first, follows) = (u64::from(self.next), 0);
        let mut arguments = [
            address(ask),
            address(answer),
            address(&readings[0]),
            u64::from(ROUNDS),
            first,
            follows,
            NO_OP,
            address(error),
        ];
        stream.launch(self.kernel, &mut arguments)?;
        let mut read = Vec::new();
        for round in 0..ROUNDS {
            let Some((before_ns, after_ns)) = exchange(flag(ask), flag(answer), self.next + round)
            else {
                break;
            };
            let noted_ns = readings[round as usize].load(Ordering::Acquire) as i64;
            read.push((noted_ns, i64::midpoint(before_ns, after_ns), (after_ns - before_ns) / 2));
        }
        self.next += ROUNDS;
        // The kernel is let go even when it was not in time.
        flag(ask).store(self.next - 1, Ordering::Release);
        stream.finish()?;
        let complete = read.len() == ROUNDS as usize;
        Ok(complete.then(|| Clock { device, readings: narrowest(read) }))
    }
}

/// The half of a word that the kernel reads as 32 bits.
fn flag(word: &AtomicU64) -> &AtomicU32 {
    // SAFETY: the first half of eight aligned bytes that live for ever; both sides access this half alone.
    unsafe { AtomicU32::from_ptr(word.as_ptr().cast()) }
}

/// Sends a number and waits for it to come back; the times before and after.
fn exchange(ask: &AtomicU32, answer: &AtomicU32, number: u32) -> Option<(i64, i64)> {
    let began_ns = host::monotonic_ns();
    ask.store(number, Ordering::Release);
    loop {
        let is_back = answer.load(Ordering::Acquire) == number;
        // Read after the answer was seen: a thread that loses its core in between must not make the bracket too narrow.
        let now_ns = host::monotonic_ns();
        if is_back {
            return Some((began_ns, now_ns));
        }
        if now_ns - began_ns > PATIENCE_NS {
            return None;
        }
        hint::spin_loop();
    }
}

/// Those with the shortest way there and back, in order of time.
pub(crate) fn narrowest(mut readings: Vec<(i64, i64, i64)>) -> Vec<(i64, i64, i64)> {
    readings.sort_by_key(|&(_, _, half_width_ns)| half_width_ns);
    readings.truncate(TOLD);
    readings.sort_unstable();
    readings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_ways_are_told_in_order() {
        let readings = (0..32).map(|round: i64| (round, 100 + round, (round - 20).abs())).collect();
        let told = narrowest(readings);
        assert_eq!(
            told.iter().map(|reading| reading.0).collect::<Vec<_>>(),
            [16, 17, 18, 19, 20, 21, 22, 23]
        );
    }

    #[test]
    fn an_answer_is_waited_for_and_no_answer_is_given_up() {
        let (ask, answer) = (AtomicU32::new(0), AtomicU32::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while ask.load(Ordering::Acquire) != 7 {
                    hint::spin_loop();
                }
                answer.store(7, Ordering::Release);
            });
            let (before_ns, after_ns) = exchange(&ask, &answer, 7).unwrap();
            assert!(before_ns <= after_ns);
        });
        assert_eq!(exchange(&ask, &answer, 8), None);
    }
}
