//! Every block inside CUPTI's span of its op's kernel, strategy by strategy.

use weftscope_engine::{
    cuda::Launching, executor::Executor, observer::LaunchKind, spec::StrategyKind,
};
use weftscope_testkit::aloud;

use super::witness::{Heard, percentile, planned, witness};
use crate::instrument::{CONTAINMENT_NS, Options, kernel_spans};

#[test]
fn blocks_lie_inside_the_kernel_of_their_op() {
    let Some((_alone, mut opened)) = witness(Options::default()) else { return };
    let mut failed = Vec::new();
    let ways = [Launching::Graphs, Launching::Direct];
    for (strategy, launching) in
        StrategyKind::ALL.into_iter().flat_map(|it| ways.map(|way| (it, way)))
    {
        opened.executor.inner().set_launching(launching);
        let name = format!("{}, {launching:?}", strategy.name());
        let plan = planned(strategy, 2048, 2);
        let mut worst = i64::MIN;
        let mut margins = Vec::new();
        for iteration in 0..4 {
            let mut heard = Heard::default();
            if let Err(error) = opened.executor.run(&plan, iteration, &mut heard) {
                aloud(format_args!("{name}: does not run here: {error}"));
                break;
            }
            let spans = kernel_spans(&heard.launches);
            let mut alone = 0;
            for block in &heard.blocks {
                let key = (u32::from(block.rank), block.op.0);
                let Some(&(start_ns, end_ns)) = spans.get(&key) else {
                    alone += 1;
                    continue;
                };
                margins.push((start_ns - block.start_ns).max(block.end_ns - end_ns));
            }
            worst = margins.iter().copied().max().unwrap_or(worst);
            let kernels = heard.launches.iter().filter(|it| it.kind == LaunchKind::Kernel).count();
            aloud(format_args!(
                "{name} iteration {iteration}: {} blocks, {} ops, {kernels} CUPTI kernels of {} launches, {} ops joined, \
                 {alone} blocks of ops without kernel, lost {:?}, clocks {:?}",
                heard.blocks.len(),
                heard.ops.len(),
                heard.launches.len(),
                spans.len(),
                heard.lost,
                heard
                    .clocks
                    .iter()
                    .map(|c| (c.rank, c.residual_p99_ns, c.readings))
                    .collect::<Vec<_>>(),
            ));
            if alone > 0 || worst > CONTAINMENT_NS {
                failed
                    .push(format!("{name} iteration {iteration}: worst {worst} ns, {alone} alone"));
            }
        }
        margins.sort_unstable();
        aloud(format_args!(
            "{name}: outside its CUPTI kernel a block lies by at most {worst} ns (p50 {}, p99 {}; negative: inside)",
            percentile(&margins, 50),
            percentile(&margins, 99),
        ));
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
