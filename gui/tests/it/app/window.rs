//! The whole window driven by name, as a screen reader would: no display, no GPU.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::app::{
    App, BottomTab, Command, Event, Overlay, PanelId, Shown, Start, State, apply,
    live::{Backend, Catalog, Draft, KnobEdit, Live, LiveCommand, LiveEvent, Status},
    update,
};
use weftscope::here::Here;
use weftscope::timeline::{RangeSelection, ViewCommand};
use weftscope_engine::cuda;
use weftscope_testkit::aloud;

use super::calibration::two_gpus;

fn window() -> Harness<'static, App> {
    let mut harness = harness(App::new(Start::default(), None, Arc::new(|| {})));
    wait(&mut harness, |app| app.state().document().is_some());
    harness
}

fn harness(app: App) -> Harness<'static, App> {
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    Harness::builder().with_size([1280.0, 720.0]).build_ui_state(draw, app)
}

/// Draws frames until the state is as asked; the run behind the window has threads of its own.
fn wait(harness: &mut Harness<'static, App>, done: impl Fn(&App) -> bool) {
    let since = Instant::now();
    while !done(harness.state()) {
        assert!(since.elapsed() < Duration::from_secs(60), "the window did not get there");
        std::thread::sleep(Duration::from_millis(20));
        harness.step();
    }
    harness.step();
}

#[test]
fn the_first_picture_says_where_its_numbers_come_from() {
    let mut harness = window();
    harness.get_by_label("MODELLED");
    harness.get_by_label("Split point");
    harness.get_by_label("Token bar");
    harness.get_by_label("Communication");
    wait(&mut harness, |app| app.state().live.as_ref().unwrap().baselines.len() >= 5);
    assert!(harness.query_by_label("nocomm").is_some());
}

#[test]
fn the_run_is_paused_stepped_and_gone_back_in() {
    let mut harness = window();
    harness.get_by_label("Pause").click();
    harness.step();
    harness.step();
    harness.get_by_label("Run");
    let before = harness.state().state().live.as_ref().unwrap().history.back().unwrap().number;
    harness.get_by_label("Step").click();
    harness.step();
    wait(&mut harness, |app| {
        app.state().live.as_ref().unwrap().history.back().unwrap().number > before
    });
    harness.get_by_label("Older iteration").click();
    harness.step();
    harness.step();
    assert!(harness.state().state().live.as_ref().unwrap().pinned.is_some());
}

#[test]
fn keys_open_the_sheet_the_palette_and_the_diagnostics() {
    let mut harness = window();
    harness.key_press(egui::Key::Questionmark);
    harness.step();
    harness.step();
    assert_eq!(harness.state().state().overlay, Overlay::Help);
    harness.key_press(egui::Key::Escape);
    harness.step();
    harness.step();
    assert_eq!(harness.state().state().overlay, Overlay::None);
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::P);
    harness.step();
    harness.step();
    assert!(matches!(harness.state().state().overlay, Overlay::Palette { .. }));
    harness.key_press(egui::Key::Escape);
    harness.step();
    harness.step();
    harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::Num3);
    harness.step();
    harness.step();
    let layout = &harness.state().state().settings.layout;
    assert!(layout.is_open(PanelId::Bottom));
    assert_eq!(layout.bottom_tab, BottomTab::Details);
}

/// Under the sheet of keys the timeline is deaf.
#[test]
fn the_sheet_of_keys_keeps_keys_to_itself() {
    let mut harness = window();
    harness.get_by_label("Pause").click();
    harness.run_steps(3);
    let marked = |app: &App| app.state().view().unwrap().marks.list().len();
    let span = harness.state().state().view().unwrap().window;
    let range = RangeSelection { span, tracks: Vec::new() };
    let select = Command::View(ViewCommand::SelectRange(range));
    harness.state_mut().send(select);
    harness.run_steps(2);
    for (key, marks) in
        [(egui::Key::Questionmark, 0), (egui::Key::M, 0), (egui::Key::Escape, 0), (egui::Key::M, 1)]
    {
        harness.key_press(key);
        harness.run_steps(2);
        assert_eq!(marked(harness.state()), marks, "{key:?}");
    }
}

/// A folded panel leaves a strip that opens it.
#[test]
fn folded_panels_leave_a_handle() {
    let mut harness = window();
    let is_open = |app: &App, panel| app.state().settings.layout.is_open(panel);
    for panel in [PanelId::Knobs, PanelId::Why] {
        harness.state_mut().send(Command::TogglePanel(panel));
        harness.run_steps(2);
        assert!(!is_open(harness.state(), panel));
        harness.get_by_label(panel.facts().command).click();
        harness.run_steps(3);
        assert!(is_open(harness.state(), panel), "{panel:?}");
    }
    harness.get_by_label("Diagnostics").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state().settings.layout.bottom_tab, BottomTab::Diagnostics);
    harness.get_by_label("Fold the legend").click();
    harness.run_steps(3);
    assert!(!is_open(harness.state(), PanelId::Legend));
    harness.get_by_label("Legend").click();
    harness.run_steps(3);
    harness.get_by_label("slack of a phase");
}

/// A key counts with the modifiers it came with, however they stand at the end of the frame.
#[test]
fn ctrl_e_and_ctrl_shift_e_are_two_keys() {
    let mut harness = window();
    let both = egui::Modifiers::COMMAND | egui::Modifiers::SHIFT;
    for (modifiers, ending) in [(both, ".png"), (egui::Modifiers::COMMAND, ".json.gz")] {
        for pressed in [true, false] {
            harness.event(egui::Event::Key {
                key: egui::Key::E,
                physical_key: None,
                pressed,
                repeat: false,
                modifiers,
            });
        }
        harness.event(egui::Event::ModifiersChanged(egui::Modifiers::NONE));
        harness.step();
        harness.step();
        let Overlay::Path(question) = &harness.state().state().overlay else {
            panic!("a path is asked for")
        };
        assert!(question.text.ends_with(ending), "{}", question.text);
        harness.key_press(egui::Key::Escape);
        harness.step();
        harness.step();
        assert_eq!(harness.state().state().overlay, Overlay::None);
    }
}

/// Two GPUs that are not there, chosen: the window says what happened and goes on.
#[test]
fn gpus_that_cannot_be_opened_say_why_and_offer_the_simulator() {
    if cuda::probe().is_ok() {
        aloud("not run: there are GPUs here, and this is about a computer without");
        return;
    }
    let catalog = Catalog::builtin().unwrap();
    let draft = Draft::new(catalog.default_spec().clone());
    let mut state = State::default();
    state.live = Some(Live::new(catalog, draft));
    state.shown = Shown::Live;
    let found = two_gpus();
    let here = Box::new(Here::within(None, cuda::machine_of(&found)));
    apply(&mut state, Event::Live(Box::new(LiveEvent::Gpus(found, here))));
    let pick = LiveCommand::Turn(KnobEdit::Machine("here".to_owned()));
    update(&mut state, Command::Live(pick));
    let mut harness = harness(App::with_state(state, Arc::new(|| {})));
    let live = |app: &App| app.state().live.as_ref().unwrap().status.clone();
    wait(&mut harness, |app| matches!(live(app), Status::Broke { .. } | Status::Refused(_)));
    let state = harness.state().state();
    assert!(matches!(state.live.as_ref().unwrap().backend, Backend::Gpus(..)), "the machine stays");
    let status = format!("{:?}", live(harness.state()));
    assert!(status.contains("no NVIDIA driver"), "{status}");
    harness.run_steps(2);
    harness.get_all_by_label("Use the simulator").next().unwrap().click();
    wait(&mut harness, |app| app.state().document().is_some());
    assert_eq!(harness.state().state().live.as_ref().unwrap().backend, Backend::Simulated);
    harness.get_by_label("MODELLED");
}
