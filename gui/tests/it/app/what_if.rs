//! What if, in the window: the command line's figures, what stands beside them, and the way into a file.

use std::{path::PathBuf, sync::Arc};

use egui::{Key, Modifiers};
use egui_kittest::{Harness, kittest::Queryable as _};
use serde_json::Value;
use weftscope::{
    app::{
        App, BottomTab, Command, Document, DocumentId, MarkStore, OpenDocument, PanelId, Role,
        Shown, State, WhatIfCommand,
    },
    files::{TraceFormat, open_trace},
    jobs::ExportFormat,
    timeline::ViewState,
};
use weftscope_traces::{Classifier, Origin};

use super::panels::text_from;
use crate::{
    cli::place::Place,
    common::{
        settle::settle,
        synthetic::{self, Shape},
    },
};

const SAMPLE: &str = "sample:h200x2-pytorch-sequential";

/// A window over this document, with the panel open.
fn window_over(state: State) -> Harness<'static, App> {
    let mut app = App::with_state(state, Arc::new(|| {}));
    app.send(Command::TogglePanel(PanelId::WhatIf));
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

/// The recording of PyTorch that ships, opened.
fn window() -> Harness<'static, App> {
    let mut window = window_over(State::default());
    window.state_mut().send(Command::Open(vec![PathBuf::from(SAMPLE)]));
    settle(&mut window);
    assert!(window.state().state().document().is_some());
    window
}

/// Types into the field of changes as a user does.
fn type_edit(window: &mut Harness<'static, App>, text: &str) {
    window.get_by_label("Change").click();
    window.run_steps(2);
    window.get_by_label("Change").type_text(text);
    window.run_steps(2);
    window.key_press(Key::Enter);
    settle(window);
}

fn ask(window: &mut Harness<'static, App>, command: WhatIfCommand) {
    window.state_mut().send(Command::WhatIf(command));
    settle(window);
}

fn answer(window: &Harness<'static, App>) -> Value {
    let state = window.state().state();
    let predicted = state.what_if.predicted.as_ref().expect("an answer");
    serde_json::to_value(&predicted.answer).expect("JSON")
}

/// Oracle: the command line's own answer.
#[test]
fn a_typed_edit_has_the_figures_of_the_command_line() {
    let mut window = window();
    window.get_by_label_contains("Nothing is changed.");
    window.get_by_label_contains("Replayed unchanged: iterations are off by up to 0.0");
    type_edit(&mut window, "weave=0.5");
    let place = Place::new();
    let told: Value =
        serde_json::from_str(&place.ok(&["what-if", SAMPLE, "--edit", "weave=0.5", "--json"]))
            .expect("JSON");
    assert_eq!(answer(&window), told["answer"]);
    for cause in told["answer"]["causes"].as_array().expect("causes") {
        assert!(cause["change_ns"].is_number());
    }
    window.get_by_label_contains("predictions of this change were off by up to 12.9 %");
    // A second one on top, and back again.
    type_edit(&mut window, "gemm=0.5");
    let both = answer(&window)["predicted_ns"].as_f64().expect("a number");
    assert!(both < told["answer"]["predicted_ns"].as_f64().expect("a number"));
    window.get_by_label("Undo").click();
    settle(&mut window);
    assert_eq!(answer(&window), told["answer"]);
    window.get_by_label("Remove weave").click();
    settle(&mut window);
    assert!(window.state().state().what_if.predicted.is_none());
}

#[test]
fn what_is_wrong_is_said_at_the_field() {
    let mut window = window();
    type_edit(&mut window, "gemm=fast");
    window.get_by_label_contains("\"fast\" is no factor between 0.01 and 100");
    assert!(window.state().state().what_if.edits.is_empty());
    assert_eq!(window.state().state().what_if.typed, "gemm=fast", "it stays to be mended");
    ask(&mut window, WhatIfCommand::Type(String::new()));
    assert!(window.query_by_label_contains("is no factor").is_none());
    type_edit(&mut window, "machine=nowhere");
    window.get_by_label_contains("machine=nowhere: unknown machine");
    ask(&mut window, WhatIfCommand::Type(String::new()));
    // An edit that finds nothing to change is in force, and its reason stands where the answer would.
    type_edit(&mut window, "straggler=7:1us");
    window.get_by_label_contains("there is no rank 7 in this recording");
    assert!(window.state().state().what_if.predicted.is_none());
}

#[test]
fn the_predicted_timeline_is_a_ghost_over_the_recorded_one() {
    let mut window = window();
    type_edit(&mut window, "no-comm");
    window.get_by_label("Show beside").click();
    settle(&mut window);
    let state = window.state().state();
    let held = state.comparison.as_ref().expect("held");
    assert_eq!(held.reference.role, Role::Predicted);
    let predicted = state.what_if.predicted.as_ref().expect("an answer");
    assert!(Arc::ptr_eq(&held.reference.document, &predicted.document));
    assert!(held.has_ghost && held.is_beside);
    let ghost = state.view().and_then(|view| view.ghost.as_ref()).expect("a ghost");
    assert!(Arc::ptr_eq(&ghost.data, &predicted.document.timeline) && ghost.has_ends);
    assert_eq!(ghost.name, "predicted, MODELLED: no-comm");
    // From recorded to predicted, as the panel has it.
    let report = held.report.as_ref().expect("compared");
    assert_eq!(report.terms[0].iteration_ns, predicted.answer.recorded_ns);
    assert_eq!(report.terms[1].iteration_ns, predicted.answer.predicted_ns);
    window.get_by_label("outlines: predicted, MODELLED: no-comm");
    window.get_by_label("where its iterations end");
    for label in ["Predicted", "Recorded", "modelled", "measured", "± 0.86 %"] {
        let is_there = window.query_all_by_label(label).next().is_some();
        assert!(is_there, "{label} is not in {}", text_from(&window, "What if"));
    }
    // Other edits: another timeline in its place.
    type_edit(&mut window, "gemm=0.5");
    let state = window.state().state();
    let held = state.comparison.as_ref().expect("held");
    let predicted = state.what_if.predicted.as_ref().expect("an answer");
    assert!(Arc::ptr_eq(&held.reference.document, &predicted.document));
    assert_eq!(held.reference.name, "no-comm, gemm=0.5");
    ask(&mut window, WhatIfCommand::Clear);
    let state = window.state().state();
    assert!(state.comparison.is_none() && state.view().is_some_and(|view| view.ghost.is_none()));
}

/// Differences of iteration 2 are of that iteration in both, whichever of the two was turned.
#[test]
fn an_iteration_is_held_against_what_is_predicted_of_it() {
    use weftscope::app::{CompareCommand, Pane};
    let mut window = window();
    type_edit(&mut window, "comm=0.5");
    ask(&mut window, WhatIfCommand::ToggleBeside);
    for (pane, expected) in [(Pane::InView, Some(0)), (Pane::Reference, Some(1))] {
        window.state_mut().send(Command::Compare(CompareCommand::Iteration(pane, 1)));
        settle(&mut window);
        let held = window.state().state().comparison.as_ref().expect("held");
        assert_eq!((held.reference.iteration, held.iteration), (expected, expected));
    }
}

#[test]
fn what_is_exported_is_marked_as_modelled() {
    let mut window = window();
    let path = |window: &Harness<'static, App>| {
        window.state().state().suggested_path(ExportFormat::Predicted(TraceFormat::Weft))
    };
    type_edit(&mut window, "no-comm");
    assert!(path(&window).ends_with("sample:h200x2-pytorch-sequential-predicted.weft"));
    let place = Place::new();
    let target = place.path("predicted.weft");
    window.get_by_label("Export predicted…").click();
    settle(&mut window);
    window.get_by_label("Path");
    window.state_mut().send(Command::PathInput(target.display().to_string()));
    window.state_mut().send(Command::PathAccept);
    settle(&mut window);
    let mut on = |_: u64, _: u64| std::ops::ControlFlow::Continue(());
    let written = open_trace(&target, &Classifier::default(), &mut on).expect("written");
    assert_eq!(written.meta.provenance.origin(), Some(Origin::Modelled));
    assert!(written.meta.title.ends_with("what if: no-comm"), "{}", written.meta.title);
}

#[test]
fn suggestions_are_sentences_that_a_click_puts_in_force() {
    let mut window = window();
    window.get_by_label("Suggest").click();
    settle(&mut window);
    let state = window.state().state();
    let found = state.what_if.suggestions.as_ref().expect("found").as_ref().expect("some").clone();
    let place = Place::new();
    let told: Value =
        serde_json::from_str(&place.ok(&["what-if", SAMPLE, "--suggest", "--json"])).expect("JSON");
    assert_eq!(serde_json::to_value(&found.ranked).expect("JSON"), told["suggestions"]);
    assert_eq!(serde_json::to_value(&found.left_out).expect("JSON"), told["left_out"]);
    for left_out in &found.left_out {
        assert!(window.query_all_by_label_contains(&left_out.in_words()).next().is_some());
    }
    let takes = "takes a second stream and a scheduler";
    assert!(window.query_all_by_label_contains(takes).next().is_some());
    let first = &found.ranked[0];
    window.get_by_label(&format!("Put in force: {}", first.edits.join(", "))).click();
    settle(&mut window);
    let answer = answer(&window);
    assert_eq!(window.state().state().what_if.typed_edits(), first.edits);
    let change = answer["predicted_ns"].as_f64().unwrap() / answer["recorded_ns"].as_f64().unwrap();
    assert!((change - 1.0 - first.change).abs() < 1e-9);
    assert!(!window.state().state().what_if.shows_suggestions, "its answer is in view");
}

/// A made-up recording of two ranks.
fn made_up(id: u64) -> OpenDocument {
    let trace = Arc::new(synthetic::trace(Shape { layers: 2, ..Shape::TINY }));
    let document = Arc::new(Document::prepare(trace, "run"));
    let view = ViewState::new(&document.timeline);
    let paths = vec![PathBuf::from(format!("/data/{id}.weft"))];
    OpenDocument { id: DocumentId(id), paths, document, view, marks: MarkStore::Session }
}

fn two_open() -> State {
    let mut state = State::default();
    state.documents = vec![made_up(1), made_up(2)];
    state.shown = Shown::File(DocumentId(2));
    state
}

#[test]
fn what_if_of_another_recording_begins_with_nothing() {
    let mut window = window_over(two_open());
    settle(&mut window);
    type_edit(&mut window, "no-comm");
    ask(&mut window, WhatIfCommand::ToggleBeside);
    assert!(window.state().state().comparison.is_some());
    window.state_mut().send(Command::Show(Shown::File(DocumentId(1))));
    settle(&mut window);
    let state = window.state().state();
    assert!(state.what_if.edits.is_empty() && state.comparison.is_none());
    assert!(state.what_if.prepared.is_some(), "it is made ready of this one");
    window.state_mut().send(Command::Close(DocumentId(1)));
    settle(&mut window);
    assert!(window.state().state().jobs.is_empty());
}

/// Turn after turn of one value is one step back.
#[test]
fn a_value_that_is_turned_is_one_change() {
    let mut window = window_over(two_open());
    settle(&mut window);
    type_edit(&mut window, "gemm=0.8");
    for factor in ["0.7", "0.6", "0.5"] {
        let set = WhatIfCommand::Set(0, format!("gemm={factor}"));
        window.state_mut().send(Command::WhatIf(set));
        window.step();
    }
    settle(&mut window);
    window.run_steps(4);
    settle(&mut window);
    assert_eq!(window.state().state().what_if.typed_edits(), ["gemm=0.5"]);
    assert_eq!(answer(&window)["edits"][0], "gemm=0.5");
    ask(&mut window, WhatIfCommand::Undo);
    assert_eq!(window.state().state().what_if.typed_edits(), ["gemm=0.8"]);
    ask(&mut window, WhatIfCommand::Undo);
    assert!(window.state().state().what_if.edits.is_empty());
}

#[test]
fn the_panel_in_words() {
    let mut window = window_over(two_open());
    window.state_mut().send(Command::TogglePanel(PanelId::Why));
    window.state_mut().send(Command::TogglePanel(PanelId::Legend));
    settle(&mut window);
    type_edit(&mut window, "comm=0.5");
    type_edit(&mut window, "straggler=0:5us");
    window.get_by_label("Suggest").click();
    settle(&mut window);
    window.key_press_modifiers(Modifiers::NONE, Key::Escape);
    insta::assert_snapshot!(text_from(&window, "What if"));
    window.get_by_label("Add a change").click();
    window.run_steps(3);
    for form in weftscope_traces::replay::Edit::FORMS {
        assert!(window.query_all_by_label(form.form).next().is_some(), "{form:?}");
    }
}

/// The differences of a predicted timeline are from recorded to predicted.
#[test]
fn differences_say_which_is_predicted() {
    let mut window = window_over(two_open());
    settle(&mut window);
    type_edit(&mut window, "no-comm");
    ask(&mut window, WhatIfCommand::ToggleBeside);
    window.state_mut().send(Command::ShowBottom(BottomTab::Differences));
    settle(&mut window);
    let text = text_from(&window, "Details");
    assert_eq!(text.matches("recorded\npredicted").count(), 2, "causes and ops: {text}");
}
