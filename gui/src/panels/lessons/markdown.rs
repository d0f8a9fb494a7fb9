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
    for event in Parser::new(text) {
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
}
