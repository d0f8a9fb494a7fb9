//! What an iteration consists of in two recordings, and why it takes another time.

use egui::{
    Align2, Painter, Rect, Stroke, Ui, pos2,
    text::{LayoutJob, TextWrapping},
};
use weftscope_traces::{
    Meta,
    analysis::{AccountClass, CompareReport, IterationTerms},
    words::signed_duration,
};

use super::{
    axis,
    bars::bar,
    sheet::{Sheet, classes_ui, room},
};
use crate::theme::{Theme, number};

/// Points of a recording's bar with its name, of a cause's row, of what stands between and around.
const BAR_ROW: f32 = 52.0;
const BAR: f32 = 22.0;
const CAUSE: f32 = 22.0;
const SENTENCE: f32 = 22.0;
const REST: f32 = 170.0;
/// Points that a cause's bar takes.
const CAUSE_BAR: f32 = 220.0;
const FIGURES: f32 = 84.0;

/// Points it takes.
pub(super) fn height(report: &CompareReport) -> f32 {
    REST + SENTENCE + 2.0 * BAR_ROW + CAUSE * (report.causes.len() as f32 + 1.0)
}

/// Both, the first one's title beside its report.
pub(super) fn show(
    ui: &mut Ui,
    (meta, report, first): (&Meta, &CompareReport, &str),
    theme: &Theme,
) {
    let ratio =
        report.iteration_ratio.map(|ratio| ("second ÷ first".to_owned(), number::ratio(ratio)));
    let facts = ratio.into_iter().collect();
    let note = "bars are the median iteration, the mean over its ranks".to_owned();
    let sheet = Sheet { meta, what: "Comparison", facts, note };
    let used = |class: &AccountClass| {
        report
            .terms
            .iter()
            .any(|terms| parts(terms).iter().any(|part| part.0 == *class && part.1 > 0.0))
    };
    let classes: Vec<_> = AccountClass::ALL.into_iter().filter(used).collect();
    sheet.show(
        ui,
        theme,
        |ui| classes_ui(ui, theme, &classes),
        |ui| {
            let rect = room(ui);
            paint(ui.painter(), rect, (report, [first, &meta.title]), theme);
        },
    );
}

/// Stretches that add up to the iteration.
fn parts(terms: &IterationTerms) -> [(AccountClass, f64); 5] {
    let hidden = terms.comm_ns - terms.exposed_comm_ns;
    [
        (AccountClass::Compute, terms.compute_ns - hidden),
        (AccountClass::Overlap, hidden),
        (AccountClass::ExposedComm, terms.exposed_comm_ns),
        (AccountClass::ExposedCopies, terms.exposed_copies_ns),
        (AccountClass::Idle, terms.idle_ns),
    ]
}

fn paint(
    painter: &Painter,
    rect: Rect,
    (report, titles): (&CompareReport, [&str; 2]),
    theme: &Theme,
) {
    let s = &theme.surfaces;
    let sentence = painter.layout(report.sentence.clone(), theme.body(), s.strong, rect.width());
    let under = rect.top() + sentence.size().y.max(SENTENCE);
    painter.galley(rect.min, sentence, s.strong);
    let bottom = under + 2.0 * BAR_ROW + 4.0;
    let plot =
        Rect::from_min_max(pos2(rect.left() + 4.0, under), pos2(rect.right() - FIGURES, bottom));
    let longest = report.terms.iter().map(|terms| terms.iteration_ns).fold(1.0, f64::max);
    let range = (0.0, longest * 1.02);
    axis::grid(painter, theme, plot, range);
    for (at, terms) in report.terms.iter().enumerate() {
        let top = under + BAR_ROW * at as f32 + 6.0;
        let order = ["first", "second"][at];
        let title = format!("{order}: {}", titles[at]);
        let galley = painter.layout_no_wrap(title, theme.small(), s.text);
        painter.galley(pos2(plot.left(), top), galley, s.text);
        let bar_rect = Rect::from_x_y_ranges(plot.x_range(), top + 16.0..=top + 16.0 + BAR);
        bar((painter, theme), bar_rect, range.1, &parts(terms));
        let text = number::duration_ns(terms.iteration_ns.round() as i64);
        let right = pos2(rect.right(), bar_rect.center().y);
        painter.text(right, Align2::RIGHT_CENTER, text, theme.mono(), s.strong);
    }
    let label = |ns: f64, _: f64| number::duration_ns(ns.round() as i64);
    axis::across((painter, theme), plot, range, label);
    let causes = Rect::from_min_max(pos2(rect.left() + 4.0, bottom + axis::HEIGHT + 8.0), rect.max);
    paint_causes(painter, causes, report, theme);
}

/// A bar a cause, from a middle: to the right what takes longer.
fn paint_causes(painter: &Painter, rect: Rect, report: &CompareReport, theme: &Theme) {
    let s = &theme.surfaces;
    if report.causes.is_empty() {
        return;
    }
    let head = pos2(rect.left(), rect.top() + CAUSE / 2.0);
    let text = "what changes the iteration; to the right: takes longer";
    painter.text(head, Align2::LEFT_CENTER, text, theme.small(), s.weak);
    let most = report.causes.iter().map(|cause| cause.change_ns.abs()).fold(1.0, f64::max);
    let middle = rect.left() + CAUSE_BAR / 2.0;
    for (at, cause) in report.causes.iter().enumerate() {
        let y = rect.top() + CAUSE * (at as f32 + 1.0);
        let end = middle + CAUSE_BAR / 2.0 * (cause.change_ns / most) as f32;
        let bar = Rect::from_two_pos(pos2(middle, y + 4.0), pos2(end, y + CAUSE - 4.0));
        let fill = if cause.change_ns > 0.0 { s.error } else { s.accent };
        painter.rect_filled(bar, 0.0, fill);
        let centre = y + CAUSE / 2.0;
        let value = pos2(rect.left() + CAUSE_BAR + 84.0, centre);
        let text = signed_duration(cause.change_ns);
        painter.text(value, Align2::RIGHT_CENTER, text, theme.mono(), s.strong);
        let left = rect.left() + CAUSE_BAR + 96.0;
        let mut words = LayoutJob::simple_singleline(cause.in_words(), theme.small(), s.text);
        words.wrap = TextWrapping::truncate_at_width(rect.right() - left);
        let words = painter.layout_job(words);
        painter.galley(pos2(left, centre - words.size().y / 2.0), words, s.text);
    }
    let lines = rect.top() + CAUSE..=rect.top() + CAUSE * (report.causes.len() as f32 + 1.0);
    painter.vline(middle, lines, Stroke::new(1.0, s.weak));
}
