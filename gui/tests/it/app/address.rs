//! Links: what an address says of what is in view, and where it leads.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use egui::RawInput;
use weftscope::app::{App, Start};
use weftscope_engine::spec::SplitChoice;

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn app() -> App {
    App::new(Start::opening(Vec::new()), None, Arc::new(|| {}))
}

/// Frames until it holds.
fn until(app: &mut App, is: impl Fn(&App) -> bool) {
    let ctx = egui::Context::default();
    let began = Instant::now();
    while !is(app) {
        assert!(began.elapsed() < PATIENCE, "{}", app.address());
        let mut output = ctx.run_ui(RawInput::default(), |ui| app.step(ui.ctx()));
        // Nobody uploads them.
        output.textures_delta.clear();
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_link_leads_to_what_it_was_made_of() {
    let mut app = app();
    assert_eq!(app.address(), "", "nothing is turned");
    app.visit("#tp=4&split=0.25&tokens=4096");
    until(&mut app, |app| app.address() == "tp=4&batch=4096&split=1024");
    let spec = &app.state().live.as_ref().unwrap().draft.spec;
    assert_eq!((spec.knobs.tp, spec.knobs.split), (4, SplitChoice::Fixed(1024)));
    // Another link is about all of the knobs.
    app.visit("strategy=fuse-only");
    until(&mut app, |app| app.address() == "strategy=fuse-only");
    app.visit("sample=h200x2-tokenweave");
    until(&mut app, |app| app.address() == "sample=h200x2-tokenweave");
    app.visit("lesson=3");
    until(&mut app, |app| app.address() == "lesson=3");
}

#[test]
fn what_an_address_says_in_vain_is_told() {
    let mut app = app();
    app.visit("#tp=many&sample=of-nothing&lesson=none");
    until(&mut app, |app| !app.state().notices.iter().collect::<Vec<_>>().is_empty());
    let texts: Vec<&str> = app.state().notices.iter().map(|notice| notice.text.as_str()).collect();
    assert_eq!(texts, ["The address says tp=many: not a whole number"]);
    assert_eq!(app.address(), "");
}
