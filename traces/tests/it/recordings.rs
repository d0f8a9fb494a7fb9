//! The real recordings: two ranks of a 70B layer stack, sequential and woven.

use weftscope_traces::edit::merge;
use weftscope_traces::{FlowKind, Kind, Trace, TrackKind};

use crate::recorded::recording;

/// Of one rank's streams, in ns: time with communication, with computation, with both; computation is what `computes`
/// says. By walking every edge.
fn overlap(trace: &Trace, rank: u32, computes: fn(Kind) -> bool) -> [i64; 3] {
    let mut edges: Vec<(i64, i32, i32)> = Vec::new();
    for lane in &trace.lanes {
        let TrackKind::Stream { rank: r, .. } = trace.track(lane.track).kind else { continue };
        for index in 0..lane.slices.len() {
            let kind = trace.label(lane.slices.label[index]).kind;
            let span = lane.slices.span(index);
            let (comm, compute) = (i32::from(kind.is_comm()), i32::from(computes(kind)));
            if r == rank && comm + compute > 0 {
                edges.push((span.start_ns, comm, compute));
                edges.push((span.end_ns, -comm, -compute));
            }
        }
    }
    edges.sort_unstable();
    let (mut comm, mut compute, mut last) = (0, 0, 0);
    let mut sums_ns = [0; 3];
    for (at, comm_step, compute_step) in edges {
        let runs = [comm > 0, compute > 0, comm > 0 && compute > 0];
        for (sum_ns, runs) in sums_ns.iter_mut().zip(runs) {
            *sum_ns += if runs { at - last } else { 0 };
        }
        comm += comm_step;
        compute += compute_step;
        last = at;
    }
    sums_ns
}

#[test]
fn overlap_of_the_recordings_is_the_published_one() {
    for (name, rank, comm_ns, percent) in [
        ("sequential_rank0", 0, 7_731_024, 0.0),
        ("sequential_rank1", 1, 8_085_879, 0.0),
        ("weave_rank0", 0, 16_299_141, 64.36),
        ("weave_rank1", 1, 6_956_801, 47.86),
    ] {
        let trace = recording(name);
        let [comm, _, both] = overlap(&trace, rank, Kind::is_compute);
        assert_eq!(comm, comm_ns, "{name}");
        let got = 100.0 * both as f64 / comm as f64;
        assert!((got - percent).abs() < 0.01, "{name}: {got}");
    }
}

/// Oracle: TraceLens's table of the GPU's timeline (`TreePerfAnalyzer.get_df_gpu_timeline`, its sources of
/// 21 August 2026), which takes memory sets for computation, in ns. It adds times as floats, so it was given the recordings
/// with times counted from the first whole µs of each, where floats are exact to a ps.
#[test]
fn trace_lens_agrees_on_the_recordings() {
    for (name, rank, comm_ns, exposed_ns, compute_ns) in [
        ("sequential_rank0", 0, 7_731_024, 7_731_024, 18_027_532),
        ("sequential_rank1", 1, 8_085_879, 8_085_879, 18_085_403),
        ("weave_rank0", 0, 16_299_141, 5_766_308, 20_983_444),
        ("weave_rank1", 1, 6_956_801, 3_609_824, 19_242_030),
    ] {
        let [comm, compute, both] = overlap(&recording(name), rank, |kind| !kind.is_comm());
        assert_eq!([comm, comm - both, compute], [comm_ns, exposed_ns, compute_ns], "{name}");
    }
}

#[test]
fn a_recording_becomes_ranks_streams_threads_marks_and_launches() {
    let trace = recording("weave_rank1");
    assert_eq!(trace.meta.world_size, 2);
    assert_eq!(trace.meta.ranks.len(), 1);
    assert_eq!(trace.meta.ranks[0].rank, 1);
    assert_eq!(trace.meta.ranks[0].device.name, "NVIDIA H200");
    assert_eq!(trace.meta.ranks[0].device.sms, 132);
    assert_eq!(trace.meta.provenance.source(), "PyTorch profiler (CUPTI 130001)");
    // First event of the file: ts 4529887881444.880 µs over base 1790857026000000000 ns, down to a µs.
    assert_eq!(trace.meta.base_time_unix_ns, 1_790_857_026_000_000_000 + 4_529_887_881_444_000);
    let streams: Vec<_> = trace
        .tracks
        .iter()
        .filter_map(|t| match t.kind {
            TrackKind::Stream { stream, .. } => Some((stream, t.name.as_str(), t.lanes.len())),
            _ => None,
        })
        .collect();
    assert_eq!(streams, [(7, "stream 7", 1), (17, "stream 17", 1)]);
    let marks = trace.find_track(&TrackKind::Marks { rank: Some(1) }).expect("marks");
    let steps = &trace.lane(trace.track(marks).lanes[0]).slices;
    let names: Vec<_> = steps.label.iter().map(|&l| trace.label(l).name.as_str()).collect();
    assert_eq!(names, ["ProfilerStep#1", "ProfilerStep#2", "ProfilerStep#3"]);
    let gpu_slices = 342 + 96;
    let launches: Vec<_> = trace.flows.iter().filter(|f| f.kind == FlowKind::Launch).collect();
    assert_eq!(launches.len(), gpu_slices);
    for flow in launches {
        let (from, to) = (trace.label_of(flow.from), trace.label_of(flow.to));
        assert_eq!(from.kind, Kind::Host, "{}", from.name);
        assert!(to.kind.is_comm() || to.kind.is_compute() || to.kind == Kind::Memcpy);
        let item = |s: weftscope_traces::SliceRef| trace.lane(s.lane).slices.item[s.index as usize];
        assert_eq!(item(flow.from), item(flow.to), "correlation ids");
    }
    assert!(trace.diagnostics.is_clean(), "healthy: {:?}", trace.diagnostics);
    let remarks: Vec<_> =
        trace.diagnostics.remarks.iter().map(|(cause, &n)| (cause.as_str(), n)).collect();
    assert_eq!(remarks, [("launch arrows of calls that launched nothing", 1149 + 196)]);
}

#[test]
fn ranks_of_one_run_share_a_timeline() {
    let (a, b) = (recording("weave_rank0"), recording("weave_rank1"));
    let bases = (a.meta.base_time_unix_ns, b.meta.base_time_unix_ns);
    let first_b = b.span().start_ns;
    let merged = merge(vec![a, b]).expect("two");
    assert_eq!(merged.meta.base_time_unix_ns, bases.0.min(bases.1));
    assert_eq!(overlap(&merged, 0, Kind::is_compute)[0], 16_299_141);
    assert_eq!(overlap(&merged, 1, Kind::is_compute)[0], 6_956_801);
    let span = merged.span_where(|kind| matches!(kind, TrackKind::HostThread { pid: 590, .. }));
    assert!(span.start_ns >= first_b + bases.1 - merged.meta.base_time_unix_ns);
}
