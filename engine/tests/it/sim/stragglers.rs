//! Ranks that are slower than others, and sends, which wait for no rank.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    model,
    plan::{
        Collective, Message, OpId, OpRole, Plan, PlanError, Steps, Where, plan as plan_of,
        plan_with,
    },
    sim::Simulator,
    spec::{Knobs, RunSpec, StrategyKind, Transport},
};

use super::support::{Kept, llama, machine_of, run};

const RANKS: u32 = 8;
const COLUMNS: u32 = 8192;

/// A product and a message behind it on eight H100s, of which the last takes so many times as long, with a 16 MB message.
fn product_and_message(collective: Collective, times: f64) -> (Arc<Plan>, Kept) {
    let mut machine = machine_of("h100x8");
    machine.kernels.block_jitter = 0.0;
    let mut slowdown = vec![1.0; RANKS as usize];
    slowdown[RANKS as usize - 1] = times;
    let spec = RunSpec {
        model: model::builtin("llama-3.3-70b").expect("it is built in"),
        machine,
        batch: Batch::prefill(2048, 2048),
        knobs: Knobs { layers: Some(1), slowdown, ..Knobs::default() },
    };
    let plan = plan_with(&spec, "straggler", |run| {
        let mut steps = Steps::new(&run.spec.machine, RANKS);
        let at = Where::compute(None);
        let computed = steps.gemm(at, OpRole::GateUp, (2048, COLUMNS, COLUMNS));
        let message = Message { collective, rows: 1024, columns: COLUMNS };
        let at = Where::comm(None).after(std::slice::from_ref(&computed));
        match collective {
            Collective::Send => steps.copies(at, message, (1, 1)),
            _ => steps.collective(at, message, Transport::P2p),
        };
        steps.finish()
    });
    let (plan, mut kept) = (Arc::new(plan.expect("a plan")), Kept::default());
    Simulator::new(&plan.spec.machine).run(&plan, 0, &mut kept).expect("it runs");
    (plan, kept)
}

/// Start and end of an op on every rank, ns.
fn spans(kept: &Kept, op: OpId) -> Vec<(i64, i64)> {
    let of = |rank: u32| {
        let found = kept.ops.iter().find(|record| record.op == op && record.rank == rank);
        let record = found.expect("it ran");
        (record.start_ns, record.end_ns)
    };
    (0..RANKS).map(of).collect()
}

/// The rank takes so many times as long, and the others as long as ever, since nothing is shared with them.
#[test]
fn a_slowed_rank_computes_so_many_times_as_long() {
    let took = |times| {
        let (_, kept) = product_and_message(Collective::Send, times);
        let spans = spans(&kept, OpId(0));
        spans.into_iter().map(|(start_ns, end_ns)| (end_ns - start_ns) as f64).collect::<Vec<_>>()
    };
    let even = took(1.0);
    for times in [1.5, 4.0] {
        let slowed = took(times);
        assert_eq!(slowed[..7], even[..7]);
        // Rounded up to a nanosecond a block, and less what power and memory held back when all was fast.
        let share = slowed[7] / (times * even[7]);
        assert!((0.9..1.01).contains(&share), "{times}: {share}");
    }
}

/// In an all-reduce everybody waits for the slow rank; a send is over as soon as by itself.
#[test]
fn an_all_reduce_waits_for_the_slow_rank_and_a_send_does_not() {
    let (_, kept) = product_and_message(Collective::AllReduce, 3.0);
    let computed_ns = spans(&kept, OpId(0))[7].1;
    assert!(spans(&kept, OpId(1)).iter().all(|&(_, end_ns)| end_ns > computed_ns));

    let (plan, kept) = product_and_message(Collective::Send, 3.0);
    let (computed, sent) = (spans(&kept, OpId(0)), spans(&kept, OpId(1)));
    assert!(sent[0].1 < computed[7].1, "{sent:?} {computed:?}");
    let machine = &plan.spec.machine;
    let link_ns = plan.ops[1].link_bytes / machine.link.bytes_per_s * 1e9;
    assert_eq!(plan.ops[1].link_bytes, f64::from(1024 * COLUMNS) * 2.0);
    for (start_ns, end_ns) in sent {
        let took_ns = (end_ns - start_ns) as f64;
        let expected_ns = link_ns + 2.0 * machine.link.latency_ns;
        assert!((took_ns - expected_ns).abs() < 100.0, "{took_ns} {expected_ns}");
    }
}

/// A factor of 1 is none, to the nanosecond; one below 1 is refused.
#[test]
fn ranks_are_no_faster_than_the_machine() {
    let mut spec = llama(StrategyKind::TokenWeave, 4096, Some(2));
    let (_, _, before) = run(&spec);
    spec.knobs.slowdown = vec![1.0; 8];
    let (_, _, after) = run(&spec);
    assert_eq!(before, after);
    spec.knobs.slowdown[3] = 0.5;
    assert!(matches!(plan_of(&spec), Err(PlanError::Knob { knob: "slowdown", .. })));
}
