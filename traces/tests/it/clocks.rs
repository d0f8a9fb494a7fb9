//! Clocks that differ from file to file: whoever shifts one finds the same waiting, and is told by how much.

use std::io::Read as _;

use flate2::read::GzDecoder;
use weftscope_traces::analysis::{Config, Ops, RankClock, Reports, Verdict, verdict};
use weftscope_traces::edit::merge;
use weftscope_traces::stream::silent;
use weftscope_traces::{OpenOptions, Trace, open};

/// A recording's text.
fn text(name: &str) -> String {
    let file = std::fs::File::open(weftscope_testkit::recording(name)).expect("it is there");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("it is gzip");
    text
}

fn read(name: &str, text: &str) -> Trace {
    let options = OpenOptions { title: name.to_owned(), ..OpenOptions::default() };
    open(text.as_bytes(), &options, &mut silent).expect("it can be read")
}

/// Waiting of each rank, in ns, and what is said.
fn asked(traces: &[Trace]) -> (Vec<Option<i64>>, Vec<RankClock>, Verdict) {
    let borrowed: Vec<&Trace> = traces.iter().collect();
    let gathered = Ops::together(&borrowed, &Config::default());
    let reports: Vec<Reports> = gathered.iter().map(Reports::of).collect();
    let waits = reports.iter().flat_map(|report| &report.overlap.ranks);
    let waits = waits.map(|rank| rank.total.wait_ns).collect();
    let said = verdict(&gathered[0], &reports[0], &[]);
    (waits, reports[0].skew.clocks.clone(), said)
}

/// `base` replaced by so much more, or taken out.
fn shifted(text: &str, by_ns: Option<i64>) -> String {
    let key = "\"baseTimeNanoseconds\":";
    let at = text.find(key).expect("it has a base time") + key.len();
    let end = at + text[at..].find(',').expect("more follows");
    let base: i64 = text[at..end].trim().parse().expect("a number");
    match by_ns {
        Some(by_ns) => format!("{}{}{}", &text[..at], base + by_ns, &text[end..]),
        None => text.replace("\"baseTimeNanoseconds\"", "\"formerBase\""),
    }
}

/// Ends of these recordings are 23 µs apart at most, in each of 48 collectives.
fn is_near(found: &[Option<i64>], expected: &[Option<i64>]) -> bool {
    found.iter().zip(expected).all(|(found, expected)| match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= 48 * 23_000,
        _ => false,
    })
}

#[test]
fn a_clock_that_is_off_is_found_said_and_taken_off() {
    let [first, second] = ["weave_rank0", "weave_rank1"].map(text);
    let told = asked(&[read("a", &first), read("b", &second)]);
    assert!(told.1.iter().all(|clock| !clock.is_corrected()), "{:?}", told.1);
    for by_ns in [50_000_000, -3_000_000, 700_000, -3_600_000_000_000] {
        let files = [read("a", &first), read("b", &shifted(&second, Some(by_ns)))];
        let (waits, clocks, said) = asked(&files);
        assert!(is_near(&waits, &told.0), "{by_ns}: {waits:?} {:?}", told.0);
        let off = clocks.iter().find(|clock| clock.rank == 1).expect("rank 1 has a clock");
        assert!((off.offset_ns - by_ns).abs() < 23_000, "{by_ns}: {off:?}");
        assert!(off.readings == 48 && off.residual_p99_ns < 23_000, "{off:?}");
        assert!(said.details.iter().any(|line| line.starts_with("Clocks differ")), "{said:?}");
        // The window merges: the same waits, and the same word.
        let merged = merge(files.into()).expect("two");
        let note = &merged.diagnostics.notes[0];
        assert!(note.starts_with("b: clocks differ"), "{note}");
        assert_eq!(merged.meta.clocks[0].rank, 1);
        assert_eq!(asked(&[merged]).0, waits, "{by_ns}");
    }
}

#[test]
fn without_a_base_time_collectives_place_a_file() {
    let [first, second] = ["weave_rank0", "weave_rank1"].map(text);
    let told = asked(&[read("a", &first), read("b", &second)]);
    let bare = |text: &str| shifted(text, None);
    for [one, other] in [
        [first.clone(), bare(&second)],
        [bare(&first), second.clone()],
        [bare(&first), bare(&second)],
    ] {
        let files = [read("a", &one), read("b", &other)];
        let (waits, clocks, said) = asked(&files);
        assert!(is_near(&waits, &told.0), "{waits:?} {:?}", told.0);
        assert!(clocks.iter().any(|clock| clock.is_untold), "{clocks:?}");
        assert!(said.details.iter().any(|line| line.starts_with("No base time")), "{said:?}");
        let merged = merge(files.into()).expect("two");
        let notes = &merged.diagnostics.notes;
        assert!(notes.iter().any(|note| note.contains("placed by the ends of")), "{notes:?}");
        assert!(!notes.iter().any(|note| note.contains("guess")), "{notes:?}");
        assert_eq!(asked(&[merged]).0, waits);
    }
}
