//! Iterations amid others like them, against running them until clocks have settled.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine, model,
    observer::NullObserver,
    plan::plan,
    predict::{predicted, predicted_amid},
    serving::ServingError,
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind, Transport},
};

/// Of a model of four layers, so that nothing is extrapolated.
fn spec(batch: Batch) -> RunSpec {
    let mut model = model::builtin("llama-3.3-70b").expect("built in");
    model.layers = 4;
    let knobs = Knobs {
        tp: 1,
        shard_of: Some(8),
        strategy: StrategyKind::NoComm,
        transport: Transport::P2p,
        ..Knobs::default()
    };
    RunSpec { model, machine: machine::builtin("h200x2").expect("built in"), batch, knobs }
}

/// The last of so many iterations, ns.
fn after(spec: &RunSpec, iterations: u64) -> f64 {
    let plan = Arc::new(plan(spec).expect("plans"));
    let mut simulator = Simulator::new(&spec.machine);
    let mut last = 0;
    for iteration in 0..iterations {
        let time = simulator.run(&plan, iteration, &mut NullObserver).expect("runs");
        last = time.end_ns - time.start_ns;
    }
    last as f64
}

#[test]
fn clocks_settle_where_iterations_like_it_leave_them() {
    for (batch, iterations, is_hot) in [
        (Batch::prefill(8192, 8192), 40, true),
        (Batch::prefill(16384, 4096), 20, true),
        (Batch::decode(64, 1100), 40, false),
        (Batch::decode(256, 1100), 40, false),
    ] {
        let spec = spec(batch);
        let amid = predicted_amid::<ServingError>(&spec).unwrap().gpu_ns as f64;
        let settled = after(&spec, iterations);
        println!("{}: {amid:.0}, settled {settled:.0}", spec.batch);
        assert!((amid / settled - 1.0).abs() < 0.01, "{}: {amid} {settled}", spec.batch);
        // The first from rest is faster where the limit is reached, and only there.
        let first = predicted::<ServingError>(&spec, Simulator::new(&spec.machine)).unwrap();
        let slower = amid / first.gpu_ns as f64 - 1.0;
        assert_eq!(slower > 0.02, is_hot, "{}: {slower}", spec.batch);
    }
}
