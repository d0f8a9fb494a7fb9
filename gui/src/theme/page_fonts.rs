//! The fonts of the page: egui's, in which `gui/web/build.sh` leaves the characters of Europe, and symbols.

use std::sync::Arc;

use egui::{FontData, FontDefinitions, FontFamily, FontTweak};

/// Name and content, as `build.rs` found them.
const FONTS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/fonts.rs"));

/// Egui's fonts in the order of `fonts.rs`: the monospaced one writes what no proportional one has.
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for &(name, bytes) in FONTS {
        let scale = if name == "egui-icons" { 0.9 } else { 1.0 };
        let data = FontData::from_static(bytes).tweak(FontTweak { scale, ..FontTweak::default() });
        fonts.font_data.insert(name.to_owned(), Arc::new(data));
    }
    let family = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let families = &mut fonts.families;
    families.insert(FontFamily::Proportional, family(&["Ubuntu-Light", "egui-icons", "Hack"]));
    families.insert(FontFamily::Monospace, family(&["Hack", "Ubuntu-Light", "egui-icons"]));
    fonts
}
