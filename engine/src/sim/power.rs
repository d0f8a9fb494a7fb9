//! What a GPU may still draw beyond its power limit before its clocks fall.

use super::{
    share::{Load, total},
    time::{NEVER, Ticks, ns, ticks},
};
use crate::machine::PowerSpec;

/// Clocks fall to no less than this share.
const LEAST_CLOCK: f64 = 0.5;

/// Debt at which they have fallen so far, as a share of the reserve: from the highest clock to where they settle takes some
/// milliseconds.
const DEBT: f64 = 0.3;

/// Energy of an operation at a lower clock: voltage falls with it. 796 TFLOP/s at 1980 MHz draw about 880 W and 672 at 1500
/// draw 700, of which 125 are idle (one H200): 0.95 and 0.86 pJ.
const ENERGY_BY_CLOCK: f64 = 0.4;

/// One GPU's reserve of energy: full when it comes from idling, spent while it draws more than its limit, filled while it
/// draws less. Once it is spent, clocks fall with the debt, until what is drawn is the limit on average: the same for all
/// kernels of a millisecond, not for each by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reserve {
    spec: PowerSpec,
    left_j: f64,
    at: Ticks,
    /// Clock that rates were last shared at.
    clock: f64,
}

/// Debt at which clocks are as low as they go, J.
pub(super) fn most_owed_j(spec: &PowerSpec) -> f64 {
    DEBT * spec.reserve_j
}

impl Reserve {
    /// With `left_j` J left at time 0; less than none is a debt.
    pub(super) fn new(spec: PowerSpec, left_j: f64) -> Self {
        let mut reserve = Self { spec, left_j: 0.0, at: 0, clock: 1.0 };
        reserve.left_j = reserve.within(left_j);
        reserve
    }

    /// Until `at` these have run.
    pub(super) fn ran(&mut self, loads: &[Load], at: Ticks) {
        let seconds = (ns(at) - ns(self.at)) as f64 * 1e-9;
        let left_j = self.left_j + (self.spec.limit_w - self.drawn_w(loads)) * seconds;
        (self.left_j, self.at) = (self.within(left_j), at);
    }

    /// The clock from now on, as a share of the highest.
    pub(super) fn clock(&mut self) -> f64 {
        let debt = (-self.left_j).max(0.0) / (DEBT * self.spec.reserve_j);
        self.clock = 1.0 - (1.0 - LEAST_CLOCK) * debt;
        self.clock
    }

    /// When the clock should be looked at again, if all goes on as it is: when the reserve will have been spent, or the
    /// clock will have moved by a hundredth.
    pub(super) fn look_at(&self, loads: &[Load]) -> Ticks {
        let excess_w = self.drawn_w(loads) - self.spec.limit_w;
        let hundredth_j = DEBT * self.spec.reserve_j * 0.01 / (1.0 - LEAST_CLOCK);
        let next_j = if self.left_j > 0.0 { self.left_j } else { hundredth_j };
        let is_over = self.left_j > 0.0 && excess_w <= 0.0;
        if is_over || excess_w.abs() < 1.0 {
            return NEVER;
        }
        self.at + ticks(next_j / excess_w.abs() * 1e9) + 1
    }

    /// J left.
    pub(super) fn left_j(&self) -> f64 {
        self.left_j
    }

    fn within(&self, left_j: f64) -> f64 {
        left_j.clamp(-most_owed_j(&self.spec), self.spec.reserve_j)
    }

    fn drawn_w(&self, loads: &[Load]) -> f64 {
        let PowerSpec { idle_w, joules_per_flop, joules_per_dram_byte, .. } = self.spec;
        let flops = total(loads, |demand| demand.flops) * self.clock.powf(ENERGY_BY_CLOCK);
        let bytes = total(loads, |demand| demand.hbm);
        idle_w + (flops * joules_per_flop + bytes * joules_per_dram_byte) * 1e9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::capacity::Demand;

    const SPEC: PowerSpec = PowerSpec {
        limit_w: 700.0,
        idle_w: 100.0,
        joules_per_flop: 1e-12,
        joules_per_dram_byte: 50e-12,
        reserve_j: 10.0,
    };

    fn load(flops: f64, hbm: f64) -> Load {
        let demand = Demand { flops, hbm, ..Demand::default() };
        Load { blocks: 1.0, demand, limit: 1.0, latency_bound: false, rate: 1.0 }
    }

    /// By hand: 800 TFLOP/s draw 800 W beside the idle 100, 200 more than the limit: 10 J last 50 ms.
    #[test]
    fn a_reserve_lasts_as_long_as_its_joules() {
        let busy = [load(800e3, 0.0)];
        let mut reserve = Reserve::new(SPEC, 10.0);
        assert_eq!(ns(reserve.look_at(&busy)), 50_000_000);
        reserve.ran(&busy, ticks(49e6));
        assert_eq!(reserve.clock(), 1.0);
        reserve.ran(&busy, ticks(55e6));
        // 5 ms at 200 W are a debt of 1 J of 3: a third of the way to half the clock.
        assert!((reserve.clock() - 5.0 / 6.0).abs() < 1e-9, "{}", reserve.clock());
        // 1 TB/s alone draws 50 W: 550 W less than the limit pay that and 1 J more in 3.64 ms.
        let left_j = reserve.left_j();
        reserve.ran(&[load(0.0, 1e3)], ticks(55e6 + 2e6 / 0.55));
        assert!((reserve.left_j() - left_j - 2.0).abs() < 1e-6, "{}", reserve.left_j());
        assert_eq!(reserve.clock(), 1.0);
    }

    /// What draws 900 W at the highest clock comes to rest where flops × energy is the limit's: c · c^0.4 · 800 = 600.
    #[test]
    fn clocks_settle_where_the_limit_is_drawn() {
        let mut reserve = Reserve::new(SPEC, 0.0);
        let mut at = 0.0;
        for _ in 0..2000 {
            let clock = reserve.clock();
            at += 1e6;
            reserve.ran(&[Load { rate: clock, ..load(800e3, 0.0) }], ticks(at));
        }
        let expected = (600.0_f64 / 800.0).powf(1.0 / 1.4);
        assert!((reserve.clock() - expected).abs() < 1e-3, "{} {expected}", reserve.clock());
    }
}
