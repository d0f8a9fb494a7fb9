//! The little Markdown that texts of lessons need: paragraphs, lists, strong and emphasised words, code.

use egui::{Color32, FontId, Label, TextFormat, Ui, text::LayoutJob};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use crate::theme::{Theme, size};

/// A paragraph, or an entry of a list.
#[derive(Default)]
struct Block {
    pieces: Vec<Piece>,
    mark: String,
}

struct Piece {
    text: String,
    style: Style,
}

#[derive(Clone, Copy, Default)]
struct Style {
    is_strong: bool,
    is_emphasised: bool,
    is_code: bool,
}

/// Draws a text.
pub(super) fn markdown_ui(ui: &mut Ui, theme: &Theme, text: &str, ink: Color32) {
    for block in blocks(text) {
        if block.mark.is_empty() {
            ui.add(Label::new(job(&block, theme, ink)).wrap());
        } else {
            ui.horizontal_top(|ui| {
                ui.label(egui::RichText::new(&block.mark).color(ink));
                ui.add(Label::new(job(&block, theme, ink)).wrap());
            });
        }
        ui.add_space(size::GRID / 2.0);
    }
}

fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut style) = (Vec::<Block>::new(), Style::default());
    // Numbers of the lists around; a list without numbers has none.
    let mut lists: Vec<Option<u64>> = Vec::new();
    let add = |blocks: &mut Vec<Block>, text: &str, style: Style| {
        if let Some(block) = blocks.last_mut() {
            block.pieces.push(Piece { text: text.to_owned(), style });
        }
    };
    for event in Parser::new(&unbroken(text)) {
        match event {
            Event::Start(Tag::List(first)) => lists.push(first),
            Event::End(TagEnd::List(_)) => {
                lists.pop();
            }
            Event::Start(Tag::Item) => {
                let mark = match lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}.", *number - 1)
                    }
                    _ => "•".to_owned(),
                };
                blocks.push(Block { mark, ..Block::default() });
            }
            // The paragraph of an entry is the entry.
            Event::Start(Tag::Paragraph) => {
                let is_entry = blocks.last().is_some_and(|it| it.pieces.is_empty());
                if !is_entry || lists.is_empty() {
                    blocks.push(Block::default());
                }
            }
            Event::Start(Tag::Strong) => style.is_strong = true,
            Event::End(TagEnd::Strong) => style.is_strong = false,
            Event::Start(Tag::Emphasis) => style.is_emphasised = true,
            Event::End(TagEnd::Emphasis) => style.is_emphasised = false,
            Event::Text(text) => add(&mut blocks, &text, style),
            Event::Code(text) => add(&mut blocks, &text, Style { is_code: true, ..style }),
            Event::SoftBreak => add(&mut blocks, " ", style),
            Event::HardBreak => add(&mut blocks, "\n", style),
            _ => {}
        }
    }
    blocks
}

/// The text with no line to end within a number: a space before three digits that go on one is a no-break space, the only
/// one that egui does not break at.
fn unbroken(text: &str) -> String {
    let is_digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    let mut out = String::with_capacity(text.len());
    for (at, it) in text.char_indices() {
        let mut behind = text[at + it.len_utf8()..].chars();
        let joins = matches!(it, ' ' | '\u{2009}')
            && is_digit(out.chars().next_back())
            && (0..3).all(|_| is_digit(behind.next()))
            && !is_digit(behind.next());
        out.push(if joins { '\u{a0}' } else { it });
    }
    out
}

fn job(block: &Block, theme: &Theme, ink: Color32) -> LayoutJob {
    let mut job = LayoutJob::default();
    for Piece { text, style } in &block.pieces {
        let font: FontId = if style.is_code { theme.mono() } else { theme.body() };
        let color = if style.is_strong { theme.surfaces.strong } else { ink };
        let mut format = TextFormat { font_id: font, color, ..TextFormat::default() };
        format.italics = style.is_emphasised;
        // The fonts of the program have one weight: what is strong is underlined by light.
        if style.is_strong {
            format.underline = egui::Stroke::new(1.0, theme.surfaces.hairline);
        }
        job.append(text, 0.0, format);
    }
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_and_lists_are_blocks() {
        let blocks = blocks("One **two**\nthree `four`.\n\n1. first\n2. second\n\n- point");
        let texts: Vec<(String, String)> = blocks
            .iter()
            .map(|block| {
                let text = block.pieces.iter().map(|piece| piece.text.as_str()).collect();
                (block.mark.clone(), text)
            })
            .collect();
        let expected =
            [("", "One two three four."), ("1.", "first"), ("2.", "second"), ("•", "point")];
        let expected: Vec<_> =
            expected.map(|(mark, text)| (mark.to_owned(), text.to_owned())).into();
        assert_eq!(texts, expected);
        assert!(blocks[0].pieces[1].style.is_strong && blocks[0].pieces[4].style.is_code);
    }

    #[test]
    fn numbers_are_not_broken() {
        let text = "1 to 8 192, at 1 2345 or 1\u{2009}048\u{2009}576 of 128 4";
        let expected = "1 to 8\u{a0}192, at 1 2345 or 1\u{a0}048\u{a0}576 of 128 4";
        assert_eq!(unbroken(text), expected);
    }
}
