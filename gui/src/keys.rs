//! Key presses by the modifiers they came with.
//!
//! egui's own questions look at the modifiers at the end of the frame, where Ctrl may be up again, and take extra
//! Shift and Alt for nothing, so that Ctrl+Shift+E would be Ctrl+E.

use egui::{Event, InputState, Key, KeyboardShortcut, Modifiers};

/// Keys that some layouts reach only through Shift: for them Shift says nothing.
const SHIFTED: [Key; 9] = [
    Key::Questionmark,
    Key::Exclamationmark,
    Key::Slash,
    Key::Plus,
    Key::Equals,
    Key::Colon,
    Key::OpenBracket,
    Key::CloseBracket,
    Key::Pipe,
];

/// Was exactly this pressed this frame? Repeats of a held key count.
pub(crate) fn is_pressed(input: &InputState, shortcut: &KeyboardShortcut) -> bool {
    input.events.iter().any(|event| is_press_of(event, shortcut))
}

/// The same; the press is used up, so that nothing else answers to it.
pub(crate) fn take(input: &mut InputState, shortcut: &KeyboardShortcut) -> bool {
    let before = input.events.len();
    input.events.retain(|event| !is_press_of(event, shortcut));
    input.events.len() < before
}

/// Is this event a press of this key with exactly these modifiers?
fn is_press_of(event: &Event, shortcut: &KeyboardShortcut) -> bool {
    let Event::Key { key, modifiers, pressed: true, .. } = event else { return false };
    let mut modifiers = *modifiers;
    if SHIFTED.contains(key) {
        modifiers.shift = shortcut.modifiers.shift;
    }
    *key == shortcut.logical_key && modifiers.matches_exact(shortcut.modifiers)
}

/// A key with nothing held.
pub(crate) const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// Keys as they are written on a keyboard: `Ctrl+P`, `?`.
pub(crate) fn in_words(ctx: &egui::Context, keys: &KeyboardShortcut) -> String {
    let text = ctx.format_shortcut(keys);
    let (name, sign) = (keys.logical_key.name(), keys.logical_key.symbol_or_name());
    match text.strip_suffix(name) {
        Some(held) if sign.is_ascii() => format!("{held}{sign}"),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: Key, modifiers: Modifiers) -> Event {
        Event::Key { key, physical_key: None, pressed: true, repeat: false, modifiers }
    }

    #[test]
    fn shift_is_told_apart() {
        let (ctrl, both) = (Modifiers::COMMAND, Modifiers::COMMAND | Modifiers::SHIFT);
        let ctrl_e = KeyboardShortcut::new(ctrl, Key::E);
        assert!(is_press_of(&press(Key::E, ctrl), &ctrl_e));
        assert!(is_press_of(&press(Key::E, Modifiers::CTRL | ctrl), &ctrl_e));
        assert!(!is_press_of(&press(Key::E, both), &ctrl_e));
        assert!(!is_press_of(&press(Key::E, Modifiers::NONE), &ctrl_e));
        let ctrl_shift_e = KeyboardShortcut::new(both, Key::E);
        assert!(is_press_of(&press(Key::E, both), &ctrl_shift_e));
        assert!(!is_press_of(&press(Key::E, ctrl), &ctrl_shift_e));
    }

    #[test]
    fn a_question_mark_is_one_with_and_without_shift() {
        let mark = plain(Key::Questionmark);
        assert!(is_press_of(&press(Key::Questionmark, Modifiers::SHIFT), &mark));
        assert!(is_press_of(&press(Key::Questionmark, Modifiers::NONE), &mark));
        assert!(!is_press_of(&press(Key::Questionmark, Modifiers::COMMAND), &mark));
    }

    #[test]
    fn keys_are_written_as_keyboards_have_them() {
        let ctx = egui::Context::default();
        let of = |modifiers, key| in_words(&ctx, &KeyboardShortcut::new(modifiers, key));
        assert_eq!(of(Modifiers::NONE, Key::Questionmark), "?");
        assert_eq!(of(Modifiers::ALT, Key::ArrowLeft), "Alt+Left");
        assert_eq!(of(Modifiers::NONE, Key::F1), "F1");
    }
}
