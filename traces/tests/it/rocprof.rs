//! Documents of `rocprofv3 --output-format json`: one that is whole, and what becomes of damaged ones.

use serde_json::Value;
use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::stream::silent;
use weftscope_traces::{ArgValue, OpenOptions, Provenance, Trace, open, sniff};

use crate::view::lines;

/// One process on one GPU, as the tool writes it.
pub(crate) const DOCUMENT: &str = include_str!("rocprof.json");

fn opened(text: &[u8]) -> Trace {
    open(text, &OpenOptions::default(), &mut silent).expect("it opens")
}

const ALL: [&str; 10] = [
    "marks: 2000 3500 iteration 4",
    "stream 2: 2000 3000 Cijk_Alik_Bljk_BBS_BH",
    "stream 2: 4000 4500 Cijk_Alik_Bljk_BBS_BH",
    "stream 3: 2500 3500 ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)",
    "stream 3: 3600 3700 MEMORY_COPY_DEVICE_TO_HOST",
    "stream 3: 3800 3900 MEMORY_COPY_DEVICE_TO_DEVICE",
    "thread 909: 1100 1200 hipLaunchKernel",
    "thread 909: 1300 1400 ncclAllReduce",
    "thread 909: 1600 1600 here",
    "thread 909: 900 1900 iteration 4",
];

#[test]
fn kernels_copies_calls_and_marks() {
    let trace = opened(DOCUMENT.as_bytes());
    assert_eq!(sniff(DOCUMENT.as_bytes()).map(|format| format.name), Some("rocprofv3 JSON"));
    let source = "rocprofv3 (ROCprofiler-SDK)".to_owned();
    assert_eq!(trace.meta.provenance, Provenance::Measured { source });
    assert_eq!(lines(&trace), ALL);
    let gpu = &trace.meta.ranks[0];
    assert_eq!(
        (gpu.rank, gpu.device.name.as_str(), gpu.device.sms),
        (0, "AMD Instinct MI350X", 256)
    );
    let reports = Reports::of(&Ops::of(&trace, &Config::default()));
    let total = &reports.overlap.ranks[0].total;
    // Two kernels; the collective and the copy from the other GPU; half of the collective beside a kernel.
    assert_eq!((total.compute_ns, total.comm_ns, total.overlap_ns), (1500, 1100, 500));
    let mut arrows: Vec<_> = trace
        .flows
        .iter()
        .map(|flow| {
            [flow.from, flow.to].map(|end| trace.lane(end.lane).slices.start_ns[end.index as usize])
        })
        .collect();
    arrows.sort_unstable();
    assert_eq!(arrows, [[1100, 2000], [1300, 2500]]);
    assert_eq!(trace.diagnostics.remarks["records of pc_sample_host_trap, not read"], 2);
}

#[test]
fn arguments_of_a_kernel() {
    let trace = opened(DOCUMENT.as_bytes());
    let of = |start_ns: i64| {
        let found = trace.lanes.iter().find_map(|lane| {
            let slices = &lane.slices;
            let is_kernel = |&row: &usize| {
                slices.start_ns[row] == start_ns
                    && trace.label(slices.label[row]).name.starts_with("Cijk")
            };
            (0..slices.len()).find(is_kernel).map(|row| trace.args.get(slices.args[row]))
        });
        found.expect("it is there")
    };
    let text = |text: &str| ArgValue::Text(text.to_owned());
    let args = of(2000);
    for (key, value) in [
        ("grid", text("[8, 2, 1]")),
        ("block", text("[256, 1, 1]")),
        ("registers per thread", ArgValue::Int(128)),
        ("shared memory", ArgValue::Int(65_536)),
        ("region", text("layer 3")),
        ("queue", ArgValue::Int(18)),
        ("SQ_WAVES", ArgValue::Int(64)),
    ] {
        assert!(args.contains(&(key.to_owned(), value.clone())), "{key} {value:?} in {args:?}");
    }
    assert!(of(4000).contains(&("SQ_WAVES".to_owned(), ArgValue::Float(1.5))));
}

/// Oracle: the records counted by another parser of JSON.
#[test]
fn every_record_is_a_slice_or_is_counted() {
    let document: Value = serde_json::from_str(DOCUMENT).expect("valid JSON");
    let process = &document["rocprofiler-sdk-tool"][0];
    let lists = process["buffer_records"].as_object().expect("lists");
    let records = |key: &str| lists[key].as_array().map_or(0, Vec::len) as u64;
    let drawn: u64 =
        lists.keys().filter(|key| !key.starts_with("pc_")).map(|key| records(key)).sum();
    let trace = opened(DOCUMENT.as_bytes());
    let lost: u64 = trace.diagnostics.counts.values().sum();
    // An iteration comes of a range, and a kernel is told by its counters alone.
    assert_eq!(trace.num_slices() as u64 + lost, drawn + 1 + 1, "{:?}", trace.diagnostics);
    assert_eq!(trace.diagnostics.counts["records that end before they start"], 1);
}

/// The order of a process's pairs says nothing: names may stand behind what they name.
#[test]
fn sorted_keys_and_indents_change_nothing() {
    // An object of this parser keeps its keys sorted.
    let document: Value = serde_json::from_str(DOCUMENT).expect("valid JSON");
    let text = serde_json::to_string_pretty(&document).expect("text");
    assert!(text.find("buffer_records") < text.find("kernel_symbols"));
    assert_eq!(lines(&opened(text.as_bytes())), ALL);
}

#[test]
fn processes_of_one_document_are_ranks() {
    let process =
        &DOCUMENT[DOCUMENT.find('[').expect("an array") + 1..DOCUMENT.rfind(']').expect("its end")];
    let other = process.replace("\"pid\":908", "\"pid\":1000").replace("37946", "37999");
    let other = other.replace(
        "\"logical_node_type_id\":0,\"mem_banks\"",
        "\"logical_node_type_id\":5,\"mem_banks\"",
    );
    let trace = opened(format!("{{\"rocprofiler-sdk-tool\":[{process},{other}]}}").as_bytes());
    let ranks: Vec<u32> = trace.meta.ranks.iter().map(|rank| rank.rank).collect();
    assert_eq!(ranks, [0, 5]);
    assert_eq!(lines(&trace).len(), 20);
    assert_eq!(trace.flows.len(), 4);
}

#[test]
fn damage_costs_what_is_damaged() {
    // A kernel's name in bytes that are no UTF-8, a number that is none, a record that is none.
    let mut bytes = DOCUMENT.as_bytes().to_vec();
    let at = DOCUMENT.find("Cijk_Alik").expect("a name");
    bytes[at + 2] = 0x8d;
    let trace = opened(&bytes);
    assert_eq!(trace.num_slices(), 10);
    for (from, to, slices, cause) in [
        ("\"bytes\":4096", "\"bytes\":nan", 10, "values that are none in JSON"),
        ("\"start_timestamp\":2500", "\"start_timestamp\":nan", 9, "records without start or end"),
        (
            "{\"size\":80,\"kind\":3,\"operation\":1",
            "{\"size\":80,\"kind\":3,\"operation\"?1",
            9,
            "records that are not valid JSON",
        ),
        ("{\"inst_index\":0}", "7", 10, "elements that are no record"),
        (
            "\"memory_copy\":[{\"size\":80",
            "\"memory_copy\":[\u{1}{\"size\":80",
            10,
            "elements that are no record",
        ),
    ] {
        let text = DOCUMENT.replacen(from, to, 1);
        assert_ne!(text, DOCUMENT);
        let trace = opened(text.as_bytes());
        assert_eq!(trace.num_slices(), slices, "{to}: {:?}", trace.diagnostics);
        assert!(trace.diagnostics.counts.contains_key(cause), "{to}: {:?}", trace.diagnostics);
    }
    // Cut inside the copies: what stands before is there, and it is said.
    let cut = DOCUMENT.find("\"bytes\":8192").expect("a copy");
    let trace = opened(&DOCUMENT.as_bytes()[..cut]);
    assert_eq!(trace.num_slices(), 9);
    assert_eq!(trace.diagnostics.counts["records cut off by the end of the file"], 1);
    let error = open(&DOCUMENT.as_bytes()[..40], &OpenOptions::default(), &mut silent).unwrap_err();
    assert!(error.to_string().contains("no record that can be used"), "{error}");
}

/// Flipped bytes may give anything but a panic.
#[test]
fn damage_never_panics() {
    let mut random = 4242_u64;
    for _ in 0..400 {
        let mut damaged = DOCUMENT.as_bytes().to_vec();
        for _ in 0..4 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (random >> 33) as usize % (damaged.len() - 30) + 30;
            damaged[at] = (random >> 24) as u8;
        }
        if let Ok(trace) = open(&damaged[..], &OpenOptions::default(), &mut silent) {
            let _asked = Reports::of(&Ops::of(&trace, &Config::default()));
        }
    }
}
