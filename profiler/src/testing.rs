//! A plan of four ops and an executor that runs it on paper, for the tests of this crate.

use std::sync::Arc;

use weftscope_engine::{
    batch::Batch,
    executor::{ExecError, Executor, ExecutorInfo, IterationTime},
    machine::{CollectiveSpec, GpuSpec, HostSpec, KernelSpec, LinkSpec, Machine},
    model::{Ffn, ModelShape},
    observer::{BlockPart, BlockRecord, Counter, CounterRecord, IterationEnd, Observer, OpRecord},
    plan::{
        Collective, CollectiveShape, Decision, GemmShape, Op, OpId, OpRole, OpWork, Phase, Plan,
        PlanError, Resources, Split, StreamId,
    },
    spec::{Knobs, RunSpec, StrategyKind, Transport},
};

/// Two ranks of 2 SMs; see [`toy_plan`] and [`Toy`].
pub(crate) fn toy_spec() -> RunSpec {
    let model = ModelShape {
        name: "toy".to_owned(),
        hidden: 64,
        layers: 1,
        heads: 8,
        kv_heads: 8,
        head_dim: 8,
        ffn: Ffn::Dense { intermediate: 128 },
        vocab: 100,
        rms_eps: 1e-5,
        rope_theta: 1e4,
        rope_scaling: None,
        qkv_bias: false,
        qk_norm: false,
    };
    let gpu = GpuSpec {
        name: "toy GPU".to_owned(),
        compute_capability: (9, 0),
        sms: 2,
        memory_bytes: 1 << 30,
        threads_per_sm: 2048,
        blocks_per_sm: 4,
        smem_per_sm_bytes: 1 << 17,
        bf16_flops: 1e12,
        hbm_bytes_per_s: 1e12,
        l2_bytes_per_s: 1e12,
        l2_bytes: 1 << 20,
        gemm_kernels: weftscope_engine::machine::GemmKernels::Library,
        power: None,
    };
    let link = LinkSpec {
        name: "toy link".to_owned(),
        bytes_per_s: 1e9,
        multimem_bytes_per_s: None,
        bytes_per_s_per_sm: 1e8,
        latency_ns: 1.0,
        drain_ns: 0.0,
        multimem_in_place_bytes_per_s: None,
    };
    let machine = Machine {
        name: "toyx2".to_owned(),
        title: "2 × toy GPU".to_owned(),
        gpus: 2,
        gpu,
        link,
        kernels: KernelSpec::default(),
        collectives: CollectiveSpec::default(),
        host: HostSpec {
            kernel_gap_ns: 1.0,
            join_gap_ns: 1.0,
            block_start_ns: 1.0,
            ..HostSpec::default()
        },
        expected_error: None,
        calibrated: None,
        sources: std::collections::BTreeMap::new(),
    };
    let knobs = Knobs { tp: 2, strategy: StrategyKind::NoComm, ..Knobs::default() };
    RunSpec { model, machine, batch: Batch::prefill(16, 16), knobs }
}

/// compute: `qkv` (op 0), `o_proj` (op 2), `gate_up` (op 3); comm: `all_reduce` (op 1) after `qkv`; op 3 waits for it.
pub(crate) fn toy_plan(spec: &RunSpec) -> Result<Plan, PlanError> {
    if spec.batch.tokens() == 0 {
        return Err(PlanError::NoTokens);
    }
    let gemm = OpWork::Gemm(GemmShape {
        m: 16,
        n: 64,
        k: 64,
        groups: 1,
        tile_m: 16,
        tile_n: 16,
        cluster: weftscope_engine::plan::Cluster::Alone,
        split_k: 1,
        epilogue: weftscope_engine::plan::Epilogue::Plain,
        persistent_sms: None,
    });
    let all_reduce = OpWork::Collective(CollectiveShape {
        collective: Collective::AllReduce,
        transport: Transport::P2p,
        message_bytes: 2048.0,
        copies: None,
    });
    let strategy = spec.knobs.strategy;
    let decision = Decision::of(strategy);
    let op = |id, role, stream, deps: &[u32], phase, work| Op {
        id: OpId(id),
        role,
        stream,
        deps: deps.iter().copied().map(OpId).collect(),
        tiles: None,
        layer: Some(0),
        split: Split::Whole,
        phase,
        tokens: 16,
        work,
        grid: 4,
        resources: Resources { threads: 1024, registers: 32, smem_bytes: 1024 },
        flops: 1.0,
        hbm_bytes: 2.0,
        link_bytes: 3.0,
    };
    let reduce = OpRole::Collective(Collective::AllReduce);
    let ops = vec![
        op(0, OpRole::Qkv, StreamId::COMPUTE, &[], Phase::A, gemm.clone()),
        op(1, reduce, StreamId::COMM, &[0], Phase::B, all_reduce),
        op(2, OpRole::OProj, StreamId::COMPUTE, &[], Phase::B, gemm.clone()),
        op(3, OpRole::GateUp, StreamId::COMPUTE, &[1], Phase::C, gemm),
    ];
    Ok(Plan { spec: Arc::new(spec.clone()), ranks: 2, layers: 1, decision, ops })
}

/// Runs op `i` of [`toy_plan`] at `100·i … 100·i + 100` (op 1 and 2 together), `grid` blocks dealt over SMs and slots.
/// Rank 1 is 10 ns late. The clock restarts at 1000 with each iteration.
#[derive(Default)]
pub(crate) struct Toy {
    /// Number of the iteration that breaks off half way.
    pub(crate) fail_at: Option<u64>,
}

impl Executor for Toy {
    fn run(
        &mut self,
        plan: &Arc<Plan>,
        iteration: u64,
        observer: &mut dyn Observer,
    ) -> Result<IterationTime, ExecError> {
        observer.begin(plan, iteration, &[Some(50), None, Some(50), Some(60)]);
        for rank in 0..plan.ranks {
            for op in &plan.ops {
                let at = [0, 1, 1, 2][op.id.0 as usize];
                let start_ns = 1000 + 100 * at + 10 * i64::from(rank);
                run_blocks(op, rank, start_ns, observer);
                observer.op(OpRecord { op: op.id, rank, start_ns, end_ns: start_ns + 100 });
            }
            if self.fail_at == Some(iteration) {
                return Err(ExecError::Unsupported("told to fail".to_owned()));
            }
            let counter = CounterRecord { counter: Counter::Hbm, rank, at_ns: 1000, value: 1.5 };
            observer.counters(&[counter]);
        }
        let time = IterationTime { start_ns: 1000, end_ns: 1310 };
        let end =
            IterationEnd { iteration, start_ns: time.start_ns, end_ns: time.end_ns, lost: vec![] };
        observer.end(&end);
        Ok(time)
    }

    fn provenance(&self) -> ExecutorInfo {
        ExecutorInfo::modelled("toy executor")
    }
}

fn run_blocks(op: &Op, rank: u32, start_ns: i64, observer: &mut dyn Observer) {
    for block in 0..op.grid {
        // o_proj runs in the slots above those of the collective.
        let slot = (block / 2) as u8 + if op.id.0 == 2 { 2 } else { 0 };
        let record = |start_ns, end_ns, part| BlockRecord {
            start_ns,
            end_ns,
            op: op.id,
            block,
            rank: rank as u16,
            sm: (block % 2) as u16,
            slot,
            part,
        };
        if op.stream == StreamId::COMM {
            observer.blocks(&[
                record(start_ns, start_ns + 20, BlockPart::WaitEntry),
                record(start_ns + 20, start_ns + 100, BlockPart::Run),
            ]);
        } else {
            observer.blocks(&[record(start_ns, start_ns + 100, BlockPart::Run)]);
        }
    }
}
