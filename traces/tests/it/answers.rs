//! Answers of queries as rows: what was recorded stays what it is, whatever is added, replaced and taken away.

use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::edit::{Answer, AnswerSlice, answers, merge, with_answer, without_answer};
use weftscope_traces::interchange::{chrome, perfetto};
use weftscope_traces::stream::silent;
use weftscope_traces::{ArgValue, OpenOptions, Span, Trace, TrackKind, container, open};

use crate::oracles::run;

fn answer(name: &str) -> Answer {
    let slice = |start_ns, end_ns, name: &str, rank, row: &str| AnswerSlice {
        span: Span::new(start_ns, end_ns),
        name: name.to_owned(),
        rank,
        row: row.to_owned(),
        args: vec![("bytes".to_owned(), ArgValue::Int(start_ns))],
    };
    let slices = vec![
        slice(50, 70, "late", Some(1), ""),
        slice(10, 40, "outer", Some(0), ""),
        slice(15, 20, "inner", Some(0), ""),
        slice(20, 60, "beside", Some(0), ""),
        slice(0, 5, "gap", None, "gaps"),
    ];
    Answer { name: name.to_owned(), query: "select 1".to_owned(), slices }
}

/// Name of the row, start, end and name of each slice of answers, in order.
fn rows(trace: &Trace) -> Vec<(String, i64, i64, String)> {
    let mut rows = Vec::new();
    for track in trace.tracks.iter().filter(|it| matches!(it.kind, TrackKind::Answer { .. })) {
        for &lane in &track.lanes {
            let slices = &trace.lane(lane).slices;
            for at in 0..slices.len() {
                let label = trace.label(slices.label[at]).name.clone();
                let span = slices.span(at);
                rows.push((track.name.clone(), span.start_ns, span.end_ns, label));
            }
        }
    }
    rows
}

fn expected(name: &str) -> Vec<(String, i64, i64, String)> {
    let row = |row: &str, start_ns, end_ns, label: &str| {
        (format!("SQL: {name} · {row}"), start_ns, end_ns, label.to_owned())
    };
    vec![
        row("gaps", 0, 5, "gap"),
        row("rank 0", 10, 40, "outer"),
        row("rank 0", 15, 20, "inner"),
        row("rank 0", 20, 60, "beside"),
        row("rank 1", 50, 70, "late"),
    ]
}

#[test]
fn an_answer_is_added_replaced_and_taken_away() {
    let bare = run(2);
    let reports = |trace: &Trace| Reports::of(&Ops::of(trace, &Config::default()));
    let with = with_answer(bare.clone(), answer("a")).expect("rows");
    assert_eq!(rows(&with), expected("a"));
    assert_eq!(reports(&with), reports(&bare), "no figure counts an answer");
    for lane in 0..bare.lanes.len() {
        assert_eq!(with.lanes[lane].slices, bare.lanes[lane].slices);
    }
    let held = answers(&with);
    assert_eq!((held.len(), held[0].name.as_str()), (1, "a"));
    assert_eq!(held[0].query.as_deref(), Some("select 1"));
    let two = with_answer(with.clone(), answer("b")).expect("rows");
    let again = with_answer(two.clone(), Answer { slices: Vec::new(), ..answer("a") });
    let again = again.expect("rows");
    assert_eq!(rows(&again), expected("b"));
    assert_eq!(answers(&again).iter().filter(|held| held.query.is_some()).count(), 1);
    let gone = without_answer(without_answer(two, "a").expect("rows"), "b").expect("rows");
    assert_eq!((&gone.tracks, &gone.lanes, &gone.flows), (&bare.tracks, &bare.lanes, &bare.flows));
    assert_eq!(without_answer(bare.clone(), "nothing"), Ok(bare));
}

#[test]
fn answers_read_back_from_every_format_and_merge() {
    let with = with_answer(run(2), answer("a")).expect("rows");
    let mut weft = Vec::new();
    container::write(&with, &mut weft, &mut silent).expect("room");
    assert_eq!(weft[8], 5, "older programs have no such rows, and say so");
    let mut bare = Vec::new();
    container::write(&run(2), &mut bare, &mut silent).expect("room");
    assert_eq!(bare[8], 4, "what has none is for older programs too");
    let mut json = Vec::new();
    chrome::write(&with, &mut json, &chrome::ExportOptions::default(), &mut silent).expect("room");
    let mut pftrace = Vec::new();
    perfetto::write(&with, &mut pftrace, &mut silent).expect("room");
    for bytes in [weft, json, pftrace] {
        let back = open(&bytes[..], &OpenOptions::default(), &mut silent).expect("our own");
        assert_eq!(rows(&back), expected("a"));
        assert_eq!(answers(&back)[0].query.as_deref(), Some("select 1"));
    }
    let whole = merge(vec![with.clone(), with]).expect("two");
    assert_eq!(rows(&whole).len(), 10);
    let kinds: Vec<&TrackKind> = whole.tracks.iter().map(|track| &track.kind).collect();
    let of_answers = kinds.iter().filter(|kind| matches!(kind, TrackKind::Answer { .. }));
    let distinct: std::collections::BTreeSet<_> = of_answers.clone().collect();
    assert_eq!(distinct.len(), of_answers.count());
}
