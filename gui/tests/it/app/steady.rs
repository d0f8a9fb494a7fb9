//! What stays where it is under the pointer while the window changes by itself, and what the window starts with.

use std::sync::Arc;

use egui::{
    Event, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Rect, Shape, TouchPhase,
    vec2,
};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::{
    app::{App, BottomTab, Command, CompareCommand, PanelId, State, update},
    jobs::{JobId, JobKind, JobStatus},
    theme::{Mode, Theme},
};

use super::live::{catalog, iteration, state, tell};

/// A window over a run that is in view.
fn window(change: impl FnOnce(&mut State)) -> Harness<'static, App> {
    let mut state = state();
    let spec = catalog().default_spec().clone();
    tell(&mut state, iteration(&spec, 0));
    change(&mut state);
    let draw = |ui: &mut egui::Ui, app: &mut App| {
        app.step(ui.ctx());
        app.draw(ui);
    };
    let app = App::with_state(state, Arc::new(|| {}));
    let size = [1024.0, 700.0];
    Harness::builder().with_size(size).with_step_dt(0.05).build_ui_state(draw, app)
}

fn rect(window: &Harness<'static, App>, label: &str) -> Rect {
    window.get_by_label(label).rect()
}

/// Presses or lets go in the middle of something.
fn button(window: &mut Harness<'static, App>, at: Rect, pressed: bool) {
    let (pos, modifiers) = (at.center(), Modifiers::NONE);
    window.event(Event::PointerMoved(pos));
    window.event(Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers });
    window.run_steps(1);
}

/// A bar comes up half a second after the work began; here between press and release of a click.
#[test]
fn work_that_takes_long_moves_nothing_and_takes_no_click() {
    for count in [1_u64, 4] {
        let mut window = window(|state| {
            let job = |id| JobStatus::new(JobId(900 + id), JobKind::Open, "Opening a file", 0.5);
            state.jobs.extend((0..count).map(job));
        });
        window.run_steps(10);
        assert!(window.query_by_label("Cancel").is_none());
        let seen = ["Split point", "GEMM", "Marks", "Filter rows"];
        let before = seen.map(|label| rect(&window, label));
        button(&mut window, before[2], true);
        window.run_steps(12);
        assert!(window.query_all_by_label("Cancel").count() > 0, "its bar is there");
        assert_eq!(seen.map(|label| rect(&window, label)), before);
        if count > 1 {
            window.get_by_label("2 more");
        }
        button(&mut window, before[2], false);
        window.run_steps(2);
        let layout = &window.state().state().settings.layout;
        assert!(layout.is_open(PanelId::Bottom) && layout.bottom_tab == BottomTab::Marks);
    }
}

/// The tab of the last time may have nothing to show now.
#[test]
fn one_of_the_tabs_is_always_marked() {
    let mut window = window(|state| state.settings.layout.show(BottomTab::Differences));
    window.run_steps(3);
    assert!(window.query_by_label("Differences").is_none(), "nothing is compared");
    window.get_by_label_contains("Nothing is selected");
    assert_eq!(
        window.state().state().settings.layout.bottom_tab,
        BottomTab::Differences,
        "for later"
    );
}

/// The frame that changes the colours is whole: captions, buttons and marks in those of now.
#[test]
fn a_change_of_colours_takes_one_frame() {
    let mut window = window(|_| {});
    window.run_steps(10);
    window.state_mut().send(Command::ToggleTheme);
    window.run_steps(1);
    let (dark, style) = (window.state().state().dark(), Theme::of(Mode::Light).style());
    assert!(!dark);
    let ink = style.visuals.widgets.inactive.fg_stroke.color;
    let texts = window.output().shapes.iter().filter_map(|it| match &it.shape {
        Shape::Text(text) if text.galley.text() == "File" => Some(text.fallback_color),
        _ => None,
    });
    assert_eq!(texts.collect::<Vec<_>>(), [ink]);
}

/// A menu that is longer than the window is high leaves the bar free, and its last entry can be reached.
#[test]
fn a_long_menu_is_scrolled() {
    let mut window = window(|_| {});
    window.run_steps(10);
    let bar = rect(&window, "View menu");
    window.get_by_label("View menu").click();
    window.run_steps(4);
    let first = window.get_by_label_contains("Fold or open the knobs").rect();
    assert!(first.top() > bar.bottom(), "{first} {bar}");
    let last = |window: &Harness<'static, App>| rect(window, "Colours: dark");
    assert!(last(&window).bottom() > 700.0, "all of it would fit");
    window.event(Event::PointerMoved(first.center()));
    for _ in 0..8 {
        let (unit, delta) = (MouseWheelUnit::Point, vec2(0.0, -100.0));
        let (modifiers, phase) = (Modifiers::NONE, TouchPhase::Move);
        let source = MouseWheelSource::Wheel;
        window.event(Event::MouseWheel { unit, delta, phase, source, modifiers });
        window.run_steps(4);
    }
    assert!(last(&window).bottom() < 700.0, "{}", last(&window));
    window.get_by_label("Colours: light").click();
    window.run_steps(3);
    assert!(!window.state().state().dark());
    window.get_by_label("View menu").click();
    window.run_steps(4);
    let again = window.get_by_label_contains("Fold or open the knobs").rect();
    assert_eq!(again, first, "it opens at its beginning");
}

/// Beside each other in a window as small as it gets: the lines over the two have no word on another.
#[test]
fn words_of_a_comparison_stand_apart_in_a_small_window() {
    let mut window = window(|state| {
        update(state, Command::Compare(CompareCommand::Hold));
    });
    window.run_steps(10);
    let which = rect(&window, "Second");
    let others = ["Beside", "Ghost", "modelled"];
    let others = others
        .map(|label| window.query_all_by_label(label).map(|it| it.rect()).collect::<Vec<_>>());
    assert!(!others[0].is_empty() && !others[1].is_empty());
    for other in others.iter().flatten() {
        assert!(!other.intersects(which), "{which} {other}");
    }
}
