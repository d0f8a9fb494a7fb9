//! A font cut down to the characters of a picture, whole enough for a browser.
//!
//! What PDF needs of a font is less than what a browser checks: the subsetter leaves the tables `cmap` (characters to
//! glyphs) and `OS/2` out. Both are put back here: the one made of what is left, the other as it was.

use std::collections::BTreeMap;

use subsetter::{GlyphRemapper, subset};

use super::face::Face;

/// A TrueType file with the glyphs of `chars`; `None` where the font cannot be cut.
pub(super) fn subset_of(face: Face, chars: impl Iterator<Item = char>) -> Option<Vec<u8>> {
    let mut remapper = GlyphRemapper::new();
    let mut glyphs = BTreeMap::new();
    for chr in chars {
        if let Some(id) = face.glyph(chr) {
            glyphs.insert(chr, remapper.remap(id));
        }
    }
    let cut = subset(face.bytes(), 0, &remapper).ok()?;
    let mut tables = tables(&cut)?;
    let whole = self::tables(face.bytes())?;
    tables.insert(*b"OS/2", whole.get(b"OS/2")?.clone());
    tables.insert(*b"cmap", cmap(&glyphs));
    Some(file(&tables))
}

type Tables = BTreeMap<[u8; 4], Vec<u8>>;

/// The tables of a font file, by name.
fn tables(bytes: &[u8]) -> Option<Tables> {
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize);
    let count = usize::from(u16::from_be_bytes(*bytes.get(4..)?.first_chunk()?));
    let mut tables = Tables::new();
    for row in 0..count {
        let at = 12 + 16 * row;
        let name = *bytes.get(at..)?.first_chunk()?;
        let (start, len) = (number(at + 8)?, number(at + 12)?);
        tables.insert(name, bytes.get(start..start.checked_add(len)?)?.to_vec());
    }
    Some(tables)
}

/// Characters to glyphs: a segment a character for those of the first plane (format 4), a group for all (format 12).
fn cmap(glyphs: &BTreeMap<char, u16>) -> Vec<u8> {
    let low: Vec<(u16, u16)> = glyphs
        .iter()
        .filter_map(|(&chr, &id)| Some((u16::try_from(u32::from(chr)).ok()?, id)))
        .filter(|&(code, _)| code != 0xffff)
        .collect();
    let segments = low.len() as u16 + 1;
    let half_range = 1_u16 << segments.ilog2();
    let mut four: Vec<u16> = vec![4, 16 + 8 * segments, 0, 2 * segments];
    four.extend([2 * half_range, half_range.ilog2() as u16, 2 * (segments - half_range)]);
    four.extend(low.iter().map(|one| one.0).chain([0xffff, 0]));
    four.extend(low.iter().map(|one| one.0).chain([0xffff]));
    four.extend(low.iter().map(|&(code, id)| id.wrapping_sub(code)).chain([1]));
    four.extend(std::iter::repeat_n(0, usize::from(segments)));
    let groups = glyphs.len() as u32;
    let mut twelve: Vec<u32> = vec![12 << 16, 16 + 12 * groups, 0, groups];
    for (&chr, &id) in glyphs {
        twelve.extend([u32::from(chr), u32::from(chr), u32::from(id)]);
    }
    let mut bytes: Vec<u8> = Vec::new();
    // Version 0 and two tables, both of Windows: of the first plane and of all.
    for number in [0, 2, 3, 1, 0, 20, 3, 10, 0, 20 + 2 * four.len() as u16] {
        bytes.extend(number.to_be_bytes());
    }
    bytes.extend(four.iter().flat_map(|number| number.to_be_bytes()));
    bytes.extend(twelve.iter().flat_map(|number| number.to_be_bytes()));
    bytes
}

/// A font file of these tables.
fn file(tables: &Tables) -> Vec<u8> {
    let count = tables.len() as u16;
    let half_range = 1_u16 << count.max(1).ilog2();
    let mut head: Vec<u8> = vec![0, 1, 0, 0];
    for number in [count, 16 * half_range, half_range.ilog2() as u16, 16 * (count - half_range)] {
        head.extend(number.to_be_bytes());
    }
    let mut body: Vec<u8> = Vec::new();
    for (name, table) in tables {
        let start = 12 + 16 * tables.len() + body.len();
        head.extend(name);
        for number in [checksum(table), start as u32, table.len() as u32] {
            head.extend(number.to_be_bytes());
        }
        body.extend(table);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    head.extend(body);
    head
}

/// The sum of a table's words, as the directory has it.
fn checksum(table: &[u8]) -> u32 {
    table.chunks(4).fold(0, |sum: u32, chunk| {
        let mut word = [0; 4];
        word[..chunk.len()].copy_from_slice(chunk);
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}

#[cfg(test)]
mod tests {
    use egui::FontFamily;
    use skrifa::{FontRef, MetadataProvider as _, instance::Size};

    use super::*;

    /// Another reader of fonts finds in the cut one what is in the whole one, as wide, and nothing else.
    #[test]
    fn a_cut_font_has_its_characters_and_no_other() {
        let face = Face::of(&FontFamily::Proportional, 'a');
        let text = "Iteration 2.53 µs – é";
        let cut = subset_of(face, text.chars()).expect("cuts");
        assert!(cut.len() < 12_000, "{} bytes", cut.len());
        let (cut, whole) =
            (FontRef::new(&cut).expect("a font"), FontRef::new(face.bytes()).unwrap());
        let width = |font: &FontRef<'_>, chr: char| {
            let id = font.charmap().map(chr)?;
            let location = skrifa::instance::LocationRef::default();
            font.glyph_metrics(Size::unscaled(), location).advance_width(id)
        };
        for chr in text.chars() {
            let wide = width(&cut, chr);
            assert!(wide.is_some_and(|wide| wide > 0.0), "{chr:?}");
            assert_eq!(wide, width(&whole, chr), "{chr:?}");
        }
        assert_eq!(width(&cut, 'Q'), None);
    }
}
