//! Keys of a lesson: Enter does what the highlighted button does, digits choose. A field that is typed into, or a widget that
//! has the focus, comes first.

use egui::{Key, Ui};

use crate::{
    app::Overlay,
    keys::{plain, take},
    panels::widgets::Cx,
};

/// Digits, in the order of choices.
const DIGITS: [Key; 9] = [
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
    Key::Num9,
];

/// Enter was pressed and belongs to nothing else.
pub(super) fn enter(ui: &Ui, cx: &Cx<'_>) -> bool {
    is_ours(ui, cx)
        && ui.memory(egui::Memory::focused).is_none()
        && ui.ctx().input_mut(|input| take(input, &plain(Key::Enter)))
}

/// The choice whose digit was pressed, of `count`.
pub(super) fn digit(ui: &Ui, cx: &Cx<'_>, count: usize) -> Option<usize> {
    if !is_ours(ui, cx) {
        return None;
    }
    ui.ctx().input_mut(|input| DIGITS.iter().take(count).position(|key| take(input, &plain(*key))))
}

fn is_ours(ui: &Ui, cx: &Cx<'_>) -> bool {
    cx.state.overlay == Overlay::None
        && !cx.state.searching
        && !ui.ctx().egui_wants_keyboard_input()
}
