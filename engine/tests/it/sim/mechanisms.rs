//! Every mechanism of the simulator shows: without it the run that it bears on takes another time.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    executor::Executor,
    machine::{GemmKernels, Machine, Mechanism},
    model,
    observer::BlockPart,
    plan::{Collective, OpRole, plan},
    sim::Simulator,
    spec::{Knobs, RunSpec, SplitChoice, StrategyKind},
};

use super::support::{Kept, llama, machine_of, ms, run, woven_on_two};

/// Llama's shards of 8 on two H200s, cut in half, 16 CTAs under attention and 4 under the MLP.
fn woven(machine: Machine, tokens: u32) -> RunSpec {
    let mut spec = RunSpec { machine, ..woven_on_two(tokens) };
    spec.knobs = Knobs {
        split: SplitChoice::Fixed(tokens / 2),
        attn_ctas: Some(16),
        mlp_ctas: Some(4),
        layers: Some(3),
        ..spec.knobs
    };
    spec
}

/// Time of the run on its machine over that without the mechanism.
fn costs(spec: &RunSpec, mechanism: Mechanism) -> f64 {
    let with = ms(run(spec).2);
    let machine = spec.machine.clone().without(&[mechanism]);
    let without = ms(run(&RunSpec { machine, ..spec.clone() }).2);
    println!("{:<9} {with:.3} ms, without {without:.3}", mechanism.name());
    with / without
}

#[test]
fn each_mechanism_costs_time() {
    let spec = woven(machine_of("h200x2"), 4096);
    let eager = llama(StrategyKind::TokenWeave, 1024, Some(3));
    let wide =
        RunSpec { knobs: Knobs { mlp_ctas: Some(64), ..eager.knobs.clone() }, ..eager.clone() };
    for mechanism in Mechanism::ALL {
        // Equal blocks that spread may end earlier or later; power is not felt in so short a run (below).
        let (spec, least) = match mechanism {
            Mechanism::Power | Mechanism::Spread => continue,
            Mechanism::Launches => (&eager, 1.05),
            Mechanism::Flags => (&wide, 1.001),
            Mechanism::InPlace => (&spec, 1.0001),
            _ => (&spec, 1.005),
        };
        let cost = costs(spec, mechanism);
        assert!(cost > least, "{} costs {cost}", mechanism.name());
    }
}

#[test]
fn without_spread_equal_blocks_take_equally_long() {
    let lengths = |machine: Machine| {
        let mut spec = woven(machine, 2048);
        (spec.knobs.strategy, spec.knobs.layers) = (StrategyKind::NoComm, Some(1));
        let (plan, kept, _) = run(&spec);
        let is_gate_up =
            |op: weftscope_engine::plan::OpId| plan.ops[op.index()].role == OpRole::GateUp;
        let tiles = kept.blocks.iter().filter(|block| block.rank == 0 && is_gate_up(block.op));
        let mut lengths: Vec<i64> = tiles.map(|block| block.end_ns - block.start_ns).collect();
        lengths.sort_unstable();
        (lengths[lengths.len() / 4], lengths[3 * lengths.len() / 4])
    };
    let (low, high) = lengths(machine_of("h200x2"));
    assert!(high - low > 100, "{low} {high}");
    let (low, high) = lengths(machine_of("h200x2").without(&[Mechanism::Spread]));
    assert!(high - low <= 2, "{low} {high}");
}

/// Twelve iterations of the same run, the first and the last of them, ms.
fn first_and_last(spec: &RunSpec) -> (f64, f64) {
    let plan = Arc::new(plan(spec).expect("plans"));
    let mut simulator = Simulator::new(&spec.machine);
    let times: Vec<f64> = (0..12)
        .map(|iteration| ms(simulator.run(&plan, iteration, &mut Kept::default()).expect("runs")))
        .collect();
    (times[0], times[11])
}

/// Measured on one H200 (engine/data/kernels_h200_llama.csv): 8192 tokens in shards of two take 9.9 ms a layer at first and
/// 11.2 at the power limit.
#[test]
fn power_is_felt_after_a_while() {
    let mut spec = woven(machine_of("h200x2"), 8192);
    spec.knobs = Knobs {
        tp: 1,
        shard_of: Some(2),
        strategy: StrategyKind::NoComm,
        layers: Some(2),
        ..spec.knobs
    };
    let (first, last) = first_and_last(&spec);
    println!("{first:.2} ms, then {last:.2}");
    assert!((1.09..1.17).contains(&(last / first)), "{first} {last}");
    spec.machine = spec.machine.without(&[Mechanism::Power]);
    let (first, last) = first_and_last(&spec);
    assert!((last / first - 1.0).abs() < 0.01, "{first} {last}");
}

/// As in the recording `sample:h200x2-tokenweave`: the collective of the MLP's phase begins within some microseconds of
/// the product, which leaves it its SMs; a launch of a block a tile would hold them for a whole tile, 44 us.
#[test]
fn a_persistent_product_leaves_the_sms_that_it_does_not_count_on() {
    let (plan, kept, _) = run(&woven(machine_of("h200x2"), 4096));
    let starts = |role: OpRole| -> Vec<i64> {
        let of_role = kept.ops.iter().filter(|record| {
            let op = &plan.ops[record.op.index()];
            record.rank == 0 && op.role == role && op.layer.is_some()
        });
        of_role.map(|record| record.start_ns).collect()
    };
    let fused = starts(OpRole::Collective(Collective::FusedArNorm));
    let products = starts(OpRole::GateUp);
    assert_eq!(products.len(), 6);
    for start in products {
        let beside = fused.iter().map(|fused| (fused - start).abs()).min().expect("collectives");
        assert!(beside < 5_000, "{beside} ns");
    }
    // And a tile's successor runs on the same SM.
    let gate_up = plan.ops.iter().find(|op| op.role == OpRole::GateUp).expect("there is one").id;
    let place = |block: u32| {
        let is_it = |record: &&weftscope_engine::observer::BlockRecord| {
            record.rank == 0
                && record.op == gate_up
                && record.block == block
                && record.part == BlockPart::Run
        };
        kept.blocks.iter().find(is_it).map(|record| record.sm)
    };
    assert!((0..128).all(|walker| place(walker).is_some() && place(walker) == place(walker + 128)));
}

/// Blocks of the products of experts in layer 1, on a machine where nothing but tiles takes time: (SM, start, end), ns, by tile.
fn tiles_of_experts(role: OpRole, tokens: u32) -> Vec<(u16, i64, i64)> {
    let mut spec = woven(machine_of("h200x2"), tokens);
    spec.model = model::builtin("mixtral-8x22b").expect("there is one");
    spec.knobs = Knobs {
        tp: 1,
        shard_of: Some(8),
        strategy: StrategyKind::NoComm,
        split: Knobs::default().split,
        layers: Some(2),
        ..spec.knobs
    };
    let shared = [Mechanism::Memory, Mechanism::Tensor, Mechanism::Power, Mechanism::Spread];
    spec.machine = spec.machine.without(&shared);
    let (plan, kept, _) = run(&spec);
    let is_it = |record: &&weftscope_engine::observer::BlockRecord| {
        let op = &plan.ops[record.op.index()];
        op.role == role && op.layer == Some(1) && record.part == BlockPart::Run
    };
    let mut blocks: Vec<_> = kept.blocks.iter().filter(is_it).collect();
    blocks.sort_by_key(|record| record.block);
    assert!(blocks.iter().zip(0..).all(|(record, tile)| record.block == tile), "each once");
    blocks.iter().map(|record| (record.sm, record.start_ns, record.end_ns)).collect()
}

/// Tiles of experts, whose heights are uneven, go to whoever is ready first: no SM ends earlier than a tile before the last, and all take
/// as long as when somebody hands out tiles one by one.
#[test]
fn tiles_of_experts_are_dealt_out_as_sms_are_ready() {
    for tokens in [512, 1024, 2048, 4096] {
        let tiles = tiles_of_experts(OpRole::ExpertsW13, tokens);
        let lengths: Vec<i64> = tiles.iter().map(|&(_, start, end)| end - start).collect();
        let longest = *lengths.iter().max().expect("tiles");
        assert!(
            lengths.iter().any(|&length| length * 10 < longest * 7),
            "{tokens}: some are short"
        );
        let began = tiles.iter().map(|tile| tile.1).min().expect("tiles");
        let mut ends = vec![began; 132];
        for length in &lengths {
            *ends.iter_mut().min().expect("132") += length;
        }
        let mut by_sm = vec![0; 132];
        for &(sm, _, end) in &tiles {
            by_sm[usize::from(sm)] = end.max(by_sm[usize::from(sm)]);
        }
        let (first, last) = (by_sm.iter().min(), by_sm.iter().max().expect("SMs"));
        assert!(first >= Some(&(last - longest)), "{tokens}: {first:?}, {last}");
        let dealt = ends.iter().max().expect("132");
        assert!((last - dealt).abs() < 2_000, "{tokens}: {last} instead of {dealt}");
    }
}

/// A norm of layer 1, µs.
fn norm_us(spec: &RunSpec) -> f64 {
    let (plan, kept, _) = run(spec);
    let is_norm = |record: &&weftscope_engine::observer::OpRecord| {
        let op = &plan.ops[record.op.index()];
        op.role == OpRole::AddNorm && op.layer == Some(1)
    };
    let record = kept.ops.iter().find(is_norm).expect("a norm");
    (record.end_ns - record.start_ns) as f64 / 1e3
}

/// Measured in decode steps of an H200 (docs/measurements.md): a row comes while its first bytes are awaited.
#[test]
fn norms_of_few_rows_take_as_long_as_a_row_takes_to_come() {
    let mut spec = woven(machine_of("h200x2"), 512);
    spec.knobs = Knobs {
        tp: 1,
        strategy: StrategyKind::NoComm,
        split: Knobs::default().split,
        layers: Some(2),
        ..spec.knobs
    };
    for (sequences, measured_us) in [(1, 1.76), (64, 1.98)] {
        spec.batch = Batch::decode(sequences, 1101);
        let us = norm_us(&spec);
        println!("{sequences} rows {us:.2} us, measured {measured_us}");
        assert!((us / measured_us - 1.0).abs() < 0.10, "{sequences} rows: {us} us");
    }
    spec.machine.gpu.gemm_kernels = GemmKernels::Library;
    assert!(norm_us(&spec) > 3.5, "a library's norm waits twice and then draws");
}

/// Small norms find in L2 what the kernel before has written: measured 6.8 us for 512 tokens, where device memory alone
/// would take 9.
#[test]
fn small_norms_read_from_l2() {
    let mut spec = woven(machine_of("h200x2"), 512);
    spec.knobs = Knobs { tp: 1, strategy: StrategyKind::NoComm, layers: Some(2), ..spec.knobs };
    let warm = norm_us(&spec);
    spec.machine.gpu.l2_bytes = 1;
    let cold = norm_us(&spec);
    println!("{warm:.1} us with L2, {cold:.1} without");
    assert!((warm / 6.8 - 1.0).abs() < 0.15 && cold > 1.2 * warm, "{warm} {cold}");
}

/// Published: two all-reduces of 8192 tokens in a layer take 830 us, alone 1000.
#[test]
fn a_multicast_between_kernels_is_faster_than_a_lone_one() {
    let layer_us = |machine: &Machine| {
        let time = |layers| {
            let spec = RunSpec {
                machine: machine.clone(),
                ..llama(StrategyKind::Multimem, 8192, Some(layers))
            };
            ms(run(&spec).2)
        };
        1e3 * (time(4) - time(2)) / 2.0
    };
    let mut machine = machine_of("h100x8");
    let in_place = layer_us(&machine);
    machine.link.multimem_in_place_bytes_per_s = None;
    let as_alone = layer_us(&machine);
    println!("{in_place:.0} us a layer, {as_alone:.0} at the lone rate");
    assert!((100.0..240.0).contains(&(as_alone - in_place)), "{in_place} {as_alone}");
}
