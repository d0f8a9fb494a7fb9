//! Every number of the panel, against the formula that it gives for it.

use std::{path::PathBuf, sync::Arc};

use egui_kittest::Harness;
use weftscope_traces::{Classifier, Trace};

use super::*;
use crate::{
    app::{DocumentId, MarkStore, OpenDocument},
    files::{no_hook, open_trace},
    theme::{Mode, Theme},
    timeline::ViewState,
};

type Numbers = Vec<(String, String, Vec<String>)>;

/// What the panel says of a recording: names, numbers as they stand there, and what formulas give.
fn numbers(trace: Trace) -> Numbers {
    let document = Arc::new(Document::prepare(Arc::new(trace), "run"));
    let view = ViewState::new(&document.timeline);
    let (id, paths) = (DocumentId(1), vec![PathBuf::from("run.weft")]);
    let mut state = State::default();
    state.documents = vec![OpenDocument { id, paths, document, view, marks: MarkStore::Session }];
    state.shown = Shown::File(id);
    let draw = move |ui: &mut Ui, numbers: &mut Numbers| {
        let theme = Theme::of(Mode::Dark);
        let mut cx = Cx::new(&state, &theme);
        why_ui(ui, &mut cx);
        *numbers = cx.numbers;
    };
    let mut window =
        Harness::builder().with_size([500.0, 4000.0]).build_ui_state(draw, Numbers::new());
    window.run_steps(2);
    window.state().clone()
}

/// Takes out what formulas give; what is left has no digit.
fn is_explained(text: &str, answers: &[String]) -> bool {
    let mut rest = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut answers: Vec<&String> = answers.iter().collect();
    answers.sort_by_key(|answer| std::cmp::Reverse(answer.len()));
    for answer in answers {
        let answer = answer.split_whitespace().collect::<Vec<_>>().join(" ");
        rest = rest.replacen(&answer, "", 1);
    }
    !rest.contains(|chr: char| chr.is_ascii_digit())
}

fn sample(name: &str) -> Trace {
    let path = PathBuf::from(format!("sample:{name}"));
    open_trace(&path, &Classifier::default(), &mut no_hook).expect("a sample opens")
}

#[cfg(feature = "live")]
fn simulated() -> Option<Trace> {
    use weftscope_engine::{batch::Batch, sim::Simulator};
    let mut spec = crate::app::live::Catalog::builtin().unwrap().default_spec().clone();
    spec.batch = Batch::prefill(4096, 4096);
    spec.knobs.layers = Some(2);
    let mut simulator = Simulator::new(&spec.machine);
    let recorded = weftscope_profiler::record::record(&mut simulator, &spec, 1, &mut |_| true);
    Some(Trace::clone(&recorded.unwrap()))
}

/// Without the engine there are the samples.
#[cfg(not(feature = "live"))]
fn simulated() -> Option<Trace> {
    None
}

/// Of recordings of several makers: the formula over the inputs that are shown gives the number that is shown.
#[test]
fn every_number_is_what_its_formula_gives() {
    let samples = ["h200x2-tokenweave", "h200x2-pytorch-weave"].map(sample);
    let traces: Vec<Trace> = samples.into_iter().chain(simulated()).collect();
    let mut explained = std::collections::BTreeSet::new();
    for trace in traces {
        let title = trace.meta.title.clone();
        let rows = numbers(trace);
        assert!(rows.len() > 25, "{title}: {} rows", rows.len());
        for (name, text, answers) in rows {
            assert!(is_explained(&text, &answers), "{title}, {name}: {text:?} of {answers:?}");
            if !answers.is_empty() {
                explained.insert(name);
            }
        }
    }
    for name in
        ["idle", "overlap", "overlap, weighted by SMs", "waiting for a late rank", "A", "qkv"]
    {
        assert!(explained.contains(name), "{name}: {explained:?}");
    }
}

#[test]
fn what_has_no_formula_is_found() {
    assert!(is_explained("12.3 ms  45.6 %", &["45.6 %".to_owned(), "12.3 ms".to_owned()]));
    assert!(!is_explained("12.3 ms  45.6 %", &["12.3 ms".to_owned()]));
    assert!(!is_explained("12.3 ms", &["12.4 ms".to_owned()]));
}
