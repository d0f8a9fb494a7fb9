//! What a report says of a recording of real hardware.

use std::ops::ControlFlow;

use weftscope_traces::{
    ArgsId, ClockAgreement, Kind, Label, Meta, Provenance, Slowdown, Span, Trace, TraceBuilder,
    TrackKind, container,
};

use super::place::Place;

/// Two ranks with a kernel each, seen by the driver too.
fn trace() -> Trace {
    let source = "stamps, with CUPTI 13.0.1".to_owned();
    let mut meta = Meta::new("two GPUs", Provenance::Measured { source });
    meta.overhead.slowdown = Some(Slowdown { percent: 1.254, how: "taking turns".to_owned() });
    for (rank, residual_p99_ns) in [(0, 60), (1, 98)] {
        let what = "CUPTI against stamps".to_owned();
        meta.clocks.push(ClockAgreement { rank, what, residual_p99_ns, readings: 500 });
    }
    let mut out = TraceBuilder::new(meta);
    let gemm = Label { name: "gemm".to_owned(), kind: Kind::Gemm, ..Label::default() };
    let gemm = out.label(gemm);
    for rank in 0..2 {
        let root = out.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
        let stream = TrackKind::Stream { rank, stream: 0 };
        let stream = out.track(Some(root), "compute stream", stream);
        let driver = TrackKind::Driver { rank, row: 0 };
        let driver = out.track(Some(root), "CUPTI kernels", driver);
        for (track, span) in [(stream, Span::new(0, 1_000)), (driver, Span::new(-400, 1_400))] {
            let lane = out.lane(track);
            out.push(lane, span, gemm, ArgsId::NONE, 0);
        }
    }
    out.finish().expect("a whole trace")
}

/// The driver's rows repeat the streams' and count nowhere; a file of either format says the same.
#[test]
fn a_report_states_clocks_and_overhead() {
    let place = Place::new();
    let mut bytes = Vec::new();
    container::write(&trace(), &mut bytes, &mut |_| ControlFlow::Continue(())).unwrap();
    place.write("run.weft", &bytes);
    place.ok(&["convert", "run.weft", "run.json"]);
    for file in ["run.weft", "run.json"] {
        let text = place.ok(&["report", file]);
        for line in [
            "times are measured by stamps, with CUPTI 13.0.1",
            "Times of rank 1 are good to ± 98 ns (99 % of 500 readings, CUPTI against stamps).",
            "Recording made the run +1.25 % longer (taking turns).",
        ] {
            assert!(text.contains(line), "{file}: {text}");
        }
        let json: serde_json::Value =
            serde_json::from_str(&place.ok(&["report", "--json", file])).unwrap();
        let report = &json["traces"][0];
        assert_eq!(report["provenance"], "measured");
        assert_eq!(report["recording_overhead"]["percent"], 1.254);
        assert_eq!(report["clocks"][1]["residual_p99_ns"], 98);
        assert_eq!(report["ranks"][0]["compute_us"], 1.0);
        assert_eq!(report["ranks"][0]["span_us"], 1.0);
    }
}

#[test]
fn what_only_gpus_have_is_misuse_elsewhere() {
    let place = Place::new();
    let line = place.fails(&["record", "-o", "a.weft", "--pm-interval", "10us"], 2);
    assert!(line.contains("--backend cuda") && line.ends_with("--pm-interval"), "{line}");
    for flag in ["--no-cupti", "--no-graphs"] {
        let line = place.fails(&["record", "-o", "a.weft", flag], 2);
        assert!(line.contains("--backend cuda") && line.ends_with(flag), "{line}");
    }
    let both = ["record", "-o", "a.weft", "--pm-interval", "10us", "--no-cupti"];
    assert_eq!(place.run(&both).status.code(), Some(2));
}
