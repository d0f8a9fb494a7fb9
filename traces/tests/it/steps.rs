//! Iterations of real recordings: Kineto's marks on the GPU cover one stream, and what ends each step runs on another.

use serde_json::Value;
use weftscope_traces::Trace;
use weftscope_traces::analysis::{
    CompareConfig, Config, IterationOverlap, Ops, accounts, compare, exposed, lengths_ns, overlap,
};
use weftscope_traces::edit::merge;

use crate::launches::without;
use crate::recorded::recording;

const WEAVE: [&str; 2] = ["weave_rank0", "weave_rank1"];

/// Computed apart from the JSON, on exact decimals: of the 146 ops that were launched inside each of the host's steps, by
/// correlation, the span, and unions of communication, computation and communication alone, in ns.
const RIGHT: [[[i64; 4]; 3]; 2] = [
    [
        [11_686_482, 5_183_950, 6_938_658, 1_850_089],
        [11_220_182, 4_405_397, 6_796_764, 1_683_083],
        [11_605_331, 6_709_794, 7_164_567, 2_275_309],
    ],
    [
        [11_685_078, 2_294_283, 6_369_030, 1_210_002],
        [11_204_859, 2_337_480, 6_398_025, 1_202_100],
        [11_599_704, 2_325_038, 6_394_209, 1_214_903],
    ],
];

fn iterations(trace: &Trace) -> Vec<IterationOverlap> {
    overlap(&Ops::of(trace, &Config::default())).ranks.remove(0).iterations
}

fn figures(iterations: &[IterationOverlap]) -> Vec<[i64; 4]> {
    let of = |it: &IterationOverlap| {
        let it = &it.figures;
        [it.span_ns, it.comm_ns, it.compute_ns, it.exposed_comm_ns]
    };
    iterations.iter().map(of).collect()
}

/// Whatever a file has left of arrows and of marks on the GPU.
#[test]
fn a_step_has_all_that_its_host_launched() {
    let is = |event: &Value, category: &str| event["cat"] == category;
    for (name, right) in WEAVE.into_iter().zip(RIGHT) {
        let files = [
            recording(name),
            without(name, |event| is(event, "ac2g")),
            without(name, |event| is(event, "gpu_user_annotation")),
            without(name, |event| is(event, "ac2g") || is(event, "gpu_user_annotation")),
        ];
        for trace in files {
            let all = iterations(&trace);
            assert_eq!(figures(&all), right, "{name}");
            let names: Vec<&str> = all.iter().map(|it| it.iteration.name.as_str()).collect();
            assert_eq!(names, ["ProfilerStep#1", "ProfilerStep#2", "ProfilerStep#3"]);
            // A mark may begin a ns before its first kernel: both are rounded.
            for (it, [span_ns, ..]) in all.iter().zip(right) {
                let more_ns = it.iteration.span.len_ns() - span_ns;
                assert!((0..=2).contains(&more_ns), "{name}: {more_ns}");
            }
            let ops = Ops::of(&trace, &Config::default());
            assert_eq!(accounts(&ops).ranks[0].outside, None);
            let counts = ops.ranks[0].iterations.iter().map(|it| {
                let is_own =
                    |op: &&weftscope_traces::analysis::GpuOp| op.iteration == Some(it.index as u32);
                ops.ranks[0].ops.iter().filter(is_own).count()
            });
            assert_eq!(counts.collect::<Vec<_>>(), [146; 3], "{name}");
        }
    }
}

/// Nothing of it is in no iteration: 9435.486 µs over both ranks, where it was 7840.
#[test]
fn exposed_communication_of_all_iterations_is_that_of_the_recording() {
    let trace = merge(WEAVE.map(recording).into()).expect("two ranks");
    let report = overlap(&Ops::of(&trace, &Config::default()));
    let of_iterations = report.ranks.iter().flat_map(|rank| &rank.iterations);
    let sum_ns: i64 = of_iterations.map(|it| it.figures.exposed_comm_ns).sum();
    let all_ns: i64 = report.ranks.iter().map(|rank| rank.total.exposed_comm_ns).sum();
    assert_eq!((sum_ns, all_ns), (9_435_486, 9_435_486));
    let most = exposed(&Ops::of(&trace, &Config::default())).most;
    assert!(most.len() > 10 && most.iter().all(|op| op.iteration.is_some()));
}

/// Without a word on who launched what, an op is in the mark in which it starts; the three collectives behind the marks
/// are in none, and that is said.
#[test]
fn what_nothing_tells_is_counted() {
    for (name, [total_ns, exposed_ns]) in
        WEAVE.into_iter().zip([[1_199_701, 1_199_701], [395_803, 395_803]])
    {
        let trace = without(name, |event| {
            event["cat"] == "ac2g"
                || event["cat"] == "cuda_runtime"
                || event["cat"] == "cuda_driver"
        });
        let accounts = accounts(&Ops::of(&trace, &Config::default()));
        let outside = accounts.ranks[0].outside.expect("three collectives");
        assert_eq!((outside.ops, outside.untold, outside.comm_ops), (3, 3, 3), "{name}");
        assert_eq!([outside.total_ns, outside.exposed_comm_ns], [total_ns, exposed_ns], "{name}");
        let mut diagnostics = trace.diagnostics.clone();
        accounts.note_outside(&mut diagnostics);
        assert_eq!(diagnostics.counts.values().sum::<u64>(), 3, "{diagnostics:?}");
    }
}

/// By the spans above, and those of the sequential recording, whose marks are right: mean of the ranks, then the median:
/// 11.603 ms against 10.510.
#[test]
fn comparisons_have_whole_iterations() {
    let sequential = ["sequential_rank0", "sequential_rank1"];
    let [before, after] =
        [sequential, WEAVE].map(|names| merge(names.map(recording).into()).expect("two ranks"));
    let [before, after] = [&before, &after].map(|trace| Ops::of(trace, &Config::default()));
    let report = compare(&before, &after, CompareConfig::default());
    let ratio = report.iteration_ratio.expect("both take time");
    assert!((ratio - 11_602_517.5 / 10_510_425.5).abs() < 1e-5, "{ratio}");
    let is_nccl = |name: &str| name.starts_with("nccl");
    let both =
        report.both.iter().filter(|row| is_nccl(&row.op.name)).map(|row| row.durations[1].count);
    let added =
        report.added.iter().filter(|row| is_nccl(&row.op.name)).map(|row| row.durations.count);
    assert_eq!(both.chain(added).sum::<usize>(), 96);
    assert_eq!(lengths_ns(&after).len(), 3);
}

/// Nsight's ranges: the marks on the GPU's time end where the next begins, but a collective that is late, behind the first
/// kernel of the next step, is still of the step that launched it. The copy and the set were launched by nobody known.
#[test]
fn steps_of_nvtx_may_overlap_on_the_gpu() {
    let mut database = crate::nsight::of_2026();
    let late = "UPDATE CUPTI_ACTIVITY_KIND_KERNEL SET start = 3100, end = 3500 WHERE correlationId = 12 AND deviceId = 0
        AND start = 1500";
    assert_eq!(database.execute(late, []), Ok(1));
    let bytes = database.serialize(rusqlite::MAIN_DB).expect("bytes").to_vec();
    let options = weftscope_traces::OpenOptions::default();
    let trace = weftscope_traces::open(&*bytes, &options, &mut weftscope_traces::stream::silent);
    let trace = trace.expect("a report");
    let ops = Ops::of(&trace, &Config::default());
    let rank = &ops.ranks[0];
    let spans: Vec<_> = rank
        .iterations
        .iter()
        .map(|it| (it.name.as_str(), it.span.start_ns, it.span.end_ns))
        .collect();
    assert_eq!(spans, [("iteration 1", 1000, 3500), ("iteration 2", 3000, 4000)]);
    let of: Vec<_> = rank.ops.iter().map(|op| (op.span.start_ns, op.iteration)).collect();
    let expected = [(100, None), (250, None), (1000, Some(0)), (3000, Some(1)), (3100, Some(0))];
    assert_eq!(of, expected);
    let account = accounts(&ops).ranks.remove(0);
    let outside = account.outside.expect("a copy and a set");
    assert_eq!((outside.ops, outside.untold, account.shared_ns), (2, 2, 500));
}
