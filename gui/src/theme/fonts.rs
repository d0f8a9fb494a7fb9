use egui::{FontDefinitions, FontFamily};

/// Egui's fonts. Where a sentence has a character that none of the proportional ones has, as an arrow, the monospaced one writes it:
/// what the program itself says is never a box, whatever fonts a system has.
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    let last = fonts.families.get(&FontFamily::Monospace).and_then(|names| names.first()).cloned();
    let proportional = fonts.families.entry(FontFamily::Proportional).or_default();
    proportional.extend(last);
    fonts
}
