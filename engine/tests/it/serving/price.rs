//! What an iteration takes, against the simulation of all layers, and decode against the bytes that it reads.

use std::sync::Arc;

use weftscope_engine::{
    executor::Executor,
    observer::NullObserver,
    plan::plan,
    serving::{Pricer, Pricing, ServingSpec, Step},
    sim::Simulator,
    spec::{Chooser, SplitChoice, StrategyKind},
};

use super::step;

/// Cut by arithmetic: by the batch, not by a table of tokens, so that a run of all layers is cut alike.
fn spec(machine: &str, strategy: StrategyKind) -> ServingSpec {
    let mut spec = super::spec(machine, strategy);
    spec.knobs.split = SplitChoice::Auto(Chooser::WaveModel);
    spec
}

/// Through all layers, µs.
fn all_layers_us(spec: &ServingSpec, step: &Step, in_graph: bool) -> f64 {
    let mut run = spec.run_of(step.batch());
    let mut launch_us = 0.0;
    if in_graph {
        launch_us = run.machine.host.graph_launch_ns / 1e3;
        run.machine.host = run.machine.host.in_graph();
    }
    let plan = Arc::new(plan(&run).expect("a plan"));
    let time = Simulator::new(&run.machine).run(&plan, 0, &mut NullObserver).expect("a run");
    (time.end_ns - time.start_ns) as f64 / 1e3 + launch_us
}

fn priced_us(spec: &ServingSpec, step: &Step, in_graph: bool) -> f64 {
    Pricer::new(spec, Pricing::Exact).price(step, in_graph).expect("a price").gpu_ns as f64 / 1e3
}

/// Four layers tell of eighty: within 0.2 %, for every strategy, where GPUs or launches decide and where both nearly do.
#[test]
fn four_layers_stand_for_all() {
    let mixed = step(&[1100; 96], &[(512, 512), (0, 416)]);
    let prompt = step(&[], &[(0, 1536)]);
    let small = step(&[900; 32], &[(0, 480)]);
    let decode = step(&[1500; 64], &[]);
    let cases =
        [(&mixed, false), (&mixed, true), (&prompt, false), (&small, false), (&decode, true)];
    for strategy in StrategyKind::ALL {
        let spec = spec("h100x8", strategy);
        for (place, (step, in_graph)) in cases.into_iter().enumerate() {
            let (all, few) =
                (all_layers_us(&spec, step, in_graph), priced_us(&spec, step, in_graph));
            println!(
                "{:12} {place} {in_graph:5} {all:9.1} {few:9.1} {:+.2} %",
                strategy.name(),
                100.0 * (few / all - 1.0)
            );
            assert!((few / all - 1.0).abs() < 0.002, "{} {place}: {all} {few}", strategy.name());
        }
    }
}

/// Launched op by op, around the sizes at which the GPUs take over from the host.
#[test]
fn layers_are_extended_where_launches_cease_to_decide() {
    for strategy in [StrategyKind::Default, StrategyKind::TokenWeave] {
        let spec = spec("h100x8", strategy);
        for tokens in [129, 240, 262, 272, 288, 384, 416, 512, 640, 768, 1024] {
            let step = step(&[], &[(0, tokens)]);
            let (all, few) = (all_layers_us(&spec, &step, false), priced_us(&spec, &step, false));
            println!("{:12} {tokens} {all:9.1} {few:9.1}", strategy.name());
            assert!((few / all - 1.0).abs() < 0.002, "{} {tokens}: {all} {few}", strategy.name());
        }
    }
}

/// A graph of decode steps follows the bytes of weights, keys and values over the bandwidth of memory, and two all-reduces a layer;
/// launched op by op it follows the launches.
#[test]
fn decode_follows_bandwidth() {
    let spec = spec("h100x8", StrategyKind::Multimem);
    let host = &spec.machine.host;
    for sequences in [1_u32, 64] {
        let step = step(&vec![1023; sequences as usize], &[]);
        let run = spec.run_of(step.batch());
        let plan = plan(&run).unwrap();
        let bandwidth = spec.machine.gpu.hbm_bytes_per_s / 1e6;
        let bytes: f64 = plan.ops.iter().map(|op| op.hbm_bytes).sum();
        let read_us = bytes / bandwidth;
        let gaps_us = plan.ops.len() as f64 * (host.graph_gap_ns + host.block_start_ns) / 1e3;
        // Published: 16.5 µs for 64 tokens by themselves, of which some 5 are events and launch.
        let collectives_us = plan.ops.iter().filter(|op| op.is_collective()).count() as f64 * 11.0;
        let wanted = read_us + gaps_us + collectives_us;
        let graph = priced_us(&spec, &step, true);
        let launched = priced_us(&spec, &step, false);
        println!(
            "{sequences}: read {read_us:.0} + gaps {gaps_us:.0} + collectives {collectives_us:.0} = {wanted:.0}; graph {graph:.0}, launched {launched:.0}"
        );
        assert!((graph / wanted - 1.0).abs() < 0.15, "{sequences}: {graph} {wanted}");
        let launches_us = plan.ops.len() as f64 * host.issue_ns / 1e3;
        assert!((launched / launches_us - 1.0).abs() < 0.02, "{launched} {launches_us}");
    }
}
