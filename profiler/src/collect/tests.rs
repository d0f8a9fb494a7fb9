//! Collected traces against what the executor on paper ran.

use std::sync::Arc;

use weftscope_engine::{
    executor::{Executor, ExecutorInfo},
    observer::{BlockPart, BlockRecord, IterationEnd, Observer},
    plan::OpId,
};
use weftscope_traces::{Kind, Phase, Provenance, Span, Trace, TrackKind};

use super::{Collector, spec_of};
use crate::{
    recorder::{Overflow, channel},
    testing::{Toy, toy_plan, toy_spec},
};

fn collected(iterations: u64) -> Trace {
    let mut toy = Toy::default();
    let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
    let mut collector = Collector::new(toy.provenance());
    for iteration in 0..iterations {
        toy.run(&plan, iteration, &mut collector).unwrap();
    }
    collector.finish().unwrap()
}

fn slices(trace: &Trace, kind: &TrackKind) -> Vec<(usize, String, Span, u32)> {
    let track = trace.track(trace.find_track(kind).unwrap());
    let lanes = track.lanes.iter().enumerate();
    lanes
        .flat_map(|(row, &lane)| {
            let slices = &trace.lane(lane).slices;
            (0..slices.len()).map(move |index| {
                let name = trace.label(slices.label[index]).name.clone();
                (row, name, slices.span(index), slices.item[index])
            })
        })
        .collect()
}

#[test]
fn every_sm_has_its_row_and_every_block_its_slot() {
    let trace = collected(1);
    let sms = trace.tracks.iter().filter(|track| matches!(track.kind, TrackKind::Sm { .. }));
    assert_eq!(sms.count(), 2 * 2);
    let span = Span::new;
    assert_eq!(
        slices(&trace, &TrackKind::Sm { rank: 1, sm: 0 }),
        [
            (0, "qkv".to_owned(), span(10, 110), 0),
            (0, "all_reduce wait".to_owned(), span(110, 130), 0),
            (0, "all_reduce".to_owned(), span(130, 210), 0),
            (0, "gate_up".to_owned(), span(210, 310), 0),
            (1, "qkv".to_owned(), span(10, 110), 2),
            (1, "all_reduce wait".to_owned(), span(110, 130), 2),
            (1, "all_reduce".to_owned(), span(130, 210), 2),
            (1, "gate_up".to_owned(), span(210, 310), 2),
            (2, "o_proj".to_owned(), span(110, 210), 0),
            (3, "o_proj".to_owned(), span(110, 210), 2),
        ]
    );
    assert!(trace.diagnostics.is_clean(), "{:?}", trace.diagnostics);
}

#[test]
fn streams_marks_and_arrows_follow_the_plan() {
    let trace = collected(1);
    let compute = slices(&trace, &TrackKind::Stream { rank: 0, stream: 0 });
    let names: Vec<&str> = compute.iter().map(|(_, name, ..)| name.as_str()).collect();
    assert_eq!(names, ["qkv", "o_proj", "gate_up"]);
    let marks = slices(&trace, &TrackKind::Marks { rank: Some(0) });
    let marks: Vec<_> = marks.iter().map(|(row, name, span, _)| (*row, &**name, *span)).collect();
    assert_eq!(
        marks,
        [
            (0, "iteration 0", Span::new(0, 310)),
            (1, "layer 0", Span::new(0, 300)),
            (2, "A", Span::new(0, 100)),
            (2, "B", Span::new(100, 200)),
            (2, "C", Span::new(200, 300)),
        ]
    );
    let arrows: Vec<(&str, &str)> = trace
        .flows
        .iter()
        .map(|flow| (&*trace.label_of(flow.from).name, &*trace.label_of(flow.to).name))
        .collect();
    let one_rank = [("qkv", "all_reduce"), ("all_reduce", "gate_up")];
    assert_eq!(arrows, [one_rank, one_rank].concat());
}

#[test]
fn labels_carry_the_facts_of_their_op() {
    let trace = collected(1);
    let qkv = trace.labels.iter().find(|label| label.name == "qkv").unwrap();
    assert_eq!((qkv.kind, qkv.layer, qkv.phase), (Kind::Gemm, Some(0), Phase::A));
    let facts = qkv.facts.as_ref().unwrap();
    assert_eq!((facts.op, facts.grid, facts.alone_ns), (0, 4, Some(50)));
    assert!(facts.shape.starts_with("16×64×64"), "{}", facts.shape);
    assert_eq!((facts.waves, facts.sms), (1, 2));
    let wait = trace.labels.iter().find(|label| label.kind == Kind::Wait).unwrap();
    assert_eq!((&*wait.name, wait.phase), ("all_reduce wait", Phase::B));
}

#[test]
fn iterations_follow_one_another_though_the_clock_restarts() {
    let trace = collected(3);
    let marks = slices(&trace, &TrackKind::Marks { rank: Some(1) });
    let iterations: Vec<Span> =
        marks.iter().filter(|(row, ..)| *row == 0).map(|&(_, _, span, _)| span).collect();
    assert_eq!(iterations, [Span::new(0, 310), Span::new(310, 620), Span::new(620, 930)]);
    let blocks = slices(&trace, &TrackKind::Sm { rank: 0, sm: 1 });
    let third: Vec<Span> = blocks
        .iter()
        .filter(|(_, name, ..)| name == "gate_up")
        .map(|&(_, _, span, _)| span)
        .filter(|span| span.start_ns >= 620)
        .collect();
    assert_eq!(third, [Span::new(820, 920), Span::new(820, 920)]);
    assert_eq!(trace.counters[0].at_ns, [0, 310, 620]);
    // One label an op, whatever the number of iterations.
    assert_eq!(trace.labels.iter().filter(|label| label.name == "qkv").count(), 1);
}

#[test]
fn meta_says_what_ran_and_can_be_run_again() {
    let trace = collected(1);
    assert_eq!(trace.meta.provenance, Provenance::Modelled { source: "toy executor".to_owned() });
    assert_eq!(trace.meta.ranks.len(), 2);
    assert_eq!(spec_of(&trace.meta), Some(toy_spec()));
    assert!(trace.meta.overhead.recording_host_ns.is_some_and(|ns| ns > 0));
}

#[test]
fn records_without_a_place_are_counted() {
    let mut toy = Toy::default();
    let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
    let mut collector = Collector::new(toy.provenance());
    toy.run(&plan, 0, &mut collector).unwrap();
    let record = BlockRecord {
        start_ns: 0,
        end_ns: 10,
        op: OpId(0),
        block: 0,
        rank: 0,
        sm: 0,
        slot: 0,
        part: BlockPart::Run,
    };
    collector.begin(&plan, 1, &[]);
    collector.blocks(&[
        BlockRecord { sm: 2, ..record },
        BlockRecord { rank: 2, ..record },
        BlockRecord { op: OpId(9), ..record },
        record,
        BlockRecord { start_ns: 5, end_ns: 20, ..record },
    ]);
    let lost = vec![("ring overflow", 3)];
    collector.end(&IterationEnd { iteration: 1, start_ns: 0, end_ns: 20, lost });
    let counts = collector.finish().unwrap().diagnostics.counts.clone();
    let counts: Vec<(&str, u64)> = counts.iter().map(|(cause, n)| (&**cause, *n)).collect();
    assert_eq!(
        counts,
        [
            ("blocks cut because they overlapped on one slot", 1),
            ("records of a rank, SM or slot that the machine lacks", 2),
            ("records of an op that the plan lacks", 1),
            ("ring overflow", 3),
        ]
    );
}

/// The toy's clock begins an iteration at 1000, which is 0 in the trace.
#[test]
fn the_wall_clock_and_what_disturbed_the_run_are_kept() {
    let mut toy = Toy::default();
    let plan = Arc::new(toy_plan(&toy_spec()).unwrap());
    let info = ExecutorInfo {
        epoch_unix_ns: Some(1_700_000_000_000_000_000),
        notes: vec!["GPU 1 is shared".to_owned()],
        ..toy.provenance()
    };
    let (mut recorder, inbox) = channel(Overflow::Wait);
    let mut collector = Collector::new(toy.provenance());
    for iteration in 0..2 {
        toy.run(&plan, iteration, &mut recorder).unwrap();
        recorder.seal(info.clone());
    }
    drop(recorder);
    while let Some(message) = inbox.next() {
        collector.take(message, &inbox);
    }
    let trace = collector.finish().unwrap();
    assert_eq!(trace.meta.base_time_unix_ns, 1_700_000_000_000_001_000);
    assert_eq!(trace.diagnostics.notes, ["GPU 1 is shared"]);
}

#[test]
fn foreign_shards_are_a_caveat() {
    let caveats = |shard_of| {
        let mut spec = toy_spec();
        spec.knobs.shard_of = shard_of;
        let plan = Arc::new(toy_plan(&spec).unwrap());
        let mut collector = Collector::new(Toy::default().provenance());
        Toy::default().run(&plan, 0, &mut collector).unwrap();
        let meta = collector.finish().unwrap().meta.clone();
        (meta.caveats().map(str::to_owned).collect::<Vec<_>>(), meta.title)
    };
    assert!(caveats(None).0.is_empty() && caveats(Some(2)).0.is_empty());
    let (caveat, title) = caveats(Some(8));
    assert!(caveat[0].starts_with("shards of 8 ranks on 2:"), "{caveat:?}");
    assert!(caveat[0].ends_with("logits are meaningless") && title.contains("TP2 of TP8 shards"));
}

/// Ranks that compute at the machine's pace are not worth a word.
#[test]
fn slowed_ranks_are_a_caveat() {
    let caveats = |slowdown: &[f64]| {
        let mut spec = toy_spec();
        spec.knobs.slowdown = slowdown.to_vec();
        let plan = Arc::new(toy_plan(&spec).unwrap());
        let mut collector = Collector::new(Toy::default().provenance());
        Toy::default().run(&plan, 0, &mut collector).unwrap();
        let meta = collector.finish().unwrap().meta.clone();
        meta.caveats().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(caveats(&[1.0, 1.0]).is_empty());
    assert_eq!(caveats(&[1.0, 2.5]), ["ranks compute more slowly: rank 1 2.50 times as long"]);
}
