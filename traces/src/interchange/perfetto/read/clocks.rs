//! Clocks of a trace, brought to one: CPU time since boot.

use hashbrown::HashMap;

use crate::interchange::perfetto::messages::{BOOTTIME, Clock, ClockSnapshot, REALTIME};

/// From here on a clock is one sequence's own.
const FIRST_OF_SEQUENCE: u32 = 64;
const LAST_OF_SEQUENCE: u32 = 127;

/// What is known of one clock.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// Its time and the trace's, at the last snapshot, in ns.
    at_ns: i64,
    trace_ns: i64,
    multiplier_ns: i64,
    /// Times are steps from the one before.
    is_incremental: bool,
    last_ns: i64,
}

/// Clocks by sequence (0 for those of all) and number.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    known: HashMap<(u32, u32), Known>,
    /// Unix time of the trace clock's 0.
    pub(super) unix_ns: Option<i64>,
}

impl Clocks {
    /// Takes in what several clocks read at one moment.
    pub(super) fn snapshot(&mut self, sequence: u32, snapshot: &ClockSnapshot) {
        let value = |clock: &Clock| {
            let multiplier =
                clock.unit_multiplier_ns.and_then(|n| i64::try_from(n).ok()).unwrap_or(1);
            let at_ns = i64::try_from(clock.timestamp?).ok()?.checked_mul(multiplier)?;
            Some((clock.clock_id?, at_ns, multiplier))
        };
        let values: Vec<_> = snapshot.clocks.iter().map(value).collect();
        let primary = snapshot.primary_trace_clock.unwrap_or(BOOTTIME);
        let read = |wanted: u32| values.iter().flatten().find(|(id, _, _)| *id == wanted);
        let Some(&(_, trace_ns, _)) =
            read(primary).or_else(|| read(BOOTTIME)).or(values.iter().flatten().next())
        else {
            return;
        };
        // A clock that this snapshot only relates to another is known through that one.
        let trace_ns = match read(primary).or_else(|| read(BOOTTIME)) {
            Some(_) => trace_ns,
            None => values
                .iter()
                .flatten()
                .find_map(|&(id, at_ns, _)| self.peek(sequence, id, at_ns))
                .unwrap_or(trace_ns),
        };
        for (clock, value) in snapshot.clocks.iter().zip(&values) {
            let Some((id, at_ns, multiplier_ns)) = *value else { continue };
            let is_incremental = clock.is_incremental.unwrap_or(false);
            let known = Known { at_ns, trace_ns, multiplier_ns, is_incremental, last_ns: at_ns };
            self.known.insert(key(sequence, id), known);
            if id == REALTIME {
                self.unix_ns = self.unix_ns.or(at_ns.checked_sub(trace_ns));
            }
        }
    }

    fn peek(&self, sequence: u32, id: u32, at_ns: i64) -> Option<i64> {
        let known = self.known.get(&key(sequence, id))?;
        known.trace_ns.checked_add(at_ns.checked_sub(known.at_ns)?)
    }

    /// The trace's time of a packet's; `None` when it does not fit. A clock of which nothing is known is the trace's own.
    pub(super) fn trace_ns(
        &mut self,
        sequence: u32,
        id: Option<u32>,
        timestamp: u64,
    ) -> Option<i64> {
        let raw = i64::try_from(timestamp).ok()?;
        let Some(known) = self.known.get_mut(&key(sequence, id.unwrap_or(BOOTTIME))) else {
            return Some(raw);
        };
        let at_ns = raw.checked_mul(known.multiplier_ns)?;
        let at_ns = if known.is_incremental { known.last_ns.checked_add(at_ns)? } else { at_ns };
        known.last_ns = at_ns;
        known.trace_ns.checked_add(at_ns.checked_sub(known.at_ns)?)
    }
}

fn key(sequence: u32, id: u32) -> (u32, u32) {
    let is_own = (FIRST_OF_SEQUENCE..=LAST_OF_SEQUENCE).contains(&id);
    (if is_own { sequence } else { 0 }, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(id: u32, at: u64) -> Clock {
        Clock { clock_id: Some(id), timestamp: Some(at), ..Clock::default() }
    }

    #[test]
    fn clocks_are_brought_to_the_trace_s() {
        let mut clocks = Clocks::default();
        assert_eq!(clocks.trace_ns(1, None, 70), Some(70));
        let own =
            Clock { is_incremental: Some(true), unit_multiplier_ns: Some(1000), ..clock(64, 5) };
        let snapshot = ClockSnapshot {
            clocks: vec![clock(6, 1_000), clock(3, 400), clock(1, 9_000), own],
            primary_trace_clock: None,
        };
        clocks.snapshot(1, &snapshot);
        assert_eq!(clocks.trace_ns(1, Some(3), 450), Some(1_050));
        assert_eq!(clocks.trace_ns(2, Some(3), 450), Some(1_050), "a clock of all");
        assert_eq!(clocks.trace_ns(1, Some(64), 2), Some(3_000), "2 µs on");
        assert_eq!(clocks.trace_ns(1, Some(64), 1), Some(4_000), "1 µs on");
        assert_eq!(clocks.trace_ns(2, Some(64), 7), Some(7), "nobody's");
        assert_eq!(clocks.unix_ns, Some(8_000));
    }
}
