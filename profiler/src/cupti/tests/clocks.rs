//! How well the clocks agree over a stretch of time.

use std::{collections::BTreeMap, time::Instant};

use weftscope_engine::{executor::Executor, spec::StrategyKind};
use weftscope_testkit::aloud;

use super::witness::{Heard, percentile, planned, seconds, witness};
use crate::instrument::{Options, kernel_spans};

/// `WEFTSCOPE_CLOCK_SECONDS` (2) of iterations: what the fits say of themselves, and what launches say of the fits.
#[test]
fn clocks_agree() {
    let Some((_alone, mut opened)) = witness(Options::default()) else { return };
    let plan = planned(StrategyKind::TokenWeave, 2048, 2);
    let (mut middles, mut outside) = (BTreeMap::new(), BTreeMap::new());
    let mut reported: BTreeMap<(u32, &str), Vec<i64>> = BTreeMap::new();
    let (began, until) = (Instant::now(), seconds("WEFTSCOPE_CLOCK_SECONDS", 2));
    let mut iterations = 0;
    while began.elapsed() < until {
        let mut heard = Heard::default();
        opened.executor.run(&plan, iterations, &mut heard).expect("the plan runs");
        iterations += 1;
        for clock in &heard.clocks {
            reported.entry((clock.rank, clock.what)).or_default().push(clock.residual_p99_ns);
        }
        let spans = kernel_spans(&heard.launches);
        for op in &heard.ops {
            let Some(&(start, end)) = spans.get(&(op.rank, op.op.0)) else { continue };
            let middle = i64::midpoint(start, end) - i64::midpoint(op.start_ns, op.end_ns);
            middles.entry(op.rank).or_insert_with(Vec::new).push(middle.abs());
            let by = (start - op.start_ns).max(op.end_ns - end);
            outside.entry(op.rank).or_insert_with(Vec::new).push(by);
        }
    }
    aloud(format_args!("{iterations} iterations in {:.1} s", began.elapsed().as_secs_f64()));
    let mut worst = 0;
    for ((rank, what), mut residuals) in reported {
        residuals.sort_unstable();
        let p99 = percentile(&residuals, 99);
        worst = worst.max(p99);
        aloud(format_args!(
            "rank {rank}, {what}: residual p99 {p99} ns (99th of {} fits; median fit {}, worst {})",
            residuals.len(),
            percentile(&residuals, 50),
            percentile(&residuals, 100),
        ));
    }
    for (rank, mut apart) in middles {
        apart.sort_unstable();
        let out = outside.get_mut(&rank).expect("with the middles");
        out.sort_unstable();
        aloud(format_args!(
            "rank {rank}, {} launches: middles of stamps and kernel apart by p50 {}, p99 {}, most {} ns; stamps outside \
             by p50 {}, p99 {}, most {} ns",
            apart.len(),
            percentile(&apart, 50),
            percentile(&apart, 99),
            percentile(&apart, 100),
            percentile(out, 50),
            percentile(out, 99),
            percentile(out, 100),
        ));
    }
    assert!(iterations > 0 && worst <= 200, "residual p99 {worst} ns");
}
