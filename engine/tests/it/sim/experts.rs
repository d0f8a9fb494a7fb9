//! Mixtures of experts on the own kernels: who brings the rows of an expert together.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    model,
    plan::{Cluster, Op, OpRole, OpWork, Plan, plan},
    spec::{Knobs, RunSpec, StrategyKind},
};

use super::support::{machine_of, run_plan};

/// A prefill of one of so many shards on one H200.
fn prefill(name: &str, shard_of: u32, tokens: u32) -> Plan {
    let spec = RunSpec {
        model: model::builtin(name).expect("a built-in model"),
        machine: machine_of("h200x2"),
        batch: Batch::prefill(tokens, tokens),
        knobs: Knobs {
            tp: 1,
            shard_of: Some(shard_of),
            strategy: StrategyKind::NoComm,
            layers: Some(2),
            ..Knobs::default()
        },
    };
    plan(&spec).expect("a plan")
}

/// The op of a role in layer 1.
fn op(plan: &Plan, role: OpRole) -> &Op {
    let is_it = |op: &&Op| op.role == role && op.layer == Some(1);
    plan.ops.iter().find(is_it).expect("every layer has one")
}

fn cluster(op: &Op) -> Cluster {
    match &op.work {
        OpWork::Gemm(shape) => shape.cluster,
        _ => panic!("{} is a product", op.role),
    }
}

/// Shards, tokens, experts of a token, columns of the model and of an expert's gate on a rank; and the bytes by hand.
#[test]
fn rows_of_narrow_experts_are_gathered_and_those_of_wide_ones_copied() {
    let cases = [
        ("qwen3-235b-a22b", 8, 8, 4096.0, 192.0, Cluster::Gathered),
        ("qwen3-235b-a22b", 2, 8, 4096.0, 768.0, Cluster::Gathered),
        ("mixtral-8x22b", 8, 2, 6144.0, 2048.0, Cluster::Uneven),
    ];
    for (name, shards, top_k, hidden, columns, expected) in cases {
        let plan = prefill(name, shards, 4096);
        let (permute, w13) = (op(&plan, OpRole::Permute), op(&plan, OpRole::ExpertsW13));
        assert_eq!(cluster(w13), expected, "{name} in {shards}");
        let experts = if top_k == 8 { 128.0 } else { 8.0 };
        let (tokens, entries) = (4096.0, 4096.0 * f64::from(top_k));
        let is_copied = expected == Cluster::Uneven;
        let read = if is_copied { entries } else { tokens };
        let by_hand = 2.0 * (read * hidden + experts * 2.0 * columns * hidden + entries * columns);
        assert!((w13.hbm_bytes / by_hand - 1.0).abs() < 1e-9, "{} {by_hand}", w13.hbm_bytes);
        let copied = if is_copied { 2.0 * (tokens + entries) * hidden } else { 0.0 };
        assert!((permute.hbm_bytes - copied - 16.0 * entries).abs() < 1.0, "{}", permute.hbm_bytes);
    }
}

/// Threads that copy 16 bytes at a time hold the products up: 1.05 to 1.08 times was measured on an H200 at 8192 tokens
/// (kernels/NOTES.md, "Mixture of experts"), less where memory is the limit.
#[test]
fn gathering_takes_longer_than_rows_that_lie_together() {
    for (shards, tokens, bounds) in [(2, 8192, 1.04..1.09), (2, 256, 0.98..1.02)] {
        let gathered = prefill("qwen3-235b-a22b", shards, tokens);
        let mut together = gathered.clone();
        for op in &mut together.ops {
            if let OpWork::Gemm(shape) = &mut op.work
                && shape.cluster == Cluster::Gathered
            {
                shape.cluster = Cluster::Uneven;
            }
        }
        let ratio = w13_us(gathered) / w13_us(together);
        println!("{tokens} tokens in shards of {shards}: {ratio:.3}");
        assert!(bounds.contains(&ratio), "{tokens}: {ratio}");
    }
}

fn w13_us(plan: Plan) -> f64 {
    let plan = Arc::new(plan);
    let id = op(&plan, OpRole::ExpertsW13).id;
    let (kept, time) = run_plan(&plan);
    time.expect("it runs");
    let record = kept.ops.iter().find(|record| record.op == id).expect("it ran");
    (record.end_ns - record.start_ns) as f64 * 1e-3
}
