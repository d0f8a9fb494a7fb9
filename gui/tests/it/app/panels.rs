//! What the panels say of a made-up recording, as text: every label, in the order in which a screen reader meets them.

use std::{path::PathBuf, sync::Arc};

use egui_kittest::{
    Harness, Node,
    kittest::{NodeT as _, Queryable as _},
};
use weftscope::{
    app::{
        App, BottomTab, Command, CompareCommand, Document, DocumentId, MarkStore, OpenDocument,
        PanelId, Shown, State,
    },
    timeline::{ViewCommand, ViewState},
};
use weftscope_traces::{SliceRef, TrackKind};

use crate::common::{
    settle::settle,
    synthetic::{self, Shape},
};

/// A window of two recordings, the second with a layer more and in view.
pub(super) fn window() -> Harness<'static, App> {
    let open = |id, layers| {
        let trace = Arc::new(synthetic::trace(Shape { layers, ..Shape::TINY }));
        let document = Arc::new(Document::prepare(trace, "run"));
        let view = ViewState::new(&document.timeline);
        let paths = vec![PathBuf::from(format!("/data/{layers}-layers.weft"))];
        OpenDocument { id: DocumentId(id), paths, document, view, marks: MarkStore::Session }
    };
    let mut state = State::default();
    state.documents = vec![open(1, 1), open(2, 2)];
    state.shown = Shown::File(DocumentId(2));
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(state, Arc::new(|| {}));
    Harness::builder().with_size([1600.0, 1000.0]).build_ui_state(draw, app)
}

pub(super) fn send(window: &mut Harness<'static, App>, command: Command) {
    window.state_mut().send(command);
    window.run_steps(3);
}

/// Labels of what is drawn between the first that says `from` and the end, a line each.
pub(super) fn text_from(window: &Harness<'static, App>, from: &str) -> String {
    let mut lines = Vec::new();
    gather(window.root(), &mut lines);
    let at = lines.iter().position(|line| line == from);
    let at = at.unwrap_or_else(|| panic!("no {from} among {lines:?}"));
    lines[at..].join("\n")
}

fn gather(node: Node<'_>, lines: &mut Vec<String>) {
    let said = node.accesskit_node();
    if let Some(text) = said.label().or_else(|| said.value()) {
        let text = text.trim();
        if !text.is_empty() && lines.last().is_none_or(|last| last != text) {
            lines.push(text.to_owned());
        }
    }
    for child in node.children() {
        gather(child, lines);
    }
}

#[test]
fn why() {
    let mut window = window();
    send(&mut window, Command::TogglePanel(PanelId::Legend));
    settle(&mut window);
    insta::assert_snapshot!(text_from(&window, "Why"));
}

#[test]
fn details_of_an_op() {
    let mut window = window();
    let trace = &window.state().state().document().unwrap().trace;
    let stream = trace.find_track(&TrackKind::Stream { rank: 0, stream: 0 }).unwrap();
    let slice = SliceRef { lane: trace.track(stream).lanes[0], index: 3 };
    send(&mut window, Command::View(ViewCommand::Select(slice)));
    send(&mut window, Command::TogglePanel(PanelId::Why));
    send(&mut window, Command::ShowBottom(BottomTab::Details));
    settle(&mut window);
    insta::assert_snapshot!(text_from(&window, "Details"));
}

#[test]
fn statistics() {
    let mut window = window();
    send(&mut window, Command::TogglePanel(PanelId::Why));
    send(&mut window, Command::ShowBottom(BottomTab::Statistics));
    settle(&mut window);
    insta::assert_snapshot!(text_from(&window, "Details"));
}

#[test]
fn differences() {
    let mut window = window();
    send(&mut window, Command::Compare(CompareCommand::HoldFile(DocumentId(1))));
    send(&mut window, Command::TogglePanel(PanelId::Why));
    send(&mut window, Command::ShowBottom(BottomTab::Differences));
    settle(&mut window);
    insta::assert_snapshot!(text_from(&window, "Details"));
}

/// However far down Why of one recording was read, that of another begins with its sentence.
#[test]
fn why_of_another_recording_is_read_from_its_beginning() {
    let mut window = window();
    window.set_size(egui::vec2(1600.0, 500.0));
    settle(&mut window);
    let top = |window: &Harness<'static, App>| {
        let first = window.get_all_by_label("Why").map(|node| node.rect().top());
        first.fold(f32::INFINITY, f32::min)
    };
    let begin = top(&window);
    let pos = window.get_by_label_contains("Where the time goes").rect().center();
    window.event(egui::Event::PointerMoved(pos));
    window.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Point,
        delta: egui::vec2(0.0, -200.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Wheel,
        modifiers: egui::Modifiers::NONE,
    });
    window.run_steps(30);
    let read = top(&window);
    assert!(read < begin - 20.0, "it scrolls: {read} {begin}");
    window.run_steps(3);
    assert_eq!(top(&window), read, "and stays");
    send(&mut window, Command::Show(Shown::File(DocumentId(1))));
    assert_eq!(top(&window), begin);
}

#[test]
fn marks_and_diagnostics() {
    let mut window = window();
    send(&mut window, Command::TogglePanel(PanelId::Why));
    for (name, tab) in [("marks", BottomTab::Marks), ("diagnostics", BottomTab::Diagnostics)] {
        send(&mut window, Command::ShowBottom(tab));
        settle(&mut window);
        insta::assert_snapshot!(name, text_from(&window, "Details"));
    }
}

/// Nothing of the system's is asked in tests, so the fonts of the program alone are known: they have no Hangul.
#[test]
fn what_no_font_has_is_said_once_with_what_to_install() {
    let mut window = window();
    window.ctx.set_missing_glyph_policy(egui::MissingGlyphPolicy::Tofu);
    let notices = |window: &Harness<'static, App>| -> Vec<String> {
        window.state().state().notices.iter().map(|notice| notice.text.clone()).collect()
    };
    settle(&mut window);
    assert_eq!(notices(&window), [""; 0], "all that the window itself says can be drawn");
    for (typed, told) in [("한", 1), ("한글", 1), ("한글 🫠", 2)] {
        send(&mut window, Command::TogglePalette);
        send(&mut window, Command::PaletteInput(typed.to_owned()));
        settle(&mut window);
        send(&mut window, Command::TogglePalette);
        assert_eq!(notices(&window).len(), told, "{typed}: {:?}", notices(&window));
    }
    let said = notices(&window);
    assert!(said[0].contains("fonts-noto-cjk") && said[1].contains("fonts-noto-color-emoji"));
    send(&mut window, Command::ShowBottom(BottomTab::Diagnostics));
    let diagnostics = text_from(&window, "Details");
    assert!(said.iter().all(|text| diagnostics.contains(text)), "{diagnostics}");
}
