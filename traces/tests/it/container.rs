//! `.weft` files: round trip, truncation, damage, and the frozen files of each version.

use std::ops::ControlFlow;

use proptest::prelude::*;
use proptest::sample::Index;
use weftscope_traces::container::{self, ContainerError, MAGIC};
use weftscope_traces::edit::{Answer, AnswerSlice, with_answer};
use weftscope_traces::sniff;
use weftscope_traces::stream::silent;
use weftscope_traces::{
    ArgValue, BatchFacts, CommCtas, CounterSeries, DeviceInfo, FlowKind, Kind, Label, LayerFacts,
    Meta, OpFacts, Origin, Phase, Provenance, RankInfo, RankProvenance, RunFacts, Span, Split,
    SplitAsked, SplitFacts, StrategyFacts, Trace, TraceBuilder, TrackKind, UnsplitFacts,
};

use crate::random::{sample, traces};

fn bytes(trace: &Trace) -> Vec<u8> {
    let mut out = Vec::new();
    container::write(trace, &mut out, &mut silent).expect("a Vec takes all");
    out
}

fn read(bytes: &[u8]) -> Result<Trace, ContainerError> {
    container::read(bytes, &mut silent)
}

/// True when every lane of `part` begins the same lane of `whole`.
fn is_prefix(part: &Trace, whole: &Trace) -> bool {
    part.meta == whole.meta
        && part.tracks == whole.tracks
        && part.labels == whole.labels[..part.labels.len()]
        && part.lanes.iter().zip(&whole.lanes).all(|(part, whole)| {
            let (a, b) = (&part.slices, &whole.slices);
            let n = a.len();
            n <= b.len()
                && a.start_ns == b.start_ns[..n]
                && a.end_ns == b.end_ns[..n]
                && a.label == b.label[..n]
                && a.item == b.item[..n]
        })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn what_is_written_reads_back(trace in traces(200)) {
        let bytes = bytes(&trace);
        prop_assert_eq!(sniff(&bytes).map(|format| format.endings), Some(&["weft"][..]));
        prop_assert_eq!(read(&bytes).expect("our own file"), trace);
    }

    #[test]
    fn flipped_bits_never_panic_and_never_pass_unnoticed(
        trace in traces(60),
        flips in proptest::collection::vec((any::<Index>(), 0_u8..8), 20),
    ) {
        let good = bytes(&trace);
        for (at, bit) in flips {
            let mut bytes = good.clone();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            // Six bytes of the head are reserved and may be anything.
            if let Ok(read) = read(&bytes) && !(10..16).contains(&at) {
                prop_assert!(read.diagnostics != trace.diagnostics || at < 10, "byte {}", at);
            }
        }
    }

    #[test]
    fn noise_after_a_good_head_never_panics(noise: Vec<u8>) {
        let mut bytes = bytes(&sample(0, 10))[..16].to_vec();
        bytes.extend(noise);
        prop_assert!(read(&bytes).is_err());
    }
}

#[test]
fn a_file_cut_off_anywhere_yields_its_whole_chunks() {
    let whole = sample(1, 200);
    let bytes = bytes(&whole);
    let (mut shown, mut most) = (0, 0);
    for end in 0..bytes.len() {
        let Ok(part) = read(&bytes[..end]) else { continue };
        shown += 1;
        assert!(is_prefix(&part, &whole), "cut at {end}");
        assert!(part.num_slices() >= most, "cut at {end}");
        most = part.num_slices();
        let counts = &part.diagnostics.counts;
        assert_eq!(counts["end of the file missing"], 1, "cut at {end}");
        let missing = (whole.num_slices() - part.num_slices()) as u64;
        let told = counts.get("slices missing from the file").copied().unwrap_or(0);
        assert_eq!(told, missing, "cut at {end}");
    }
    assert!(shown > 0 && most == whole.num_slices());
    assert_eq!(read(&bytes).expect("whole"), whole);
}

#[test]
fn a_damaged_chunk_of_slices_is_skipped_and_arrows_still_meet() {
    let mut parts = sample(2, 4000).into_parts();
    parts.flows.clear();
    let whole = Trace::checked(parts).expect("as valid as before");
    let bytes = bytes(&whole);
    let full = read(&bytes).expect("whole");
    // Damage one byte of each payload in turn by walking the chunks.
    let mut at = 16;
    let mut skipped = 0;
    while at < bytes.len() {
        let stored =
            u64::from_le_bytes(bytes[at + 8..at + 16].try_into().expect("8 bytes")) as usize;
        let kind = bytes[at];
        if kind == 8 {
            let mut damaged = bytes.clone();
            damaged[at + 32] ^= 0x40;
            let part = read(&damaged).expect("still shown");
            assert_eq!(part.diagnostics.counts["damaged chunks, skipped"], 1);
            let missing = part.diagnostics.counts["slices missing from the file"];
            assert_eq!(part.num_slices() as u64 + missing, full.num_slices() as u64);
            skipped += 1;
        }
        at += 32 + stored;
    }
    assert!(skipped > 3);
}

fn chunk(kind: u32, stored: u64, raw: u64, flags: u32, payload: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(kind.to_le_bytes());
    head.extend(flags.to_le_bytes());
    head.extend(stored.to_le_bytes());
    head.extend(raw.to_le_bytes());
    head.extend(crc32fast::hash(payload).to_le_bytes());
    head.extend(crc32fast::hash(&head).to_le_bytes());
    head.extend(payload);
    head
}

#[test]
fn unknown_chunks_are_skipped_and_hostile_lengths_cost_nothing() {
    let whole = sample(3, 100);
    let good = bytes(&whole);
    let mut with_unknown = good[..16].to_vec();
    with_unknown.extend(chunk(77, 3, 3, 0, b"abc"));
    with_unknown.extend(chunk(6, 4, u64::MAX, 1, b"abcd"));
    with_unknown.extend(&good[16..]);
    let read_back = read(&with_unknown).expect("still whole");
    assert_eq!(read_back.diagnostics.counts["chunks of unknown kind, skipped"], 1);
    assert_eq!(read_back.diagnostics.counts["damaged chunks, skipped"], 1);
    assert_eq!(read_back.num_slices(), whole.num_slices());

    let mut endless = good[..16].to_vec();
    endless.extend(chunk(8, u64::MAX, u64::MAX, 0, b"abc"));
    assert!(matches!(read(&endless), Err(ContainerError::Truncated { .. })));
}

/// Walks the chunks: place and kind of each.
fn chunks(file: &[u8]) -> Vec<(usize, u8)> {
    let mut found = Vec::new();
    let mut at = 16;
    while at < file.len() {
        found.push((at, file[at]));
        let stored = u64::from_le_bytes(file[at + 8..at + 16].try_into().expect("8 bytes"));
        at += 32 + stored as usize;
    }
    found
}

/// A damaged head costs its chunk: it is called damaged, and reading goes on at the next one.
#[test]
fn a_damaged_chunk_head_costs_its_chunk() {
    let whole = sample(4, 3000);
    let good = bytes(&whole);
    let found = chunks(&good);
    let mut shown = 0;
    for (index, &(at, kind)) in found.iter().enumerate() {
        for byte in [0, 8, 16, 24, 31] {
            let mut damaged = good.clone();
            damaged[at + byte] ^= 0x81;
            match read(&damaged) {
                Ok(part) => {
                    shown += 1;
                    assert_eq!(part.diagnostics.counts["damaged chunk heads"], 1, "{index}");
                    let notes = part.diagnostics.notes.join("\n");
                    assert!(notes.contains(&format!("the chunk head at byte {at} is damaged")));
                    assert!(!notes.contains("cut off"), "{notes}");
                    let missing_end = part.diagnostics.counts.get("end of the file missing");
                    assert_eq!(missing_end.is_some(), kind == 10, "{notes}");
                    if kind == 8 {
                        assert_eq!(part.tracks, whole.tracks);
                        assert!(part.num_slices() < whole.num_slices());
                    }
                }
                Err(error) => {
                    assert!(kind == 2 || kind == 3, "{kind}: {error}");
                    assert!(error.to_string().contains("damaged"), "{error}");
                }
            }
        }
    }
    assert!(shown > 20);
}

/// Every chunk twice: what would take away what was read is not taken, and said.
#[test]
fn a_chunk_that_comes_twice_changes_nothing() {
    let whole = sample(5, 500);
    let good = bytes(&whole);
    let found = chunks(&good);
    for (index, &(at, kind)) in found.iter().enumerate() {
        let end = found.get(index + 1).map_or(good.len(), |next| next.0);
        let before_end = found[found.len() - 1].0;
        let file = [&good[..before_end], &good[at..end], &good[before_end..]].concat();
        let part = read(&file).expect("still whole");
        assert_eq!(part.tracks, whole.tracks, "{kind}");
        assert_eq!(part.num_slices(), whole.num_slices(), "{kind}");
        assert!(kind == 10 || !part.diagnostics.is_clean(), "{kind}: {:?}", part.diagnostics);
    }
}

/// Labels that stand behind a gap: the gap costs one label, however many were lost, and numbers stay right.
#[test]
fn lost_labels_cost_one_label() {
    let whole = sample(6, 300);
    let good = bytes(&whole);
    let found = chunks(&good);
    let (at, _) = *found.iter().find(|(_, kind)| *kind == 4).expect("labels");
    let mut first = good[..at].to_vec();
    for _ in 0..2000 {
        // Damaged: the checksum is another payload's.
        let mut lost = chunk(4, 4, 4, 0, b"lost");
        lost[32] ^= 1;
        first.extend(lost);
    }
    let far = 2000 * 65_536_u32;
    let payload = [&far.to_le_bytes()[..], &0_u32.to_le_bytes()].concat();
    first.extend(chunk(4, 8, 8, 0, &payload));
    first.extend(&good[at..]);
    let part = read(&first).expect("tracks are there");
    assert!(part.labels.len() <= whole.labels.len() + 1);
    let labels_lost = part.diagnostics.counts["labels lost"];
    assert_eq!(labels_lost, u64::from(far));
    // A damaged chunk of labels before slices: those slices stay, under one name.
    let mut damaged = good.clone();
    damaged[at + 33] ^= 0x40;
    let part = read(&damaged).expect("tracks are there");
    assert_eq!(part.num_slices(), whole.num_slices());
    assert_eq!(part.labels.len(), 1);
    assert_eq!(part.diagnostics.counts["labels missing from the file"], whole.labels.len() as u64);
}

/// Times with which nothing could be reckoned are damage.
#[test]
fn times_beyond_reason_are_not_taken() {
    let whole = sample(7, 300);
    let good = bytes(&whole);
    let (end, _) = *chunks(&good).last().expect("END");
    for start_ns in [i64::MIN, -(1 << 61) - 1, (1 << 61) + 1, i64::MAX] {
        // Lane 0, row 0, one slice; five columns of one byte each.
        let mut payload = Vec::new();
        for number in [0_u32, 60_000, 1] {
            payload.extend(number.to_le_bytes());
        }
        payload.extend(start_ns.to_le_bytes());
        payload.extend([1, 0].repeat(5));
        let file = [&good[..end], &chunk(8, 30, 30, 0, &payload), &good[end..]].concat();
        let part = read(&file).expect("the rest is there");
        assert_eq!(part.num_slices(), whole.num_slices());
        assert_eq!(part.diagnostics.counts["damaged chunks, skipped"], 1, "{start_ns}");
    }
}

#[test]
fn what_is_no_weft_file_says_so() {
    assert!(matches!(read(b""), Err(ContainerError::Empty)));
    assert!(matches!(read(b"PK\x03\x04"), Err(ContainerError::WrongMagic)));
    assert!(matches!(read(&MAGIC[..5]), Err(ContainerError::Truncated { at_byte: 5 })));
    let mut newer = bytes(&sample(0, 10));
    newer[8] = 9;
    let error = read(&newer).expect_err("version 9");
    assert_eq!(error.to_string(), ".weft version 9 is newer than this program reads (5)");
    let cancelled = container::read(&bytes(&sample(0, 10))[..], &mut |_| ControlFlow::Break(()));
    assert!(matches!(cancelled, Err(ContainerError::Cancelled)));
}

/// The file was written once by version 1 and is never written again; the content is told here by hand.
#[test]
fn the_frozen_file_of_version_1_still_reads() {
    let trace = read(include_bytes!("../golden/v1.weft")).expect("version 1");
    assert_eq!(trace.meta.title, "frozen");
    assert_eq!(trace.meta.provenance.name(), "modelled");
    assert_eq!(trace.meta.base_time_unix_ns, 1_790_857_026_000_000_000);
    assert_eq!(trace.meta.ranks[1].device.sms, 132);
    assert_eq!(trace.tracks.len(), 6);
    assert_eq!(trace.tracks[5].kind, TrackKind::Sm { rank: 1, sm: 3 });
    let stream = trace.find_track(&TrackKind::Stream { rank: 0, stream: 1 }).expect("a stream");
    let slices = &trace.lane(trace.track(stream).lanes[0]).slices;
    assert_eq!(slices.start_ns, [-5, 1_000, 5_000_000_000]);
    assert_eq!(slices.end_ns, [0, 1_000, 5_000_000_001]);
    assert_eq!(slices.item, [1, 2, u32::MAX]);
    let label = trace.label(slices.label[1]);
    assert_eq!((label.name.as_str(), label.kind.name()), ("all-reduce · norm é", "comm"));
    assert_eq!((label.layer, label.phase.name()), (Some(7), "B"));
    let facts = label.facts.as_ref().expect("facts");
    assert_eq!((facts.grid, facts.waves, facts.alone_ns), (300, 3, Some(430_000)));
    assert_eq!(facts.tail_occupancy.to_bits(), (36.0_f64 / 132.0).to_bits());
    let args = trace.args.get(slices.args[2]);
    assert_eq!(args.len(), 3);
    assert_eq!(args[1].1, ArgValue::Float(0.1));
    assert_eq!(trace.counters[0].unit, "GB/s");
    assert_eq!(trace.counters[0].value, [1.5, -2.0]);
    assert_eq!(trace.flows.len(), 1);
    assert_eq!(trace.diagnostics.counts["blocks dropped"], 12);
    assert!(!trace.diagnostics.counts.contains_key("end of the file missing"));
}

/// What the frozen files from version 2 on hold: every kind of chunk, ranks of both origins, facts of a run, and of the
/// op what it would be whole, which version 2 cannot say; from version 4 on an argument that is JSON.
fn frozen(unsplit: Option<UnsplitFacts>, has_json: bool) -> Trace {
    let ranks = [(0, Origin::Measured, "CUPTI"), (1, Origin::Modelled, "simulator")];
    let ranks = ranks.map(|(rank, origin, source)| RankProvenance {
        rank: Some(rank),
        origin,
        source: source.to_owned(),
    });
    let mut meta = Meta::new("frozen", Provenance::PerRank { ranks: ranks.into() });
    meta.base_time_unix_ns = 1_790_857_026_000_000_000;
    meta.world_size = 2;
    let device = DeviceInfo { name: "GPU".to_owned(), sms: 2, ..DeviceInfo::default() };
    meta.ranks = [0, 1].map(|rank| RankInfo { rank, device: device.clone(), server: None }).into();
    meta.lines = vec![("CUPTI".to_owned(), "13".to_owned())];
    meta.runs.push(RunFacts {
        model: "toy".to_owned(),
        machine: "two GPUs".to_owned(),
        tp: 2,
        shard_of: Some(8),
        batch: BatchFacts { tokens: 300, sequences: 3, decoding: 2, cached_tokens: 5 },
        layers: LayerFacts { run: 1, of: 4 },
        strategy: StrategyFacts {
            asked: "tokenweave".to_owned(),
            run: "tokenweave".to_owned(),
            reason: String::new(),
        },
        transport: "p2p".to_owned(),
        split_asked: SplitAsked::Tokens(128),
        split: Some(SplitFacts {
            first_tokens: 128,
            second_rows: 256,
            tokens: 300,
            padded_tokens: 384,
            reason: "the user said so".to_owned(),
            comm_ctas: CommCtas { attention: 8, mlp: 4 },
        }),
        rank_skew_ns: vec![0, -5],
        seed: u64::MAX,
        expected_error: None,
        caveats: vec!["shards of 8 ranks on 2".to_owned()],
        spec: Some(serde_json::json!({"knobs": {"tp": 2}, "rate": 0.1})),
    });
    let mut out = TraceBuilder::new(meta);
    let (tail_occupancy, alone_ns) = (0.1, Some(-1));
    let facts = OpFacts { grid: 300, tail_occupancy, alone_ns, unsplit, ..OpFacts::default() };
    let label = out.label(Label {
        name: "all-reduce é".to_owned(),
        kind: Kind::Comm,
        layer: Some(7),
        split: Split::Second,
        phase: Phase::B,
        facts: Some(Box::new(facts)),
    });
    let json = has_json.then(|| ("json", ArgValue::Json("[true,null]".to_owned())));
    let args = [
        ("int", ArgValue::Int(i64::MIN)),
        ("float", ArgValue::Float(0.1)),
        ("text", ArgValue::Text("é".to_owned())),
    ];
    let args = out.args_mut().push(args.into_iter().chain(json));
    for rank in 0..2 {
        let parent = out.track(None, format!("rank {rank}"), TrackKind::Rank { rank });
        let stream = out.track(Some(parent), "compute", TrackKind::Stream { rank, stream: 1 });
        let lane = out.lane(stream);
        let first = out.push(lane, Span::new(-5, 0), label, args, 1);
        let second = out.push(lane, Span::new(5_000_000_000, 5_000_000_001), label, args, u32::MAX);
        out.flow(first, second, FlowKind::Launch);
    }
    let (name, unit) = ("HBM".to_owned(), "GB/s".to_owned());
    let (at_ns, value) = (vec![0, 10], vec![1.5, -2.0]);
    out.counter(CounterSeries { name, unit, rank: Some(1), at_ns, value });
    out.diagnostics_mut().count("blocks dropped", 12);
    out.finish().expect("valid")
}

/// What a query answered, which version 5 holds.
fn frozen_answer() -> Answer {
    let slice = |start_ns, rank| AnswerSlice {
        span: Span::new(start_ns, start_ns + 7),
        name: "gap é".to_owned(),
        rank,
        row: String::new(),
        args: vec![("n".to_owned(), ArgValue::Int(3))],
    };
    let slices = vec![slice(0, Some(0)), slice(3, Some(0)), slice(1, None)];
    Answer { name: "gaps".to_owned(), query: "select 1".to_owned(), slices }
}

/// Each file was written once by its version and is never written again.
#[test]
fn the_frozen_files_of_versions_2_to_5_still_read() {
    let trace = read(include_bytes!("../golden/v2.weft")).expect("version 2");
    assert_eq!(trace, frozen(None, false));
    let unsplit = UnsplitFacts { grid: 512, waves: 4, tail_occupancy: 116.0 / 132.0 };
    let trace = read(include_bytes!("../golden/v3.weft")).expect("version 3");
    assert_eq!(trace, frozen(Some(unsplit), false));
    let trace = read(include_bytes!("../golden/v4.weft")).expect("version 4");
    assert_eq!(trace, frozen(Some(unsplit), true));
    let with_answer = with_answer(frozen(Some(unsplit), true), frozen_answer()).expect("rows");
    let trace = read(include_bytes!("../golden/v5.weft")).expect("version 5");
    assert_eq!(trace, with_answer);
}
