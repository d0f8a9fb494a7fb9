//! Overlap of real recordings (two H200s, one Llama-shaped layer, with and without a weave), against figures that an
//! independent script computed from the same files.

use weftscope_traces::{
    Trace,
    analysis::{Config, MatchMethod, Ops, OverlapReport, Statistics, WaitMethod, overlap, skew},
    edit::merge,
};

use crate::recorded::recording;

fn recordings() -> [Trace; 4] {
    ["sequential_rank0", "sequential_rank1", "weave_rank0", "weave_rank1"].map(recording)
}

#[test]
fn overlap_of_each_file_alone() {
    let traces = recordings();
    let figures = traces.iter().map(|trace| {
        let report = overlap(&Ops::of(trace, &Config::default()));
        report.ranks[0].total
    });
    let got: Vec<_> =
        figures.map(|f| (f.span_ns, f.compute_ns, f.comm_ns, f.overlap_ns, f.wait_ns)).collect();
    let expected = [
        (30_129_165, 17_987_439, 7_731_024, 0, None),
        (30_105_928, 18_044_602, 8_085_879, 0, None),
        (34_773_369, 20_899_989, 16_299_141, 10_490_660, None),
        (34_770_855, 19_161_264, 6_956_801, 3_329_796, None),
    ];
    assert_eq!(got, expected);
}

#[test]
fn opened_together_the_excess_of_rank_0_is_waiting() {
    let traces = recordings();
    let all: Vec<&Trace> = traces.iter().collect();
    let ops = Ops::together(&all, &Config::default());
    let reports: Vec<OverlapReport> = ops.iter().map(overlap).collect();
    let waits: Vec<_> = reports.iter().map(|report| report.ranks[0].total.wait_ns).collect();
    assert_eq!(waits, [2_112_320, 2_304_373, 9_736_827, 0].map(Some));
    assert!(reports.iter().all(|report| report.ranks[0].wait_method == WaitMethod::Arrival));
    let excess = reports[2].ranks[0].total.comm_ns - reports[3].ranks[0].total.comm_ns;
    assert!(waits[2] > Some(excess), "all that rank 0 takes longer ({excess} ns) is waiting");
}

#[test]
fn merged_into_one_trace_two_recordings_of_one_process_are_one_rank_each() {
    let traces = recordings();
    let merged = merge(traces.into()).expect("four");
    let report = overlap(&Ops::of(&merged, &Config::default()));
    let got: Vec<_> =
        report.ranks.iter().map(|rank| (rank.total.comm_ns, rank.total.wait_ns)).collect();
    // The sums of what the files say apart.
    let expected =
        [(7_731_024 + 16_299_141, 2_112_320 + 9_736_827), (8_085_879 + 6_956_801, 2_304_373)]
            .map(|(comm_ns, wait_ns)| (comm_ns, Some(wait_ns)));
    assert_eq!(got, expected);
    assert!(merged.diagnostics.notes.is_empty(), "{:?}", merged.diagnostics.notes);
}

#[test]
fn rank_1_is_the_straggler_of_the_weave() {
    let traces = recordings();
    let ops = Ops::together(&[&traces[2], &traces[3]], &Config::default());
    let report = skew(&ops[0]);
    assert_eq!((report.straggler, report.method), (Some(1), Some(MatchMethod::Order)));
    assert_eq!((report.collectives.len(), report.unmatched), (48, 0));
    assert_eq!(report.ranks[1].times_last, 48);
}

#[test]
fn gaps_and_late_launches_of_each_file() {
    let traces = recordings();
    let got = traces.iter().map(|trace| {
        let statistics = Statistics::of(&Ops::of(trace, &Config::default()));
        let [rank] = statistics.gaps.ranks[..] else { panic!("one rank a file") };
        (rank.count, rank.total_ns, rank.unlaunched_ns)
    });
    let expected = [
        (221, 4_370_609, Some(3_966_330)),
        (221, 3_934_646, Some(3_554_794)),
        (237, 8_023_617, Some(7_511_159)),
        (366, 11_919_001, Some(11_161_561)),
    ];
    assert_eq!(got.collect::<Vec<_>>(), expected);
}

#[test]
fn the_kernel_with_the_most_time_of_each_file() {
    let traces = recordings();
    let got = traces.iter().map(|trace| {
        let statistics = Statistics::of(&Ops::of(trace, &Config::default()));
        let kernel = &statistics.kernels.kernels[0];
        let count = kernel.durations.count;
        assert_eq!(kernel.histogram.counts.iter().sum::<usize>(), count);
        (count, kernel.durations.total_ns, kernel.median_ns, kernel.quartiles_ns)
    });
    let expected = [
        (36, 12_248_005, 312_893, [100_439.0, 607_609.75]),
        (36, 12_254_541, 312_413, [101_799.0, 605_378.0]),
        (48, 16_299_141, 317_933, [269_229.0, 412_035.25]),
        (24, 7_863_320, 326_861, [299_317.0, 356_508.25]),
    ];
    assert_eq!(got.collect::<Vec<_>>(), expected);
}

#[test]
fn exposed_ops_of_each_file_sum_to_its_exposed_communication() {
    let traces = recordings();
    for trace in &traces {
        let ops = Ops::of(trace, &Config::default());
        let exposed = Statistics::of(&ops).exposed;
        let sum_ns: i64 = exposed.most.iter().map(|op| op.exposed_ns).sum();
        assert_eq!((exposed.most.len(), sum_ns), (exposed.count, exposed.ranks[0].exposed_ns));
        assert_eq!(sum_ns, overlap(&ops).ranks[0].total.exposed_comm_ns);
    }
}
