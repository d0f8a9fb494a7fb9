//! A step function of time with its integral, so that the mean over any interval is two searches.

use super::radix::sort_by_time;
use crate::gallop::gallop;

/// A piecewise constant, integer-valued function that is 0 before its first step and after its last.
#[derive(Clone, Debug, Default)]
pub(super) struct Steps {
    /// Times at which the value changes, strictly ascending.
    at_ns: Vec<i64>,
    /// Value from that time on.
    value: Vec<i32>,
    /// Integral up to that time, in value × ns.
    integral: Vec<i64>,
}

impl Steps {
    /// From changes of value in any order; changes at one time are added up.
    pub(super) fn from_deltas(mut deltas: Vec<(i64, i32)>) -> Self {
        sort_by_time(&mut deltas);
        let mut value = 0;
        Self::of_values(deltas.chunk_by(|one, next| one.0 == next.0).map(|same| {
            value += same.iter().map(|delta| delta.1).sum::<i32>();
            (same[0].0, value)
        }))
    }

    /// Of the value from each time on; times ascend.
    pub(super) fn of_values(values: impl Iterator<Item = (i64, i32)>) -> Self {
        let mut steps = Self::default();
        let (mut value, mut integral, mut since_ns) = (0_i32, 0_i64, 0_i64);
        for (at_ns, next) in values {
            if next == value {
                continue;
            }
            // What cannot be added up was never measured: times that only a damaged input has.
            let more = i64::from(value).saturating_mul(at_ns.saturating_sub(since_ns));
            integral = integral.saturating_add(more);
            (value, since_ns) = (next, at_ns);
            steps.at_ns.push(at_ns);
            steps.value.push(value);
            steps.integral.push(integral);
        }
        steps
    }

    /// True when the value is 0 everywhere.
    pub(super) fn is_empty(&self) -> bool {
        self.at_ns.is_empty()
    }

    /// Integral from the beginning of time to each of `times_ns`, which ascend.
    ///
    /// Walks forward by galloping, so many close times cost little more than one.
    pub(super) fn integrals(&self, times_ns: &[i64], mut each: impl FnMut(usize, i64)) {
        let mut next = 0;
        for (index, &time_ns) in times_ns.iter().enumerate() {
            let is_before = |at: usize| self.at_ns[next + at] <= time_ns;
            next += gallop(self.at_ns.len() - next, is_before);
            each(index, self.integral_before(next, time_ns));
        }
    }

    /// Integral up to `time_ns`, when `next` is the first step after it.
    fn integral_before(&self, next: usize, time_ns: i64) -> i64 {
        match next.checked_sub(1) {
            Some(last) => {
                self.integral[last] + i64::from(self.value[last]) * (time_ns - self.at_ns[last])
            }
            None => 0,
        }
    }
}
