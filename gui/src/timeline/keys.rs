use egui::{InputState, Key, Modifiers, Ui};

use super::{ViewCommand, ViewState};

/// Doublings of the window a second while a zoom key is held.
const ZOOM_SPEED: f64 = 3.0;
/// Windows a second while a pan key is held.
const PAN_SPEED: f64 = 1.4;
/// The least a single press does, whatever the frame rate.
const LEAST_S: f64 = 1.0 / 30.0;

/// The keys of the timeline; silent while a text is being edited.
pub(super) fn keys(ui: &Ui, view: &ViewState, at_ns: i64) -> Vec<ViewCommand> {
    if ui.ctx().egui_wants_keyboard_input() {
        return Vec::new();
    }
    let (mut commands, held) = ui.input(|input| {
        if input.modifiers.command || input.modifiers.alt || input.modifiers.ctrl {
            return (Vec::new(), false);
        }
        let mut commands = held(input, at_ns);
        let moving = !commands.is_empty();
        commands.extend(pressed(input, view));
        (commands, moving)
    });
    if held {
        ui.ctx().request_repaint();
    }
    commands.dedup();
    commands
}

/// W A S D: smooth while held.
fn held(input: &InputState, at_ns: i64) -> Vec<ViewCommand> {
    let seconds = f64::from(input.stable_dt).clamp(LEAST_S, 0.1);
    let down = |key| input.key_down(key) || input.key_pressed(key);
    let mut commands = Vec::new();
    for (key, sign) in [(Key::W, -1.0), (Key::S, 1.0)] {
        if down(key) {
            let factor = (sign * ZOOM_SPEED * seconds).exp2();
            commands.push(ViewCommand::Zoom { factor, at_ns });
        }
    }
    for (key, sign) in [(Key::A, -1.0), (Key::D, 1.0)] {
        if down(key) {
            commands.push(ViewCommand::Pan { share: sign * PAN_SPEED * seconds });
        }
    }
    commands
}

fn pressed(input: &InputState, view: &ViewState) -> Vec<ViewCommand> {
    let table: [(Key, ViewCommand); 12] = [
        (Key::F, ViewCommand::FitSelection),
        (Key::Num0, ViewCommand::Fit),
        (Key::Home, ViewCommand::Fit),
        (Key::Period, ViewCommand::Step(1)),
        (Key::Comma, ViewCommand::Step(-1)),
        (Key::OpenBracket, ViewCommand::Producer),
        (Key::CloseBracket, ViewCommand::Consumer),
        (Key::M, ViewCommand::Mark),
        (Key::Backspace, ViewCommand::Back),
        (Key::Escape, ViewCommand::ClearSelection),
        (Key::Minus, ViewCommand::SetRowHeight(view.sm_row_height - 1.0)),
        (Key::Equals, ViewCommand::SetRowHeight(view.sm_row_height + 1.0)),
    ];
    table
        .into_iter()
        .filter(|(key, _)| input.key_pressed(*key) && !input.modifiers.contains(Modifiers::SHIFT))
        .map(|(_, command)| command)
        .collect()
}

/// The keys of the timeline and of the pointer over it, with what they do, for the sheet of keys.
pub(crate) const TIMELINE_KEYS: &[(&str, &str)] = &[
    ("W  S", "Zoom in, out at the pointer"),
    ("A  D", "Pan left, right"),
    ("Ctrl+wheel", "Zoom at the pointer"),
    ("drag", "Select a range"),
    ("Shift+drag", "Pan"),
    ("click", "Select a slice"),
    ("F", "Fit the selection, else everything"),
    ("0", "Fit everything"),
    ("Backspace", "Back to the view before"),
    (".  ,", "Next, previous slice on the row"),
    ("[  ]", "Go to a producer, a consumer"),
    ("-  =", "Lower, higher SM rows"),
    ("M", "Mark the interval"),
    ("/", "Search"),
    ("Esc", "Clear the selection"),
];
