//! Ten thousand things that a hand on mouse and keys may do, in an order that a seed gives: nothing breaks, whatever is open,
//! folded, selected, typed or running at the time.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use egui::{
    Event, FallbackRequest, Key, Modifiers, MouseWheelSource, MouseWheelUnit, PointerButton, Pos2,
    RawInput, Rect, TouchPhase, pos2, vec2,
};
use weftscope::app::{App, Command, Overlay, Shown, Start};
use weftscope_engine::random::Random;

const ACTIONS: u32 = 10_000;
/// Actions between two frames: a fast hand, and a test that ends.
const A_FRAME: u32 = 4;
const SEED: u64 = 20_261_127;

/// A character that the hand types and that no font of the program has.
const FOREIGN: char = '数';

/// A hand: where the pointer is, and what it holds down.
struct Hand {
    random: Random,
    at: Pos2,
    held: Option<PointerButton>,
}

impl Hand {
    fn modifiers(&mut self) -> Modifiers {
        let none = Modifiers::NONE;
        self.random.one_of(&[
            none,
            none,
            none,
            Modifiers::CTRL,
            Modifiers::COMMAND,
            Modifiers::SHIFT,
            Modifiers::ALT,
        ])
    }

    fn act(&mut self, size: egui::Vec2, events: &mut Vec<Event>) {
        match self.random.below(10) {
            0..=2 => {
                let (x, y) = (self.random.below(1000) as f32, self.random.below(1000) as f32);
                self.at = pos2(x / 1000.0 * size.x, y / 1000.0 * size.y);
                events.push(Event::PointerMoved(self.at));
            }
            3 | 4 => {
                let pressed = self.held.is_none();
                let button = self.held.take().unwrap_or_else(|| {
                    let primary = PointerButton::Primary;
                    self.random.one_of(&[
                        primary,
                        primary,
                        primary,
                        PointerButton::Secondary,
                        PointerButton::Middle,
                    ])
                });
                self.held = pressed.then_some(button);
                let modifiers = self.modifiers();
                events.push(Event::PointerButton { pos: self.at, button, pressed, modifiers });
            }
            5 => {
                let delta = vec2(
                    self.random.below(41) as f32 - 20.0,
                    self.random.below(401) as f32 - 200.0,
                );
                let (unit, phase, modifiers) =
                    (MouseWheelUnit::Point, TouchPhase::Move, self.modifiers());
                events.push(Event::MouseWheel {
                    unit,
                    delta,
                    phase,
                    source: MouseWheelSource::Wheel,
                    modifiers,
                });
            }
            6 => events.push(Event::Text(
                self.random.one_of(&["a", "8", "x", "@", ",", "/", " ", "数", "→"]).to_owned(),
            )),
            _ => {
                let key = self.random.one_of(Key::ALL);
                let modifiers = self.modifiers();
                for pressed in [true, false] {
                    let physical_key = None;
                    events.push(Event::Key {
                        key,
                        physical_key,
                        pressed,
                        repeat: false,
                        modifiers,
                    });
                }
            }
        }
    }
}

#[test]
fn nothing_that_a_hand_does_breaks_the_window() {
    let mut app =
        App::new(Start::opening(vec!["sample:h200x2-tokenweave".into()]), None, Arc::new(|| {}));
    let ctx = egui::Context::default();
    let boxes = Arc::<Mutex<BTreeSet<char>>>::default();
    let asked = Arc::clone(&boxes);
    ctx.add_font_provider(Arc::new(move |request: &FallbackRequest<'_>| {
        asked.lock().unwrap().extend(request.cluster.chars());
        None
    }));
    let mut hand = Hand { random: Random(SEED), at: Pos2::ZERO, held: None };
    let mut size = vec2(1600.0, 1000.0);
    let mut seen_live = false;
    for frame in 0..ACTIONS / A_FRAME {
        let mut events = Vec::new();
        for _ in 0..A_FRAME {
            hand.act(size, &mut events);
        }
        if hand.random.below(100) == 0 {
            size = hand.random.one_of(&[
                vec2(1024.0, 700.0),
                vec2(1600.0, 1000.0),
                vec2(320.0, 200.0),
            ]);
        }
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            time: Some(f64::from(frame) * 0.016),
            events,
            ..RawInput::default()
        };
        let mut output = ctx.run_ui(input, |ui| {
            app.step(ui.ctx());
            app.draw(ui);
        });
        // Nothing is painted.
        output.textures_delta.clear();
        // Nothing is read from or written to the disk of whoever runs this.
        if matches!(app.state().overlay, Overlay::Path(_)) {
            app.send(Command::Escape);
        }
        let view = app.state().view();
        assert!(
            view.is_none_or(|view| view.window.len_ns() > 0),
            "frame {frame}: an empty window of time"
        );
        seen_live |= app.state().shown == Shown::Live;
    }
    assert!(seen_live, "the live run was never in view");
    // What the program says is legible without any font of the system.
    let boxes = boxes.lock().unwrap();
    assert!(boxes.iter().all(|&letter| letter == FOREIGN), "drawn as boxes: {boxes:?}");
}
