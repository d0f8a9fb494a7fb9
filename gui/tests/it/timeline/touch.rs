//! The timeline under fingers.

use egui::{Event, Modifiers, TouchDeviceId, TouchId, TouchPhase, pos2};
use egui_kittest::{Harness, kittest::Queryable as _};
use weftscope::timeline::{TimeScale, ViewState};

use super::window::{State, button, small};

/// Fingers as a browser tells of them: the first is a pointer too.
fn touched(window: &mut Harness<'_, State>, paths: &[[egui::Pos2; 2]]) {
    let device_id = TouchDeviceId(0);
    let touch =
        |(id, pos), phase| Event::Touch { device_id, id: TouchId(id), phase, pos, force: None };
    let at = |share: f32| paths.iter().map(move |[from, to]| *from + (*to - *from) * share);
    for (step, phase) in [TouchPhase::Start, TouchPhase::Move, TouchPhase::Move, TouchPhase::End]
        .into_iter()
        .enumerate()
    {
        let share = [0.0, 0.5, 1.0, 1.0][step];
        for (id, pos) in (0..).zip(at(share)) {
            if id == 0 {
                window.event(Event::PointerMoved(pos));
                if matches!(phase, TouchPhase::Start | TouchPhase::End) {
                    window.event(button(phase == TouchPhase::Start, pos, Modifiers::NONE));
                }
            }
            window.event(touch((id, pos), phase));
        }
        window.step();
    }
    window.event(Event::PointerGone);
    window.step();
}

/// What is under fingers stays under them.
#[test]
fn one_finger_moves_the_time_and_two_spread_it() {
    let mut window = small();
    let before = window.state().view.window;
    let plot = window.get_by_label("timeline").rect();
    let time =
        |view: &ViewState, x| TimeScale::new(view.window, plot.left(), plot.width()).time_from_x(x);
    let near = |one: i64, other: i64| (one - other).abs() * 200 < before.len_ns();

    let held = time(&window.state().view, 300.0);
    touched(&mut window, &[[pos2(300.0, 150.0), pos2(220.0, 150.0)]]);
    let view = &window.state().view;
    assert!(view.selection.range().is_none(), "a finger selects no range");
    assert_eq!(view.window.len_ns(), before.len_ns());
    assert!(near(time(view, 220.0), held), "{} is not {held}", time(view, 220.0));

    let [left, right] = [260.0, 300.0].map(|x| time(&window.state().view, x));
    touched(
        &mut window,
        &[[pos2(260.0, 150.0), pos2(220.0, 150.0)], [pos2(300.0, 150.0), pos2(380.0, 150.0)]],
    );
    let view = &window.state().view;
    assert!(view.selection.range().is_none());
    assert!(view.window.len_ns() < before.len_ns() / 3, "{}", view.window.len_ns());
    assert!(near(time(view, 220.0), left) && near(time(view, 380.0), right));
}
