//! What must hold of every simulated run, whatever the machine, batch and strategy.

use std::collections::BTreeMap;

use proptest::prelude::*;
use weftscope_engine::{
    batch::{Batch, Request},
    machine, model,
    observer::{BlockPart, BlockRecord, Counter, CounterRecord},
    plan::{OpRole, OpWork, Plan, plan},
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind},
    split::REGISTERS_PER_SM,
};

use super::support::{Kept, llama, machine_of, ms, run, run_plan};

/// Two layers of some model on some machine under some strategy.
fn any_spec() -> impl Strategy<Value = RunSpec> {
    let request = (0_u32..3000, 1_u32..3000)
        .prop_map(|(cached_tokens, new_tokens)| Request { cached_tokens, new_tokens });
    let decode = (1_u32..5000).prop_map(|cached_tokens| Request { cached_tokens, new_tokens: 1 });
    (
        prop::sample::select(machine::names().collect::<Vec<_>>()),
        prop::sample::select(model::names().to_vec()),
        prop::sample::select(StrategyKind::ALL.to_vec()),
        prop::sample::select(Chooser::ALL.to_vec()),
        prop::collection::vec(prop_oneof![request, decode], 1..6),
        prop::collection::vec(0_i64..200_000, 0..8),
        any::<u64>(),
    )
        .prop_map(|(machine, model, strategy, chooser, requests, skew_ns, seed)| {
            let mut machine = machine_of(machine);
            machine.sources.clear();
            // Without L2 all bytes of a plan come from memory.
            machine.gpu.l2_bytes = 0;
            let knobs = Knobs {
                tp: machine.gpus,
                strategy,
                split: SplitChoice::Auto(chooser),
                layers: Some(2),
                skew_ns,
                seed,
                ..Knobs::default()
            };
            let model = model::builtin(model).expect("listed");
            RunSpec { model, machine, batch: Batch { requests }, knobs }
        })
}

/// The plan of a random spec: every built-in model can be dealt out over every built-in machine, so a refusal is a
/// failure, never a case that passes.
fn planned(spec: &RunSpec) -> Result<Plan, TestCaseError> {
    plan(spec).map_err(|error| TestCaseError::fail(format!("no plan: {error}")))
}

/// Records by (rank, SM, slot), as delivered.
fn by_slot(kept: &Kept) -> BTreeMap<(u16, u16, u8), Vec<BlockRecord>> {
    let mut slots: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for &record in &kept.blocks {
        slots.entry((record.rank, record.sm, record.slot)).or_default().push(record);
    }
    slots
}

fn check_slots(kept: &Kept) -> Result<(), TestCaseError> {
    for (slot, records) in by_slot(kept) {
        for pair in records.windows(2) {
            prop_assert!(pair[0].end_ns <= pair[1].start_ns, "{slot:?}: {pair:?}");
        }
        prop_assert!(records.iter().all(|record| record.start_ns < record.end_ns));
    }
    Ok(())
}

fn check_once(plan: &Plan, kept: &Kept) -> Result<(), TestCaseError> {
    let mut seen: Vec<Vec<u32>> =
        plan.ops.iter().map(|op| vec![0; (op.grid * plan.ranks) as usize]).collect();
    for record in kept.blocks.iter().filter(|record| record.part == BlockPart::Run) {
        let op = &plan.ops[record.op.index()];
        seen[record.op.index()][(u32::from(record.rank) * op.grid + record.block) as usize] += 1;
    }
    prop_assert!(seen.iter().flatten().all(|&times| times == 1));
    prop_assert_eq!(kept.ops.len(), plan.ops.len() * plan.ranks as usize);
    Ok(())
}

/// At every start of a block, what is resident on its SM fits.
fn check_residency(plan: &Plan, kept: &Kept) -> Result<(), TestCaseError> {
    let gpu = &plan.spec.machine.gpu;
    let mut edges: Vec<(u16, u16, i64, i64, u32)> = Vec::new();
    for record in &kept.blocks {
        edges.push((record.rank, record.sm, record.start_ns, 1, record.op.0));
        edges.push((record.rank, record.sm, record.end_ns, -1, record.op.0));
    }
    edges.sort_unstable();
    let (mut at, mut used) = ((0, 0), [0_i64; 4]);
    for (rank, sm, _, sign, op) in edges {
        if at != (rank, sm) {
            (at, used) = ((rank, sm), [0; 4]);
        }
        let resources = plan.ops[op as usize].resources;
        let (threads, smem) = (i64::from(resources.threads), i64::from(resources.smem_bytes));
        let block = [1, threads, smem, threads * i64::from(resources.registers)];
        for (used, block) in used.iter_mut().zip(block) {
            *used += sign * block;
        }
        let limits =
            [gpu.blocks_per_sm, gpu.threads_per_sm, gpu.smem_per_sm_bytes, REGISTERS_PER_SM];
        prop_assert!(used.iter().zip(limits).all(|(&used, limit)| used <= i64::from(limit)));
    }
    Ok(())
}

/// No block starts before the op ahead of it in its stream, or an op that it depends on, has ended on its rank.
fn check_order(plan: &Plan, kept: &Kept) -> Result<(), TestCaseError> {
    let mut spans = BTreeMap::new();
    for record in &kept.ops {
        spans.insert((record.rank, record.op), (record.start_ns, record.end_ns));
    }
    for rank in 0..plan.ranks {
        let mut last_of_stream = BTreeMap::new();
        for op in &plan.ops {
            let ahead = last_of_stream.insert(op.stream, op.id);
            let start = spans[&(rank, op.id)].0;
            for before in op.deps.iter().copied().chain(ahead) {
                prop_assert!(spans[&(rank, before)].1 <= start, "{} after {before:?}", op.role);
            }
        }
    }
    for record in &kept.blocks {
        let (start, end) = spans[&(u32::from(record.rank), record.op)];
        prop_assert!(start <= record.start_ns && record.end_ns <= end);
    }
    Ok(())
}

/// The counters' integrals are the plan's bytes and FLOP, up to jitter and padding.
fn check_conservation(plan: &Plan, kept: &Kept) -> Result<(), TestCaseError> {
    let gpu = &plan.spec.machine.gpu;
    let wanted_hbm: f64 = plan.ops.iter().map(|op| op.hbm_bytes).sum();
    let wanted_flops: f64 = plan
        .ops
        .iter()
        .filter(|op| matches!(op.work, OpWork::Gemm(_) | OpWork::Attention(_)))
        .map(|op| op.flops)
        .sum();
    for rank in 0..plan.ranks {
        let integral = |counter| {
            let records: Vec<_> = kept
                .counters
                .iter()
                .filter(|record| record.rank == rank && record.counter == counter)
                .collect();
            let piece =
                |pair: &[&CounterRecord]| pair[0].value * (pair[1].at_ns - pair[0].at_ns) as f64;
            records.windows(2).map(piece).sum::<f64>()
        };
        let hbm = integral(Counter::Hbm);
        prop_assert!((hbm / wanted_hbm - 1.0).abs() < 0.02, "{hbm:e} of {wanted_hbm:e} bytes");
        let flops = integral(Counter::TensorActive) * 1e-2 * gpu.bf16_flops * 1e-9;
        prop_assert!(flops > 0.98 * wanted_flops, "{flops:e} of {wanted_flops:e} FLOP");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_run_is_lawful(spec in any_spec()) {
        let plan = std::sync::Arc::new(planned(&spec)?);
        let (kept, time) = run_plan(&plan);
        let time = time.expect("a run");
        prop_assert_eq!(kept.ends.len(), 1);
        prop_assert!(kept.blocks.iter().all(|r| time.start_ns <= r.start_ns && r.end_ns <= time.end_ns));
        check_slots(&kept)?;
        check_once(&plan, &kept)?;
        check_residency(&plan, &kept)?;
        check_order(&plan, &kept)?;
        check_conservation(&plan, &kept)?;
    }

    #[test]
    fn the_same_seed_gives_the_same_records(spec in any_spec()) {
        let plan = std::sync::Arc::new(planned(&spec)?);
        let (first, again) = (run_plan(&plan).0, run_plan(&plan).0);
        prop_assert!(first.blocks == again.blocks && first.ops == again.ops);
        prop_assert_eq!(first.counters, again.counters);
    }

    #[test]
    fn more_bandwidth_is_never_slower(spec in any_spec(), which in 0_usize..4, factor in 1.0_f64..3.0) {
        let mut faster = spec.clone();
        let gpu = &mut faster.machine.gpu;
        match which {
            0 => gpu.hbm_bytes_per_s *= factor,
            1 => gpu.l2_bytes_per_s *= factor,
            2 => gpu.bf16_flops *= factor,
            _ => {
                faster.machine.link.bytes_per_s *= factor;
                if let Some(rate) = &mut faster.machine.link.multimem_bytes_per_s {
                    *rate *= factor;
                }
            }
        }
        // The same plan on both: more link bandwidth may make the planner use more CTAs.
        let plan = planned(&spec)?;
        let fast_plan = Plan { spec: std::sync::Arc::new(faster), ..plan.clone() };
        let [slow, fast] = [plan, fast_plan].map(|plan| {
            ms(run_plan(&std::sync::Arc::new(plan)).1.expect("a run"))
        });
        // Places change with times, and with them who shares a tail: anomalies of a scheduler, within a few percent.
        prop_assert!(fast <= slow * 1.03, "{fast} ms after {slow} ms");
    }
}

#[test]
fn a_late_rank_makes_the_others_wait_and_not_itself() {
    let mut spec = llama(StrategyKind::Multimem, 1024, Some(1));
    spec.knobs.skew_ns = vec![0, 0, 0, 500_000];
    let (_, kept, _) = run(&spec);
    let first = kept.blocks.iter().filter(|record| record.part == BlockPart::WaitEntry);
    let mut longest = [0; 8];
    for record in first {
        let rank = usize::from(record.rank);
        longest[rank] = longest[rank].max(record.end_ns - record.start_ns);
    }
    for (rank, &longest) in longest.iter().enumerate() {
        if rank == 3 {
            assert!(longest < 20_000, "the late rank waits {longest} ns");
        } else {
            assert!(longest > 450_000, "rank {rank} waits {longest} ns");
        }
    }
}

#[test]
fn one_rank_early_is_all_others_late() {
    let blocks = |skew_ns: [i64; 8]| {
        let mut spec = llama(StrategyKind::Multimem, 1024, Some(1));
        spec.knobs.skew_ns = skew_ns.to_vec();
        run(&spec).1.blocks
    };
    let early = blocks([0, 0, 0, -500_000, 0, 0, 0, 0]);
    let [late, on_time] = [500_000, 0];
    assert_eq!(early, blocks([late, late, late, on_time, late, late, late, late]));
    let mut spec = llama(StrategyKind::Multimem, 1024, Some(1));
    for skew_ns in [1_000_000_001, -1_000_000_001, i64::MIN] {
        spec.knobs.skew_ns = vec![skew_ns];
        let refused = plan(&spec).expect_err("out of range").to_string();
        assert!(refused.contains("skew") && refused.contains("1 s"), "{refused}");
    }
}

#[test]
fn waves_form_and_the_tail_is_what_wave_arithmetic_says() {
    let (plan, kept, _) = run(&llama(StrategyKind::NoComm, 1280, Some(1)));
    let gate_up = plan.ops.iter().find(|op| op.role == OpRole::GateUp).expect("planned");
    let mut starts: Vec<i64> = kept
        .blocks
        .iter()
        .filter(|record| record.op == gate_up.id && record.rank == 0)
        .map(|record| record.start_ns)
        .collect();
    starts.sort_unstable();
    let tile = kept.blocks.iter().find(|record| record.op == gate_up.id).expect("ran");
    let tile_ns = tile.end_ns - tile.start_ns;
    // Blocks that start within a quarter of a tile of each other are of one wave.
    let mut waves = vec![1];
    for pair in starts.windows(2) {
        if pair[1] - pair[0] > tile_ns / 4 {
            waves.push(0);
        }
        *waves.last_mut().expect("not empty") += 1;
    }
    let sms = plan.spec.machine.gpu.sms;
    let mut wanted = vec![sms; (gate_up.grid / sms) as usize];
    wanted.extend((gate_up.grid % sms > 0).then_some(gate_up.grid % sms));
    assert_eq!(waves, wanted, "{} blocks", gate_up.grid);
}
