//! It makes no difference where a text is cut, nor how many threads read it.

use std::fmt::Write as _;
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use super::*;
use crate::Preview;
use crate::stream::silent;

/// Numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A recording in which everything occurs that is numbered in order of first appearance.
fn recording(dice: &mut Dice, num_events: u64) -> String {
    let mut text = String::from(
        "{\"schemaVersion\": 1, \"distributedInfo\": {\"rank\": 1},\n \"traceEvents\": [\n",
    );
    for n in 0..num_events {
        let (ts, id) = (1000 + n * 7, dice.below(40));
        let pid = ["0", "589", "\"Spans\"", "-1"][dice.below(4) as usize];
        let name = dice.below(30);
        let place = format!("\"pid\": {pid}, \"tid\": {}, \"ts\": {ts}.25", dice.below(3));
        _ = match dice.below(12) {
            0 | 1 => write!(
                text,
                r#"{{"ph": "X", "cat": "cpu_op", "name": "aten::op{name}", {place}, "dur": 3, "args": {{"External id": {n}, "Input Dims": [[{id}], []]}}}}"#
            ),
            2..=4 => write!(
                text,
                r#"{{"ph": "X", "cat": "kernel", "name": "k{name}", {place}, "dur": {name}.5, "args": {{"device": {}, "stream": {}, "correlation": {id}, "x": "t{name}", "list": [{{"name": 1}}, {{"ph": "X"}}]}}}}"#,
                dice.below(2),
                dice.below(3)
            ),
            5 => {
                write!(text, r#"{{"ph": "s", "id": {id}, {place}, "cat": "ac2g", "name": "ac2g"}}"#)
            }
            6 => write!(
                text,
                r#"{{"ph": "f", "id": "id{id}", {place}, "cat": "ac2g", "name": "ac2g", "bp": "e"}}"#
            ),
            7 => write!(
                text,
                r#"{{"ph": "C", "name": "free{}", {place}, "args": {{"bytes": {id}, "bad": []}}}}"#,
                dice.below(3)
            ),
            8 => write!(
                text,
                r#"{{"ph": "b", "id": {}, {place}, "cat": "c{}", "name": "n"}}, {{"ph": "e", "id": 1, {place}, "cat": "c1", "name": "n"}}"#,
                dice.below(3),
                dice.below(2)
            ),
            9 => write!(
                text,
                r#"{{"ph": "M", "name": "process_labels", {place}, "args": {{"labels": "label {name}"}}}}"#
            ),
            10 => write!(text, r#"{{"name": "no phase{name}", {place}, "dur": -1}}"#),
            _ => write!(
                text,
                r#"{{"ph": "X", "name": "{}", {place}, "dur": nan{id}}}"#,
                ["a\\u00e9", "tab\t", "é"][dice.below(3) as usize]
            ),
        };
        text.push_str([",\n  ", ",", " , "][dice.below(3) as usize]);
    }
    text.push_str("{}\n  ]\n}\n");
    text
}

/// One thread that reads everything in order against stretches and several threads.
fn assert_same(text: &[u8]) {
    let read = |stretch_bytes, threads| {
        let threads = NonZero::new(threads).expect("some");
        let options = OpenOptions { threads, ..OpenOptions::default() };
        read_in(stretch_bytes, text, &options, &mut silent)
    };
    let whole = read(text.len() + 1, 1);
    for (stretch_bytes, threads) in [(1, 1), (150, 1), (700, 1), (2000, 1), (300, 3), (5000, 2)] {
        let shown = || String::from_utf8_lossy(text).into_owned();
        match (&whole, read(stretch_bytes, threads)) {
            (Ok(whole), Ok(cut)) => {
                assert_eq!(whole.diagnostics, cut.diagnostics, "{stretch_bytes}: {}", shown());
                assert!(*whole == cut, "{stretch_bytes}: {}", shown());
            }
            (Err(whole), Err(cut)) => assert_eq!(whole.to_string(), cut.to_string()),
            (whole, cut) => {
                panic!("{stretch_bytes}: {:?}, {:?}", whole.as_ref().err(), cut.err());
            }
        }
    }
}

/// Oracle: the text as one stretch, of which nothing is read by itself.
#[test]
fn texts_may_be_cut_anywhere() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let num_events = 1 + dice.below(80);
        assert_same(recording(&mut dice, num_events).as_bytes());
    }
}

/// Oracle: the same. Damage is met in the stretch it is in, and reading goes on as if there were none.
#[test]
fn damaged_texts_may_be_cut_anywhere() {
    for seed in 0..300 {
        let mut dice = Dice(1000 + seed);
        let num_events = 1 + dice.below(40);
        let mut text = recording(&mut dice, num_events).into_bytes();
        for _ in 0..=dice.below(4) {
            let at = dice.below(text.len() as u64) as usize;
            match dice.below(4) {
                0 => text[at] = b"\"{}[]:,\\0x\x00\xff"[dice.below(12) as usize],
                1 => _ = text.remove(at),
                2 => text.insert(at, b"\"{}[]:,\\"[dice.below(8) as usize]),
                _ => text.truncate(at.max(1)),
            }
        }
        assert_same(&text);
    }
}

/// Oracle: the same text read to its end.
#[test]
fn a_large_text_is_shown_while_it_is_read() {
    let text = recording(&mut Dice(7), 300_000);
    assert!(text.len() as u64 > FIRST_PREVIEW_BYTES, "{} bytes are not enough", text.len());
    let shown: Arc<Mutex<Vec<Trace>>> = Arc::default();
    let keep = Arc::clone(&shown);
    let preview = Preview::new(move |trace| keep.lock().expect("whole").push(trace));
    let threads = NonZero::new(2).expect("some");
    let options = OpenOptions { threads, preview: Some(preview), ..OpenOptions::default() };
    let whole = read(text.as_bytes(), &options, &mut silent).expect("a trace");
    let shown = shown.lock().expect("whole");
    let [part] = &shown[..] else { panic!("{} previews", shown.len()) };
    assert!(part.diagnostics.notes[0].starts_with("still being read"), "{:?}", part.diagnostics);
    let share = part.num_slices() as f64 / whole.num_slices() as f64;
    let expected = FIRST_PREVIEW_BYTES as f64 / text.len() as f64;
    assert!((share - expected).abs() < 0.05, "{share} of the slices in {expected} of the text");
    let silent_options = OpenOptions { threads, ..OpenOptions::default() };
    let unwatched = read(text.as_bytes(), &silent_options, &mut silent).expect("a trace");
    assert!(whole == unwatched, "being watched changes nothing");
}
