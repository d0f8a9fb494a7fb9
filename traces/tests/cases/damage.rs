//! Text that is damaged, cut, wrapped or out of range: what is whole is read, what is not is counted and placed.

use weftscope_traces::analysis::{Config, Ops, Reports};
use weftscope_traces::interchange::chrome::{self, ExportOptions};
use weftscope_traces::stream::silent;
use weftscope_traces::{LaneId, OpenOptions, Trace};

use crate::case::{Case, Opened, case, figures};

pub(crate) fn cases() -> Vec<Case> {
    [text(), packed(), ours()].into_iter().flatten().collect()
}

fn text() -> Vec<Case> {
    vec![
        case("01-bare-inf-nan", "pytorch/kineto#105")
            .file("01-bare-inf-nan.json")
            .rank(0, figures().compute(50.0).comm(40.0).hidden(30.0).pct(75.0))
            .says("4 values that are no JSON")
            .holds("both copies and the counter are there", |opened| {
                let trace = &opened.traces[0];
                trace.num_slices() == 4 && trace.counters.iter().any(|c| c.value == [3.5])
            }),
        case("17-proton-two-objects", "triton PR#6916")
            .file("17-proton-two-objects.json")
            .rank(0, figures().compute(100.0).comm(100.0).pct(50.0))
            .clean(),
        case("21b-gz-cut", "ROCm/MAD PR#224")
            .file("21b-gz-cut.json.gz")
            .says("the file is cut off: its gzip stream ends at byte 9002")
            .says("(byte 298393)")
            .holds("every whole event before the cut is read", |opened| {
                opened.traces[0].num_slices() == 1368
            }),
        case("21c-plain-cut", "ROCm/MAD PR#224")
            .file("21c-plain-cut.json")
            .says("the file is cut off")
            .says("(byte 305659)")
            .says("1 events cut off by the end of the file")
            .holds("every whole event before the cut is read", |opened| {
                opened.traces[0].num_slices() == 1401
            }),
        case("22-interleaved", "TensorRT-LLM PR#13536")
            .file("22-interleaved.json")
            .rank(0, figures().compute(400.0).comm(0.0))
            .rank(1, figures().compute(0.0).comm(80.0))
            .no_other_rank()
            .says("2 events that are not valid JSON")
            .says("at byte 1170 (line 70, column 3)"),
        case("23b-overwritten-gz", "sglang PR#15326")
            .file("23b-overwritten-gz.json.gz")
            .refused("the checksum of its gzip stream at byte 357 is wrong"),
        case("27-empty-last-event", "perfetto#6251")
            .file("27-empty-last-event.json")
            .rank(0, figures().compute(100.0))
            .clean(),
    ]
}

fn packed() -> Vec<Case> {
    vec![
        case("37-mgzip", "perfetto#872")
            .file("37-mgzip.json.gz")
            .clean()
            .holds("all of it", |opened| opened.traces[0].num_slices() == 2000),
        case("38a-double-gz", "perfetto#584")
            .file("38a-double-gz.json.gz")
            .clean()
            .holds("all of it", |opened| opened.traces[0].num_slices() == 2000),
        case("38b-zip", "perfetto#1009")
            .file("38b-trace.zip")
            .clean()
            .holds("all of it", |opened| opened.traces[0].num_slices() == 2000),
        case("38c-tar", "tracy PR#208")
            .file("38c-trace.tar.gz")
            .rank(0, figures().compute(100.0))
            .clean(),
        case("50-gz-zero-padding", "gunzip's habit")
            .file("50-gz-zero-padding.json.gz")
            .clean()
            .holds("all of it", |opened| opened.traces[0].num_slices() == 2000),
    ]
}

fn ours() -> Vec<Case> {
    vec![
        case("nan_arg", "ours")
            .file("damaged/nan_arg.json")
            .only_rank(figures().compute(15.0))
            .says("2 values that are no JSON"),
        case("w1_user_arg_weft", "ours")
            .file("damaged/w1_user_arg_weft.json")
            .only_rank(figures().compute(10.0))
            .holds("written and read again, the report is the same", says_the_same_again),
        case("s7_302", "ours")
            .file("damaged/s7_302.json")
            .holds("written and read again, the report is the same", says_the_same_again),
        case("s2_1714", "ours")
            .file("damaged/s2_1714.weft")
            .says("1 damaged chunks, skipped")
            .says("its content does not fit the rest of the file"),
        case("weft_labels", "ours")
            .file("damaged/weft_labels_first_huge_after_damaged_chunks.weft")
            .holds("it costs no memory", |opened| opened.traces[0].labels.len() < 1000)
            .says("damaged chunks, skipped"),
        case("s2_3329", "ours")
            .file("damaged/s2_3329.json")
            .says("times more than 73 years away from all others, left out"),
        case("ts_wrap", "ours")
            .file("damaged/ts_wrap.json")
            .says("1 times more than 73 years away from all others, left out")
            .holds("one kernel is left, as it was", |opened| {
                opened.traces[0].num_slices() == 1 && opened.traces[0].span().len_ns() == 5_000
            }),
    ]
}

/// Numbers of lanes become the names of their rows: a lane without slices is not written, so that the numbers change.
fn with_rows_by_name(report: &str, trace: &Trace) -> String {
    let mut parts = report.split("LaneId(");
    let mut named = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(')').expect("a number in parentheses");
        let lane = LaneId(number.parse().expect("a lane's number"));
        named.push_str(&trace.track(trace.lane(lane).track).name);
        named.push_str(rest);
    }
    named
}

fn says_the_same_again(opened: &Opened) -> bool {
    let first = &opened.traces[0];
    let mut text = Vec::new();
    let options = ExportOptions::default();
    chrome::write(first, &mut text, &options, &mut silent).expect("a Vec takes all");
    let again = chrome::read(&text[..], &OpenOptions::default(), &mut silent).expect("it is whole");
    let answer = |trace: &Trace| {
        let ops = Ops::of(trace, &Config::default());
        with_rows_by_name(&format!("{:?}", Reports::of(&ops)), trace)
    };
    let same = |what: fn(&Trace) -> String| what(first) == what(&again);
    answer(first) == answer(&again)
        && same(|trace| format!("{:?}", trace.meta))
        && same(|trace| format!("{:?}", trace.diagnostics))
        && same(|trace| {
            format!("{} {} {:?}", trace.num_slices(), trace.flows.len(), trace.counters)
        })
}
