//! The whole window driven by name, as a screen reader would: no display, no GPU.
#![cfg(feature = "live")]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::app::{App, BottomTab, Overlay, Start};

fn window() -> Harness<'static, App> {
    let app = App::new(Start::default(), None, Arc::new(|| {}));
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let mut harness = Harness::builder().with_size([1280.0, 720.0]).build_ui_state(draw, app);
    wait(&mut harness, |app| app.state().document().is_some());
    harness
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
    let layout = harness.state().state().settings.layout;
    assert_eq!((layout.bottom, layout.bottom_tab), (true, BottomTab::Diagnostics));
}
