//! Copies, which take no SM, and blocks that follow those of another op one by one.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    executor::{ExecError, Executor},
    model,
    observer::BlockPart,
    plan::{Collective, Message, Op, OpId, OpRole, Plan, Steps, Tiles, Where, plan_with},
    sim::Simulator,
    spec::{Knobs, RunSpec},
};

use super::support::{Kept, machine_of};

const RANKS: u32 = 8;
const ROWS: u32 = 4096;
const GATHER: Message = Message { collective: Collective::AllGather, rows: ROWS, columns: 8192 };
const CHUNKS: u32 = 28;

/// A plan of these ops on eight H100s whose equal blocks take equally long.
fn planned(build: impl Fn(&mut Steps<'_>)) -> Arc<Plan> {
    let mut machine = machine_of("h100x8");
    machine.kernels.block_jitter = 0.0;
    let spec = RunSpec {
        model: model::builtin("llama-3.3-70b").expect("it is built in"),
        machine,
        batch: Batch::prefill(ROWS, ROWS),
        knobs: Knobs { layers: Some(1), ..Knobs::default() },
    };
    let ops = |spec: &RunSpec| -> Vec<Op> {
        let mut steps = Steps::new(&spec.machine, RANKS);
        build(&mut steps);
        steps.finish()
    };
    Arc::new(plan_with(&spec, "tiles", |run| ops(run.spec)).expect("a plan"))
}

fn run(plan: &Arc<Plan>) -> Result<Kept, ExecError> {
    let mut kept = Kept::default();
    Simulator::new(&plan.spec.machine).run(plan, 0, &mut kept)?;
    Ok(kept)
}

/// Start and end of an op on rank 0.
fn span(kept: &Kept, op: OpId) -> (i64, i64) {
    let record =
        kept.ops.iter().find(|record| record.op == op && record.rank == 0).expect("it ran");
    (record.start_ns, record.end_ns)
}

fn gemm(steps: &mut Steps<'_>) -> OpId {
    steps.gemm(Where::compute(None), OpRole::GateUp, (ROWS, 2048, 8192))
}

/// Against arithmetic: no block runs before the links can have brought what it needs, those with own rows at once, and the last
/// when all is here.
#[test]
fn blocks_begin_when_their_rows_are_here() {
    let own = 32;
    let plan = planned(|steps| {
        let copies = steps.copies(Where::comm(None), GATHER, (CHUNKS, 2));
        let gemm = gemm(steps);
        steps.follow(gemm, Tiles { of: copies.0, free: own, spare: 0 });
    });
    let kept = run(&plan).unwrap();
    let ((copies_ns, copied_ns), (gemm_ns, _)) = (span(&kept, OpId(0)), span(&kept, OpId(1)));
    let grid = plan.ops[1].grid;
    let link_ns = plan.ops[0].link_bytes / plan.spec.machine.link.bytes_per_s * 1e9;
    let runs = kept.blocks.iter().filter(|block| block.rank == 0 && block.part == BlockPart::Run);
    let (mut waited, mut seen) = (0, 0);
    for block in runs {
        assert_eq!(block.op, OpId(1), "copies are on no SM");
        seen += 1;
        let place = f64::from(block.block + 1).max(f64::from(own)) - f64::from(own);
        let chunks = (place * f64::from(CHUNKS) / f64::from(grid - own)).ceil();
        let brought_ns = copies_ns + (chunks / f64::from(CHUNKS) * link_ns) as i64;
        assert!(chunks == 0.0 || block.start_ns >= brought_ns, "block {}", block.block);
        if block.block < own {
            assert_eq!(block.start_ns, gemm_ns, "block {} has all it needs", block.block);
        }
        if block.block == grid - 1 {
            assert!(block.start_ns >= copied_ns);
        }
        waited += u32::from(block.block >= own && block.start_ns > gemm_ns);
    }
    assert_eq!(seen, grid);
    let waits = kept.blocks.iter().filter(|block| block.part == BlockPart::WaitEntry);
    let waits = waits.count();
    assert!(waited > 0 && waits > 0, "{waited} wait, {waits} times on SMs");
}

/// A chunk is sent when its tiles are there: the last of them ends after the last tile that is sent, by no less than it takes, and
/// long before all would have been sent after the GEMM.
#[test]
fn chunks_are_sent_as_tiles_end() {
    let scatter = Message { collective: Collective::ReduceScatter, ..GATHER };
    let plan = planned(|steps| {
        let gemm = gemm(steps);
        let tiles = Tiles { of: gemm.0, free: 0, spare: steps.grid(gemm) / RANKS };
        steps.copies(Where::comm(None).tiles(tiles), scatter, (CHUNKS, 4));
    });
    let kept = run(&plan).unwrap();
    let ((_, gemm_end_ns), (_, sent_ns)) = (span(&kept, OpId(0)), span(&kept, OpId(1)));
    let link_ns = plan.ops[1].link_bytes / plan.spec.machine.link.bytes_per_s * 1e9;
    let useful = plan.ops[0].grid - plan.ops[0].grid / RANKS;
    let mut ends: Vec<i64> = kept
        .blocks
        .iter()
        .filter(|block| block.rank == 0 && block.op == OpId(0))
        .map(|block| block.end_ns)
        .collect();
    ends.sort_unstable();
    assert!(sent_ns as f64 >= ends[useful as usize - 1] as f64 + link_ns / f64::from(CHUNKS));
    assert!((sent_ns as f64) < gemm_end_ns as f64 + 0.5 * link_ns, "{sent_ns} {gemm_end_ns}");
}

/// With nothing beside them copies take what the links need and two flags for as many as are under way, and no SM.
#[test]
fn copies_fill_the_links_and_no_sm() {
    for at_once in [2, 4, 16] {
        let plan = planned(|steps| {
            steps.copies(Where::comm(None), GATHER, (CHUNKS, at_once));
        });
        let kept = run(&plan).unwrap();
        assert!(kept.blocks.is_empty());
        let (start_ns, end_ns) = span(&kept, OpId(0));
        let link_ns = plan.ops[0].link_bytes / plan.spec.machine.link.bytes_per_s * 1e9;
        let flags_ns =
            2.0 * plan.spec.machine.link.latency_ns * f64::from(CHUNKS.div_ceil(at_once));
        let took = (end_ns - start_ns) as f64;
        assert!((took - link_ns - flags_ns).abs() < 100.0, "{at_once}: {took} {link_ns}");
    }
}

/// Blocks on SMs that wait for blocks on SMs could wait for ever.
#[test]
fn two_ops_on_sms_do_not_follow_one_another() {
    let plan = planned(|steps| {
        let first = gemm(steps);
        let second = steps.gemm(Where::comm(None), OpRole::Down, (ROWS, 8192, 8192));
        steps.follow(second, Tiles { of: first.0, free: 0, spare: 0 });
    });
    let Err(ExecError::Unsupported(cause)) = run(&plan) else { panic!("it ran") };
    assert!(cause.contains("op 1 (down)") && cause.contains("op 0"), "{cause}");
    let error = Plan::from_json(&plan.to_json().unwrap()).unwrap_err().to_string();
    assert!(error.contains("op 1 (down), tiles.of"), "{error}");
}
