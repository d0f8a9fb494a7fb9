//! Plans as files: what was written is read back and simulates alike; what is wrong is named by op and field.

use std::sync::Arc;

use serde_json::{Value, json};
use weftscope_engine::{
    batch::Batch,
    executor::{Executor, IterationTime},
    machine, model,
    observer::{BlockRecord, Observer, OpRecord},
    plan::{Plan, plan},
    sim::Simulator,
    spec::{Chooser, Knobs, RunSpec, SplitChoice, StrategyKind, Transport},
};

/// Everything that a simulation says of an iteration.
#[derive(Default, PartialEq)]
struct Heard {
    ops: Vec<OpRecord>,
    blocks: Vec<BlockRecord>,
}

impl Observer for Heard {
    fn op(&mut self, record: OpRecord) {
        self.ops.push(record);
    }

    fn blocks(&mut self, records: &[BlockRecord]) {
        self.blocks.extend_from_slice(records);
    }
}

fn simulated(plan: &Plan) -> (IterationTime, Heard) {
    let plan = Arc::new(plan.clone());
    let mut heard = Heard::default();
    let time = Simulator::new(&plan.spec.machine).run(&plan, 0, &mut heard).expect("it runs");
    (time, heard)
}

fn spec(model: &str, machine: &str, strategy: StrategyKind, batch: &str) -> RunSpec {
    let machine = machine::builtin(machine).expect("it ships");
    let transport = match machine.link.multimem_bytes_per_s {
        Some(_) => Transport::Multimem,
        None => Transport::P2p,
    };
    let knobs = Knobs {
        tp: machine.gpus.min(8),
        shard_of: Some(8),
        strategy,
        transport,
        split: SplitChoice::Auto(Chooser::WaveModel),
        layers: Some(2),
        ..Knobs::default()
    };
    let batch: Batch = batch.parse().expect("a batch");
    RunSpec { model: model::builtin(model).expect("it ships"), machine, batch, knobs }
}

#[test]
fn every_plan_reads_back_and_simulates_alike() {
    let mut ran = 0;
    for (model, machine) in [
        ("llama-3.3-70b", "h100x8"),
        ("llama-3.3-70b", "h200x2"),
        ("qwen2.5-72b", "h100x4"),
        ("mixtral-8x22b", "h100x8"),
        ("qwen3-235b-a22b", "h200x2"),
    ] {
        for strategy in StrategyKind::ALL {
            for batch in ["2048", "3x300, 16xd1500"] {
                let built = plan(&spec(model, machine, strategy, batch)).expect("a plan");
                let text = built.to_json().expect("it has a JSON form");
                let read = Plan::from_json(&text).expect("it reads back");
                assert!(read == built, "{model} on {machine}, {strategy:?}, {batch}");
                assert_eq!(read.to_json().expect("as before"), text);
                let ((time, heard), (time_read, heard_read)) =
                    (simulated(&built), simulated(&read));
                assert_eq!(time, time_read);
                assert!(!heard.blocks.is_empty() && heard == heard_read);
                ran += 1;
            }
        }
    }
    assert_eq!(ran, 70);
}

fn small() -> Value {
    let plan = plan(&spec("llama-3.3-70b", "h100x8", StrategyKind::Default, "512"));
    let text = plan.expect("a plan").to_json().expect("it has a JSON form");
    serde_json::from_str(&text).expect("JSON")
}

fn refused(change: impl FnOnce(&mut Value)) -> String {
    let mut file = small();
    change(&mut file);
    Plan::from_json(&file.to_string()).expect_err("it is refused").to_string()
}

#[test]
fn what_is_wrong_is_named_by_op_and_field() {
    let qkv = small()["ops"].as_array().expect("ops").iter().position(|op| op["role"] == "qkv");
    let qkv = qkv.expect("every layer has one");
    let at = format!("op {qkv} (qkv), ");
    let field = |field: &'static str, value: Value| refused(|file| file["ops"][qkv][field] = value);
    assert!(field("grid", json!("many")).starts_with(&format!("{at}grid: invalid type")));
    assert_eq!(
        field("grid", json!(7)),
        format!(
            "{at}grid: it is 7, but work of this shape has {} blocks",
            small()["ops"][qkv]["grid"]
        )
    );
    assert!(field("colour", json!(1)).contains("unknown field `colour`"));
    assert_eq!(
        field("after", json!([qkv])),
        format!(
            "{at}after: it names op {qkv}, which stands no earlier; an op waits for ops before it"
        )
    );
    assert!(field("stream", json!("copy")).contains("\"copy\" is none of compute, comm"));
    assert!(field("layer", json!(2)).ends_with("layer: the plan runs layers 0 to 1"));
    assert!(field("flops", json!(-1.0)).contains("flops: it is -1"));
    let inner = refused(|file| file["ops"][qkv]["work"]["gemm"]["m"] = json!(-3));
    assert!(inner.starts_with(&format!("{at}work.gemm.m: ")), "{inner}");
    let gone = refused(|file| {
        file["ops"][qkv].as_object_mut().expect("an op").remove("tokens");
    });
    assert!(gone.contains("missing field `tokens`"), "{gone}");
    assert_eq!(refused(|file| file["ops"] = json!([])), "ops: there is none");
    assert_eq!(refused(|file| file["hue"] = json!(1)), "hue: there is no such field in a plan");
    let slip = refused(|file| file["spec"]["knobs"]["seeed"] = json!(1));
    assert_eq!(slip, "spec.knobs.seeed: there is no such field");
    assert!(refused(|file| file["version"] = json!(2)).contains("a plan of version 2"));
    assert!(refused(|file| file["format"] = json!("x")).contains("\"format\" is \"x\""));
    assert!(Plan::from_json("{").expect_err("cut off").to_string().starts_with("no plan: "));
}

/// A schedule of one's own: fewer fields are enough, and what it changes is what runs.
#[test]
fn a_plan_without_its_collectives_is_faster_and_one_of_defaults_reads() {
    let whole =
        plan(&spec("llama-3.3-70b", "h100x8", StrategyKind::Default, "512")).expect("a plan");
    let mut file = small();
    let ops = file["ops"].as_array_mut().expect("ops");
    ops.retain(|op| op["work"].get("collective").is_none());
    for (index, op) in ops.iter_mut().enumerate() {
        let op = op.as_object_mut().expect("an op");
        op.insert("after".to_owned(), json!(if index > 0 { vec![index - 1] } else { Vec::new() }));
        for optional in ["op", "split", "phase", "link_bytes"] {
            op.remove(optional);
        }
    }
    file["schedule"] = json!({ "runs": "default", "name": "no talking" });
    let read = Plan::from_json(&file.to_string()).expect("a plan");
    assert_eq!(read.decision.name(), "no talking");
    let length = |plan: &Plan| {
        let (time, _) = simulated(plan);
        time.end_ns - time.start_ns
    };
    assert!(length(&read) < length(&whole) * 95 / 100);
}
