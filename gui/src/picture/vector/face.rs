//! The fonts of the program, as files: which of them has a character, and where.

use std::sync::LazyLock;

use egui::FontFamily;
use skrifa::{FontRef, MetadataProvider as _};

use crate::theme::fonts;

/// A font that comes with the program, by its place among all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Face(usize);

/// One of them.
struct FaceFile {
    name: String,
    bytes: Vec<u8>,
}

/// All of them, and which stand for a family, the first that has a character first.
struct Faces {
    files: Vec<FaceFile>,
    proportional: Vec<Face>,
    monospace: Vec<Face>,
}

/// Those that come with the program; what a system has is not asked, so that a picture is the same everywhere.
static FACES: LazyLock<Faces> = LazyLock::new(|| {
    let definitions = fonts();
    let files: Vec<FaceFile> = definitions
        .font_data
        .iter()
        .map(|(name, data)| FaceFile { name: name.clone(), bytes: data.bytes().to_vec() })
        .collect();
    let of = |family: FontFamily| -> Vec<Face> {
        let names = definitions.families.get(&family).cloned().unwrap_or_default();
        let place = |name: &String| files.iter().position(|file| file.name == *name).map(Face);
        names.iter().filter_map(place).collect()
    };
    let (proportional, monospace) = (of(FontFamily::Proportional), of(FontFamily::Monospace));
    Faces { files, proportional, monospace }
});

impl Face {
    /// The font that writes a character in a family: the first that has it, else the family's first.
    pub(super) fn of(family: &FontFamily, chr: char) -> Self {
        let faces = &*FACES;
        let chain = match family {
            FontFamily::Monospace => &faces.monospace,
            _ => &faces.proportional,
        };
        let has = |face: &&Self| face.glyph(chr).is_some();
        chain.iter().find(has).or_else(|| chain.first()).copied().unwrap_or(Self(0))
    }

    /// Its name, for files that name fonts.
    pub(super) fn name(self) -> &'static str {
        FACES.files.get(self.0).map_or("sans-serif", |file| file.name.as_str())
    }

    /// Its number among all.
    pub(super) fn index(self) -> usize {
        self.0
    }

    /// What stands in for it where it is not to be had.
    pub(super) fn generic(self) -> &'static str {
        if FACES.monospace.first() == Some(&self) { "monospace" } else { "sans-serif" }
    }

    /// The whole file.
    pub(super) fn bytes(self) -> &'static [u8] {
        FACES.files.get(self.0).map_or(&[], |file| file.bytes.as_slice())
    }

    /// The glyph of a character, by its number in the file; `None` where it has none.
    pub(super) fn glyph(self, chr: char) -> Option<u16> {
        let font = FontRef::new(self.bytes()).ok()?;
        let id = font.charmap().map(chr)?.to_u32();
        u16::try_from(id).ok().filter(|&id| id != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What figures write is in the fonts that come with the program, in both families.
    #[test]
    fn every_sign_of_a_figure_has_a_glyph() {
        for chr in "µs ms × · – ≈ ± → −0123456789 % “” é".chars() {
            for family in [FontFamily::Proportional, FontFamily::Monospace] {
                let face = Face::of(&family, chr);
                assert!(face.glyph(chr).is_some(), "{chr:?} in {family:?}: {}", face.name());
            }
        }
        assert_eq!(Face::of(&FontFamily::Proportional, 'a').name(), "Ubuntu-Light");
        assert_eq!(Face::of(&FontFamily::Monospace, 'a').name(), "Hack");
    }
}
