//! Who gets how much of what the resident blocks share.
//!
//! Each op's running blocks progress at one rate between 0 and 1 (1: isolated on its SM, nothing else on the GPU).
//!
//! - Power: tensor work of all blocks together stays under what the GPU sustains; every op with tensor work slows by
//!   the same factor, as a lower clock would do.
//! - Device memory and L2: max-min fair by block, as arbiters that serve requesters in turn: a block that asks for
//!   less than its fair share gets all it asks for.
//! - Kernels bound by latency (collectives: one row after another) slow with the load of what their accesses pass
//!   through: links (their own traffic) and L2 or device memory (that of all other kernels). Both linear in the load, which is
//!   what the row times of the published fused kernel show; saturation of links is a hard limit on top.
//!
//! Resources are treated in a fixed order and no rate is raised again later, so a second bottleneck may leave a little
//! of the first unused.

use super::capacity::{Capacity, Demand};

/// The running blocks of one op.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// Blocks.
    pub(super) blocks: f64,
    /// What one asks for at rate 1.
    pub(super) demand: Demand,
    /// Most its SM lets it have.
    pub(super) limit: f64,
    /// Progress waits for answers of memory and links.
    pub(super) latency_bound: bool,
    /// Result.
    pub(super) rate: f64,
}

/// Sets the rate of every load.
pub(super) fn share(loads: &mut [Load], capacity: &Capacity) {
    for load in loads.iter_mut() {
        load.rate = load.limit;
    }
    share_power(loads, capacity.flops);
    if loads.iter().any(|load| load.latency_bound && load.blocks > 0.0) {
        let memory_load = memory_load(loads, capacity);
        for load in loads.iter_mut().filter(|load| load.latency_bound) {
            wait_for_answers(load, memory_load, capacity);
        }
    }
    share_fairly(loads, capacity.l2, |demand| demand.l2);
    share_fairly(loads, capacity.hbm, |demand| demand.hbm);
    share_fairly(loads, capacity.link, |demand| demand.link);
    share_fairly(loads, capacity.multimem, |demand| demand.multimem);
}

/// Sum of what is asked for at the current rates.
pub(super) fn total(loads: &[Load], of: impl Fn(&Demand) -> f64) -> f64 {
    loads.iter().map(|load| load.blocks * load.rate * of(&load.demand)).sum()
}

fn share_power(loads: &mut [Load], capacity: f64) {
    let wanted = total(loads, |demand| demand.flops);
    if wanted > capacity {
        let factor = capacity / wanted;
        for load in loads.iter_mut().filter(|load| load.demand.flops > 0.0) {
            load.rate *= factor;
        }
    }
}

/// Load (0–1) of the busier of L2 and device memory by kernels that are not bound by latency.
fn memory_load(loads: &[Load], capacity: &Capacity) -> f64 {
    let load_of = |of: fn(&Demand) -> f64, capacity: f64| {
        let others = loads.iter().filter(|load| !load.latency_bound);
        others.map(|load| load.blocks * load.rate * of(&load.demand)).sum::<f64>() / capacity
    };
    load_of(|demand| demand.l2, capacity.l2)
        .max(load_of(|demand| demand.hbm, capacity.hbm))
        .min(1.0)
}

/// Rate of blocks whose chain of accesses takes 1 + a·ρ + b·u times as long under link load ρ and memory load u.
///
/// ρ is itself rate × blocks × demand ÷ capacity, hence the quadratic equation: with q the load at rate 1,
/// ρ·(1 + b·u + a·ρ) = q.
fn wait_for_answers(load: &mut Load, memory_load: f64, capacity: &Capacity) {
    let asked = load.blocks * load.rate;
    let full = (asked * load.demand.link / capacity.link)
        .max(asked * load.demand.multimem / capacity.multimem);
    let idle = 1.0 + capacity.loaded_latency * memory_load;
    let queueing = capacity.link_queueing;
    if full <= 0.0 {
        load.rate /= idle;
        return;
    }
    let link_load = if queueing > 0.0 {
        ((idle * idle + 4.0 * queueing * full).sqrt() - idle) / (2.0 * queueing)
    } else {
        full / idle
    };
    load.rate = load.rate * link_load.min(1.0) / full;
}

fn share_fairly(loads: &mut [Load], capacity: f64, of: impl Fn(&Demand) -> f64) {
    if total(loads, &of) <= capacity {
        return;
    }
    let (mut left, mut sharers) = (capacity, 0.0);
    for load in loads.iter().filter(|load| of(&load.demand) > 0.0) {
        sharers += load.blocks;
    }
    // Blocks under the fair share keep what they have and leave more to the others; at most one round a load.
    let mut fair = left / sharers;
    for _ in 0..loads.len() {
        let (mut taken, mut modest) = (0.0, 0.0);
        for load in loads.iter().filter(|load| of(&load.demand) > 0.0) {
            let each = load.rate * of(&load.demand);
            if each <= fair {
                taken += load.blocks * each;
                modest += load.blocks;
            }
        }
        if modest >= sharers {
            return;
        }
        left = capacity - taken;
        let next = left / (sharers - modest);
        if next <= fair {
            break;
        }
        fair = next;
    }
    for load in loads.iter_mut().filter(|load| of(&load.demand) > 0.0) {
        load.rate = load.rate.min(fair / of(&load.demand));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CAPACITY: Capacity = Capacity {
        flops: 100.0,
        hbm: 100.0,
        l2: 200.0,
        link: 50.0,
        multimem: 40.0,
        drain_ns: 0.0,
        loaded_latency: 1.0,
        link_queueing: 0.8,
    };

    fn load(blocks: f64, demand: Demand) -> Load {
        Load { blocks, demand, limit: 1.0, latency_bound: demand.link > 0.0, rate: 0.0 }
    }

    #[test]
    fn nothing_is_slowed_below_capacity() {
        let mut loads = [load(10.0, Demand { flops: 5.0, hbm: 3.0, ..Demand::default() })];
        share(&mut loads, &CAPACITY);
        assert_eq!(loads[0].rate, 1.0);
    }

    #[test]
    fn a_modest_block_is_not_slowed_by_greedy_ones() {
        let modest = load(10.0, Demand { hbm: 1.0, ..Demand::default() });
        let greedy = load(10.0, Demand { hbm: 30.0, ..Demand::default() });
        let mut loads = [modest, greedy];
        share(&mut loads, &CAPACITY);
        assert_eq!(loads[0].rate, 1.0);
        assert!((loads[1].rate - 0.3).abs() < 1e-12, "{}", loads[1].rate);
    }

    #[test]
    fn collectives_wait_longer_beside_busy_memory() {
        let comm = Demand { link: 1.0, multimem: 1.0, hbm: 1.0, ..Demand::default() };
        let mut isolated = [load(8.0, comm)];
        share(&mut isolated, &CAPACITY);
        let gemm = load(100.0, Demand { flops: 0.5, l2: 1.6, ..Demand::default() });
        let mut beside = [load(8.0, comm), gemm];
        share(&mut beside, &CAPACITY);
        assert!(
            beside[0].rate < 0.75 * isolated[0].rate,
            "{} {}",
            beside[0].rate,
            isolated[0].rate
        );
    }

    fn any_load() -> impl Strategy<Value = Load> {
        let value = || prop_oneof![Just(0.0), 0.01_f64..20.0];
        (1_u32..200, value(), value(), value(), value()).prop_map(
            |(blocks, flops, hbm, l2, link)| {
                load(f64::from(blocks), Demand { flops, hbm, l2, link, multimem: link })
            },
        )
    }

    fn load_of_one() -> impl Strategy<Value = Load> {
        (1_u32..200, 0.01_f64..20.0, 0..4).prop_map(|(blocks, value, which)| {
            let mut demand = Demand::default();
            match which {
                0 => demand.flops = value,
                1 => demand.hbm = value,
                2 => demand.l2 = value,
                _ => demand.link = value,
            }
            Load { latency_bound: false, ..load(f64::from(blocks), demand) }
        })
    }

    proptest! {
        #[test]
        fn no_capacity_is_exceeded_and_everybody_progresses(
            mut loads in prop::collection::vec(any_load(), 1..5),
        ) {
            share(&mut loads, &CAPACITY);
            prop_assert!(loads.iter().all(|load| load.rate > 0.0 && load.rate <= 1.0));
            for (of, capacity) in [
                ((|demand| demand.flops) as fn(&Demand) -> f64, CAPACITY.flops),
                (|demand| demand.hbm, CAPACITY.hbm),
                (|demand| demand.l2, CAPACITY.l2),
                (|demand| demand.link, CAPACITY.link),
            ] {
                prop_assert!(total(&loads, of) <= capacity * (1.0 + 1e-9));
            }
        }

        /// Of kernels that ask for one thing each and do not wait for answers. One that asks for two may win more of the first than
        /// the factor, where others need no more of it, and then takes a fairer share of the second from whoever had that.
        #[test]
        fn more_of_everything_slows_nobody(
            loads in prop::collection::vec(load_of_one(), 1..5),
            factor in 1.0_f64..4.0,
        ) {
            let more = Capacity {
                flops: CAPACITY.flops * factor,
                hbm: CAPACITY.hbm * factor,
                l2: CAPACITY.l2 * factor,
                link: CAPACITY.link * factor,
                multimem: CAPACITY.multimem * factor,
                ..CAPACITY
            };
            let (mut before, mut after) = (loads.clone(), loads);
            share(&mut before, &CAPACITY);
            share(&mut after, &more);
            for (before, after) in before.iter().zip(&after) {
                prop_assert!(after.rate >= before.rate * (1.0 - 1e-9));
            }
        }
    }
}
