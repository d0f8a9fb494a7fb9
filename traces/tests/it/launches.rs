//! Who launched what in Kineto's JSON: by arrows, by correlation ids, or by both.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use weftscope_testkit as testkit;
use weftscope_traces::analysis::{Config, Ops, accounts};
use weftscope_traces::stream::silent;
use weftscope_traces::{FlowKind, OpenOptions, Trace, open};

/// A real recording without the events that `is_left_out` says.
pub(crate) fn without(name: &str, is_left_out: impl Fn(&Value) -> bool) -> Trace {
    let mut text = String::new();
    let file = File::open(testkit::recording(name)).expect("the recording can be opened");
    GzDecoder::new(file).read_to_string(&mut text).expect("the recording can be unpacked");
    let mut json: Value = serde_json::from_str(&text).expect("the recording is JSON");
    let events = json["traceEvents"].as_array_mut().expect("it has events");
    let before = events.len();
    events.retain(|event| !is_left_out(event));
    assert!(events.len() < before, "{name}: nothing was left out");
    import(&json, name)
}

fn import(json: &Value, name: &str) -> Trace {
    let options = OpenOptions { title: name.to_owned(), ..OpenOptions::default() };
    open(json.to_string().as_bytes(), &options, &mut silent).expect("still a recording")
}

/// Launches as names and starts of both ends.
fn launches(trace: &Trace) -> BTreeSet<[(String, i64); 2]> {
    let end = |slice| (trace.label_of(slice).name.clone(), trace.span_of(slice).start_ns);
    let launches = trace.flows.iter().filter(|flow| flow.kind == FlowKind::Launch);
    launches.map(|flow| [end(flow.from), end(flow.to)]).collect()
}

/// Oracle: the arrows that the recorder drew; kernels, copies and sets were counted in the JSON by hand.
#[test]
fn correlation_ids_tell_the_launches_that_arrows_tell() {
    for (name, count) in [
        ("sequential_rank0", 222),
        ("sequential_rank1", 222),
        ("weave_rank0", 438),
        ("weave_rank1", 438),
    ] {
        let with = crate::recorded::recording(name);
        let without = without(name, |event| event["cat"] == "ac2g");
        assert_eq!(launches(&without), launches(&with), "{name}");
        assert_eq!(launches(&with).len(), count, "{name}");
        let idle = |trace| accounts(&Ops::of(trace, &Config::default())).ranks[0].idle;
        assert_eq!(idle(&without), idle(&with), "{name}");
    }
}

/// Both processes count from 1. Of one kernel the launch is not there, another has no id; what synchronises has the id of
/// what it waited for, and launched nothing.
#[test]
fn an_id_is_looked_up_in_the_process_of_its_rank() {
    let of = |rank: u32, id: u32, at: u32| {
        format!(
            r#"{{"ph":"X","cat":"cuda_runtime","name":"cudaLaunchKernel","pid":"[TP0{rank}] 41","tid":5,"ts":{at},"dur":2,"args":{{"correlation":{id}}}}},
               {{"ph":"X","cat":"cuda_sync","name":"Stream Sync","pid":"[TP0{rank}] 41","tid":6,"ts":{at},"dur":90,"args":{{"correlation":{id}}}}},
               {{"ph":"X","cat":"kernel","name":"k{rank}{id}","pid":"[TP0{rank}] 0","tid":7,"ts":{},"dur":5,"args":{{"device":0,"stream":7,"correlation":{id}}}}}"#,
            at + 20
        )
    };
    let kernel = |rank: u32, id: u32, at: u32| {
        format!(
            r#"{{"ph":"X","cat":"kernel","name":"k{rank}{id}","pid":"[TP0{rank}] 0","tid":7,"ts":{at},"dur":5,"args":{{"device":0,"stream":7,"correlation":{id}}}}}"#
        )
    };
    let events = [
        of(0, 1, 10),
        of(1, 1, 12),
        of(1, 2, 30),
        of(0, 2, 31),
        kernel(0, 9, 80),
        kernel(1, 0, 90),
    ];
    let json: Value = serde_json::from_str(&format!("[{}]", events.join(","))).expect("JSON");
    let trace = import(&json, "two");
    let us = |at: i64| at * 1000;
    let expected = [(10, "k01", 30), (12, "k11", 32), (30, "k12", 50), (31, "k02", 51)].map(
        |(call, name, at)| [("cudaLaunchKernel".into(), us(call - 10)), (name.into(), us(at - 10))],
    );
    assert_eq!(launches(&trace), BTreeSet::from(expected));
    let remarks = &trace.diagnostics.remarks;
    assert_eq!(remarks.get("GPU work whose launch is not in the file"), Some(&1), "{remarks:?}");
}
