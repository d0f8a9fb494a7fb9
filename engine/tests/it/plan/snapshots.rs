//! Plans as text, one per strategy and per rule that changes a schedule.

use weftscope_engine::{
    model::{Ffn, ModelShape, Moe},
    plan::{CollectiveShape, OpWork, plan},
    spec::{Chooser, RunSpec, SplitChoice, StrategyKind, Transport},
};

use crate::support;

/// Two layers of a model over 4096 tokens of one prefill.
fn two_layers(model: &str, strategy: StrategyKind) -> RunSpec {
    let mut spec = support::spec(model, strategy, 4096);
    spec.knobs.layers = Some(2);
    spec.knobs.split = SplitChoice::Auto(Chooser::Table);
    spec
}

fn text(spec: &RunSpec) -> String {
    plan(spec).expect("a plan").to_string()
}

#[test]
fn each_strategy_on_llama() {
    for strategy in StrategyKind::ALL {
        let spec = two_layers("llama-3.3-70b", strategy);
        insta::assert_snapshot!(format!("llama_{}", strategy.name()), text(&spec));
    }
}

#[test]
fn experts() {
    let mut spec = two_layers("mixtral-8x22b", StrategyKind::TokenWeave);
    spec.knobs.split = SplitChoice::Auto(Chooser::WaveModel);
    spec.knobs.layers = Some(1);
    insta::assert_snapshot!("mixtral_tokenweave", text(&spec));
    let mut spec = two_layers("qwen3-235b-a22b", StrategyKind::Multimem);
    spec.knobs.layers = Some(1);
    insta::assert_snapshot!("qwen3_multimem", text(&spec));
    // Our own kernels: rows are brought into the order of their experts, gates are an epilogue's.
    let mut spec = two_layers("mixtral-8x22b", StrategyKind::FuseOnly);
    spec.machine = weftscope_engine::machine::builtin("h200x2").unwrap();
    spec.knobs.transport = Transport::P2p;
    spec.knobs.layers = Some(1);
    (spec.knobs.tp, spec.knobs.shard_of) = (2, Some(8));
    insta::assert_snapshot!("mixtral_own_kernels", text(&spec));
    // Qwen2-57B-A14B: every token also goes to a shared expert.
    let shared = Ffn::Moe(Moe {
        experts: 64,
        top_k: 8,
        intermediate: 2560,
        shared_intermediate: 20_480,
        renormalise: false,
    });
    let mut spec = two_layers("qwen2.5-72b", StrategyKind::NoComm);
    spec.model = ModelShape {
        name: "qwen2-57b-a14b".to_owned(),
        hidden: 3584,
        layers: 28,
        heads: 28,
        kv_heads: 4,
        ffn: shared,
        ..spec.model
    };
    spec.knobs.tp = 4;
    spec.knobs.layers = Some(1);
    insta::assert_snapshot!("shared_expert_nocomm", text(&spec));
}

#[test]
fn hybrid_batch_with_a_cut_request() {
    let mut spec = two_layers("llama-3.3-70b", StrategyKind::TokenWeave);
    spec.knobs.layers = Some(1);
    spec.batch = "64xdecode@1500, 700@1024, 1500".parse().unwrap();
    insta::assert_snapshot!("llama_hybrid_cut", text(&spec));
}

#[test]
fn fallbacks_say_why() {
    let mut spec = two_layers("llama-3.3-70b", StrategyKind::TokenWeave);
    spec.knobs.layers = Some(1);
    spec.batch = "1000".parse().unwrap();
    insta::assert_snapshot!("llama_below_threshold", text(&spec));
    spec.batch = "32xdecode@2000".parse().unwrap();
    spec.knobs.strategy = StrategyKind::Multimem;
    spec.machine.link.multimem_bytes_per_s = None;
    insta::assert_snapshot!("llama_decode_without_multicast", text(&spec));
}

#[test]
fn transports() {
    let transports = |strategy, transport| {
        let mut spec = two_layers("llama-3.3-70b", strategy);
        spec.knobs.transport = transport;
        let plan = plan(&spec).expect("a plan");
        let line = |op: &&weftscope_engine::plan::Op| op.link_bytes > 0.0 && op.layer == Some(1);
        let op = plan.ops.iter().find(line).expect("a collective");
        let name = format!("{} over {}", strategy.name(), transport.name());
        let OpWork::Collective(CollectiveShape { collective, transport, message_bytes, .. }) =
            op.work
        else {
            panic!("only collectives have link bytes")
        };
        let work = format!(
            "Collective {{ collective: {collective:?}, transport: {transport:?}, message_bytes: {message_bytes:?} }}"
        );
        let does = format!("{} {work} grid {}, {:.1} MB", op.role, op.grid, op.link_bytes / 1e6);
        format!("{name}: {does}; {}\n", plan.decision.reason)
    };
    let mut lines = String::new();
    for strategy in [StrategyKind::Default, StrategyKind::Multimem, StrategyKind::TokenWeave] {
        for transport in Transport::ALL {
            lines += &transports(strategy, transport);
        }
    }
    insta::assert_snapshot!("transports", lines);
}
