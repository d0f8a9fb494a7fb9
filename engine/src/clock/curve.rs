//! A map for recordings of minutes, through which no line is straight enough.

use super::{
    ClockFit, ClockPair, FitError,
    fit::{narrow, residual_p99_ns},
};

/// Distance of the moments at which the map is fitted anew, ns of the device. Oscillators change by some tenths of a part per
/// million over minutes, as the machine warms: microseconds a minute, and nothing in so short a time.
const PIECE_NS: i64 = 2_000_000_000;
/// Fewer readings than these say nothing by themselves.
const LEAST_PAIRS: usize = 4;

/// As [`ClockFit`], a line from moment to moment: each is where the line through the readings around it is, and what is between
/// two lies on the straight line through both.
#[derive(Clone, Debug, PartialEq)]
pub struct ClockCurve {
    /// Before the first moment, and everywhere where there are none.
    before: ClockFit,
    /// Behind the last.
    behind: ClockFit,
    /// Device and host time of each moment.
    moments: Vec<(i64, i64)>,
    residual_p99_ns: i64,
    num_pairs: usize,
}

impl ClockCurve {
    /// Through `pairs`, ordered by host time. Those of less than two stretches of some seconds give one line.
    ///
    /// # Errors
    /// As [`ClockFit::fit`].
    pub fn fit(pairs: &[ClockPair]) -> Result<Self, FitError> {
        let whole = ClockFit::fit(pairs)?;
        let (first_ns, last_ns) = (pairs[0].device_ns, pairs[pairs.len() - 1].device_ns);
        let pieces = (last_ns - first_ns) / PIECE_NS;
        let mut curve = Self {
            before: whole,
            behind: whole,
            moments: Vec::new(),
            residual_p99_ns: whole.residual_p99_ns(),
            num_pairs: whole.num_pairs(),
        };
        if pieces < 2 {
            return Ok(curve);
        }
        let length_ns = (last_ns - first_ns) / pieces;
        let local = (0..pieces).filter_map(|piece| {
            let middle_ns = first_ns + piece * length_ns + length_ns / 2;
            // Twice as much as lies between two moments: neighbours share half of what they rest on.
            let from = pairs.partition_point(|pair| pair.device_ns < middle_ns - length_ns);
            let to = pairs.partition_point(|pair| pair.device_ns <= middle_ns + length_ns);
            let around = &pairs[from..to];
            let fit = ClockFit::fit(around).ok().filter(|_| around.len() >= LEAST_PAIRS)?;
            Some((middle_ns, fit))
        });
        let local: Vec<(i64, ClockFit)> = local.collect();
        if let [(_, before), .., (_, behind)] = local[..] {
            (curve.before, curve.behind) = (before, behind);
            curve.moments =
                local.iter().map(|(at_ns, fit)| (*at_ns, fit.host_from_device(*at_ns))).collect();
            let kept = narrow(pairs);
            curve.num_pairs = kept.len();
            curve.residual_p99_ns =
                residual_p99_ns(&kept, |device_ns| curve.host_from_device(device_ns));
        }
        Ok(curve)
    }

    /// Host time of a device time.
    pub fn host_from_device(&self, device_ns: i64) -> i64 {
        let behind = self.moments.partition_point(|&(at_ns, _)| at_ns <= device_ns);
        let (Some(&(from_ns, from_host_ns)), Some(&(to_ns, to_host_ns))) =
            (behind.checked_sub(1).and_then(|at| self.moments.get(at)), self.moments.get(behind))
        else {
            let line = if behind == 0 { &self.before } else { &self.behind };
            return line.host_from_device(device_ns);
        };
        let since_ns = device_ns - from_ns;
        // What the host's clock gains, not its time: small numbers keep their digits.
        let gain_ns = (to_host_ns - from_host_ns) - (to_ns - from_ns);
        let share = since_ns as f64 / (to_ns - from_ns) as f64;
        from_host_ns + since_ns + (gain_ns as f64 * share).round() as i64
    }

    /// As [`ClockFit::residual_p99_ns`].
    pub fn residual_p99_ns(&self) -> i64 {
        self.residual_p99_ns
    }

    /// Readings that the map rests on.
    pub fn num_pairs(&self) -> usize {
        self.num_pairs
    }
}
