//! Computation, communication and slack by phase.

use egui::{Align2, Painter, Rect, Ui, pos2};
use weftscope_traces::{
    Meta,
    analysis::{AccountClass, PhaseReport, PhaseSummary},
};

use super::{
    axis,
    bars::bar,
    sheet::{Sheet, caption_ui, class_ui, classes_ui, room},
};
use crate::theme::{Theme, number};

/// Points of a phase's row, and of a bar in it.
const ROW: f32 = 54.0;
const BAR: f32 = 15.0;
/// Points that names take on the left, and slack on the right.
const NAMES: f32 = 56.0;
const SLACK: f32 = 132.0;
const REST: f32 = 150.0;

/// Points it takes.
pub(super) fn height(report: &PhaseReport) -> f32 {
    REST + ROW * report.summary.len() as f32
}

/// Points under which the words beside bars would lie on one another.
pub(super) fn least_height(report: &PhaseReport) -> f32 {
    REST + 0.6 * ROW * report.summary.len() as f32
}

pub(super) fn show(ui: &mut Ui, (meta, report): (&Meta, &PhaseReport), theme: &Theme) {
    let tightest = report.tightest.map(|phase| ("tightest".to_owned(), phase.name().to_owned()));
    let note = "bars are medians of layers and ranks, slack is end of computation less end of communication";
    let facts = tightest.into_iter().collect();
    let sheet = Sheet { meta, what: "Phases", facts, note: note.to_owned() };
    let legend = |ui: &mut Ui| {
        caption_ui(ui, theme, "upper bar: ");
        class_ui(ui, theme, AccountClass::Compute, "computation");
        caption_ui(ui, theme, "lower bar: ");
        classes_ui(ui, theme, &[AccountClass::Overlap, AccountClass::ExposedComm]);
    };
    sheet.show(ui, theme, legend, |ui| {
        let rect = room(ui);
        paint(ui.painter(), rect, report, theme);
    });
}

fn paint(painter: &Painter, rect: Rect, report: &PhaseReport, theme: &Theme) {
    let s = &theme.surfaces;
    let head = 16.0;
    let plot = Rect::from_min_max(
        pos2(rect.left() + NAMES, rect.top() + head),
        pos2(rect.right() - SLACK, rect.bottom() - axis::HEIGHT),
    );
    let longest = report.summary.iter().map(|row| row.median_compute_ns.max(row.median_comm_ns));
    let longest = longest.max().unwrap_or(1).max(1) as f64;
    let range = (0.0, longest * 1.12);
    axis::grid(painter, theme, plot, range);
    let above = pos2(rect.right(), rect.top() + head / 2.0);
    painter.text(above, Align2::RIGHT_CENTER, "slack, median", theme.small(), s.weak);
    let each = plot.height() / report.summary.len() as f32;
    for (at, row) in report.summary.iter().enumerate() {
        let middle = plot.top() + each * (at as f32 + 0.5);
        let is_tight = report.tightest == Some(row.phase);
        let ink = if is_tight { s.strong } else { s.text };
        let name = pos2(rect.left(), middle);
        painter.text(name, Align2::LEFT_CENTER, row.phase.name(), theme.body(), ink);
        let thick = BAR.min(each * 0.36);
        let bars = [(middle - thick - 1.0, computation(row)), (middle + 1.0, communication(row))];
        for (top, (parts, ns)) in bars {
            let bar_rect = Rect::from_x_y_ranges(plot.x_range(), top..=top + thick);
            bar((painter, theme), bar_rect, range.1, &parts);
            let x = plot.left() + plot.width() * (ns as f64 / range.1) as f32 + 6.0;
            let text = if ns > 0 { number::duration_ns(ns) } else { "none".to_owned() };
            painter.text(
                pos2(x, top + thick / 2.0),
                Align2::LEFT_CENTER,
                text,
                theme.small(),
                s.text,
            );
        }
        let slack = row.median_slack_ns.map_or_else(|| "–".to_owned(), number::duration_ns);
        let colour = if row.median_slack_ns.is_some_and(|ns| ns < 0) { s.error } else { ink };
        painter.text(pos2(rect.right(), middle), Align2::RIGHT_CENTER, slack, theme.mono(), colour);
    }
    let label = |ns: f64, _: f64| number::duration_ns(ns.round() as i64);
    axis::across((painter, theme), plot, range, label);
}

type Parts = (Vec<(AccountClass, f64)>, i64);

fn computation(row: &PhaseSummary) -> Parts {
    let ns = row.median_compute_ns;
    (vec![(AccountClass::Compute, ns as f64)], ns)
}

/// The median, parted as all communication of the phase is.
fn communication(row: &PhaseSummary) -> Parts {
    let ns = row.median_comm_ns;
    let hidden = row.sum.hidden_ns as f64 / row.sum.comm_ns.max(1) as f64 * ns as f64;
    (vec![(AccountClass::Overlap, hidden), (AccountClass::ExposedComm, ns as f64 - hidden)], ns)
}
