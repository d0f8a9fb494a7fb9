//! A text whose words of the glossary say what they mean under the pointer.

use std::ops::Range;

use egui::{
    Color32, FontId, Label, Response, Stroke, TextFormat, Ui, WidgetInfo, text::LayoutJob,
    text_selection::LabelSelectionState,
};

use super::glossary::Term;
use crate::theme::Theme;

/// The text on as many lines as it takes, words of the glossary underlined.
pub(super) fn glossed_ui(
    ui: &mut Ui,
    theme: &Theme,
    text: &str,
    (font, ink): (FontId, Color32),
) -> Response {
    let terms = Term::within(text);
    let job = job(theme, text, &terms, (font, ink));
    let (at, galley, response) = Label::new(job).wrap().layout_in_ui(ui);
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Label, true, text));
    let pointer = response.hover_pos();
    let under = pointer.map(|pointer| galley.cursor_from_pos(pointer - at).index.0);
    LabelSelectionState::label_text_selection(ui, &response, at, galley, ink, Stroke::NONE);
    let byte =
        under.map(|index| text.char_indices().nth(index).map_or(text.len(), |(byte, _)| byte));
    let term = byte.and_then(|byte| terms.iter().find(|(range, _)| range.contains(&byte)));
    match term {
        Some((_, term)) => response.on_hover_text_at_pointer(term.tooltip()),
        None => response,
    }
}

fn job(
    theme: &Theme,
    text: &str,
    terms: &[(Range<usize>, Term)],
    (font, ink): (FontId, Color32),
) -> LayoutJob {
    let mut job = LayoutJob::default();
    let plain = TextFormat::simple(font, ink);
    let line = Stroke::new(1.0, theme.surfaces.accent.gamma_multiply(0.7));
    let marked = TextFormat { underline: line, ..plain.clone() };
    let mut from = 0;
    for (range, _) in terms {
        job.append(&text[from..range.start], 0.0, plain.clone());
        job.append(&text[range.clone()], 0.0, marked.clone());
        from = range.end;
    }
    job.append(&text[from..], 0.0, plain);
    job
}
