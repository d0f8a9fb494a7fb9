//! The keys of the timeline itself: smooth ones while held, and single steps.

use egui::{Event, Id, InputState, Key, Ui};

use super::{HeightOf, ViewCommand, ViewState};
use crate::keys::{is_pressed, plain};

/// Doublings of the window a second while a zoom key is held.
const ZOOM_SPEED: f64 = 3.0;
/// Windows a second while a pan key is held.
const PAN_SPEED: f64 = 1.4;
/// Points of rows a second while a scroll key is held.
const SCROLL_SPEED: f32 = 900.0;
/// The least a single press does, whatever the frame rate.
const LEAST_S: f64 = 1.0 / 30.0;

/// Keys that move the view for as long as they are held.
const SMOOTH: [Key; 8] =
    [Key::W, Key::S, Key::A, Key::D, Key::ArrowLeft, Key::ArrowRight, Key::ArrowUp, Key::ArrowDown];

/// The keys of the timeline; silent while a text is being edited.
pub(super) fn keys(ui: &Ui, view: &ViewState, at_ns: i64, most_scroll: f32) -> Vec<ViewCommand> {
    if ui.ctx().egui_wants_keyboard_input() {
        return Vec::new();
    }
    let id = Id::unique("weftscope held keys");
    let mut down = ui.data(|data| data.get_temp::<Held>(id)).unwrap_or_default();
    let (mut commands, moving) = ui.input(|input| {
        let mut commands = held(input, down.update(input), at_ns, (view.scroll_y, most_scroll));
        let moving = !commands.is_empty();
        commands.extend(pressed(input, view));
        (commands, moving)
    });
    ui.data_mut(|data| data.insert_temp(id, down));
    if moving {
        ui.ctx().request_repaint();
    }
    commands.dedup();
    commands
}

/// Which of the [`SMOOTH`] keys are down and went down by themselves: a Ctrl+S whose Ctrl comes up first is no zoom.
#[derive(Clone, Copy, Default)]
struct Held([bool; SMOOTH.len()]);

impl Held {
    /// Follows the presses of a frame; the keys that move the view in it, a press within one frame included.
    fn update(&mut self, input: &InputState) -> [bool; SMOOTH.len()] {
        let mut moves = [false; SMOOTH.len()];
        for (index, &key) in SMOOTH.iter().enumerate() {
            let other = |event: &Event| matches!(event, Event::Key { key: other, pressed: true, .. } if *other == key);
            if is_pressed(input, &plain(key)) {
                self.0[index] = true;
                moves[index] = true;
            } else if input.events.iter().any(other) {
                self.0[index] = false;
            }
            moves[index] |= self.0[index] && input.key_down(key);
            self.0[index] &= input.key_down(key);
        }
        moves
    }
}

fn held(
    input: &InputState,
    moves: [bool; SMOOTH.len()],
    at_ns: i64,
    (scroll_y, most_scroll): (f32, f32),
) -> Vec<ViewCommand> {
    let seconds = f64::from(input.stable_dt).clamp(LEAST_S, 0.1);
    let zoom =
        |sign: f64| ViewCommand::Zoom { factor: (sign * ZOOM_SPEED * seconds).exp2(), at_ns };
    let pan = |sign: f64| ViewCommand::Pan { share: sign * PAN_SPEED * seconds };
    let scroll = |sign: f32| {
        let to = scroll_y + sign * SCROLL_SPEED * seconds as f32;
        ViewCommand::Scroll(to.clamp(0.0, most_scroll.max(0.0)))
    };
    let all = [
        zoom(-1.0),
        zoom(1.0),
        pan(-1.0),
        pan(1.0),
        pan(-1.0),
        pan(1.0),
        scroll(-1.0),
        scroll(1.0),
    ];
    all.into_iter().zip(moves).filter_map(|(command, moves)| moves.then_some(command)).collect()
}

fn pressed(input: &InputState, view: &ViewState) -> Vec<ViewCommand> {
    let table: [(Key, ViewCommand); 13] = [
        (Key::F, ViewCommand::FitSelection),
        (Key::Num0, ViewCommand::Fit),
        (Key::Home, ViewCommand::Fit),
        (Key::Period, ViewCommand::Step(1)),
        (Key::Comma, ViewCommand::Step(-1)),
        (Key::OpenBracket, ViewCommand::Producer),
        (Key::CloseBracket, ViewCommand::Consumer),
        (Key::M, ViewCommand::Mark),
        (Key::X, ViewCommand::Explain),
        (Key::Backspace, ViewCommand::Undo),
        (Key::Escape, ViewCommand::ClearSelection),
        (Key::Minus, ViewCommand::SetRowHeight(HeightOf::Sm, view.heights.sm - 1.0)),
        (Key::Equals, ViewCommand::SetRowHeight(HeightOf::Sm, view.heights.sm + 1.0)),
    ];
    table
        .into_iter()
        .filter(|(key, _)| is_pressed(input, &plain(*key)))
        .map(|(_, command)| command)
        .collect()
}

/// The keys of the timeline and of the pointer over it, with what they do, for the sheet of keys.
pub(crate) const TIMELINE_KEYS: &[(&str, &str)] = &[
    ("W  S", "Zoom in, out at the pointer"),
    ("A  D  ←  →", "Pan left, right"),
    ("↑  ↓", "Scroll the rows"),
    ("Ctrl+wheel", "Zoom at the pointer"),
    ("drag", "Select a range; its ends snap to edges of slices, with Alt they do not"),
    ("Shift+drag", "Pan"),
    ("click", "Select a slice"),
    ("drag an edge", "Of a row's name: rows of its kind higher or lower; double click as at first"),
    ("right click", "On a row's name: pin, hide, move it; on an op: zoom, mark, find, copy"),
    ("F", "Fit the selection, else everything"),
    ("0", "Fit everything"),
    ("Backspace", "Undo the last change of the view"),
    (".  ,", "Next, previous slice on the row"),
    ("[  ]", "Go to a producer, a consumer"),
    ("-  =", "Lower, higher SM rows"),
    ("M", "Mark the selection or the time under the pointer"),
    ("X", "Explain what is selected, in sentences"),
    ("H, right click", "On a number of Why: how it is computed"),
    ("/", "Search"),
    ("Ctrl+Shift+F", "Filter rows by their names"),
    ("Esc", "Clear the selection"),
];
